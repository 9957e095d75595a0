"""Everything that goes wrong is a problem document, and says nothing of the inside."""

import json

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs
from tests.unit.api import probes

from turnout.pools.models import Pool


@pytest.fixture
def application(workshop, database):
    return workshop.application(database, probes.includeme)


def check(response, code):
    assert response.content_type == "application/problem+json"
    document = response.json
    assert document["code"] == code
    assert document["status"] == response.status_int
    assert document["type"] == "urn:turnout:problem:" + code.replace("_", "-")
    assert document["title"]
    assert document["detail"]
    assert document["request_id"] == response.headers["X-Request-ID"]
    assert response.headers["Cache-Control"] == "no-store"
    return document


@pytest.mark.parametrize(
    "path", ["/nowhere", "http://localhost/", "http://localhost/nowhere", "/probes/x", "/probes/1/2"]
)
def test_there_is_nothing_at_this_address(api, path):
    if path == "http://localhost/":
        assert api.get(path).headers["Location"].endswith("/api/v1/docs")
    else:
        check(api.get(path, status=404), "not_found")


def test_ids_that_no_row_can_have_are_not_found(api):
    check(api.get("/probes/" + "9" * 16, status=404), "not_found")


def test_a_method_that_is_not_possible_names_those_that_are(api):
    response = api.delete("/probes/1", status=405)
    check(response, "method_not_allowed")
    assert {"GET", "PUT"} <= set(response.headers["Allow"].replace(" ", "").split(","))
    assert "DELETE" not in response.headers["Allow"]


@pytest.mark.parametrize("accept", ["text/html", "image/*", "application/json;q=0"])
def test_answers_are_json(api, accept):
    check(api.get("/probes/1", status=406, headers={"Accept": accept}), "not_acceptable")


@pytest.mark.parametrize("accept", ["*/*", "application/*", "application/json", "text/html, */*;q=0.1", "nonsense"])
def test_whoever_takes_json_gets_it(api, accept):
    assert api.get("/probes/1", headers={"Accept": accept}).content_type == "application/json"


def test_nobody_is_signed_in(api):
    response = api.get("/users/me", status=401)
    check(response, "unauthenticated")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_role_does_not_suffice(api, make):
    document = check(api.as_(make.user()).get("/users", status=403), "forbidden")
    assert "users:list" in document["detail"]


def test_a_path_is_utf_8(api):
    response = api.browser.get("/api/v1/probes/%ff", expect_errors=True)
    assert response.status_int in {400, 404}
    assert response.content_type == "application/problem+json"


def test_a_rule_that_refuses_says_more_for_programs(api):
    document = check(api.post("/probe-failures", {"how": "conflict"}, status=409), "conflict")
    assert (document["detail"], document["seats_available"]) == ("Not now.", 0)


def test_what_is_invalid_is_named(api):
    document = check(api.post("/probe-failures", {"how": "invalid"}, status=400), "validation_failed")
    assert document["errors"] == [{"field": "how", "message": "is never right"}]


@pytest.mark.parametrize("how", ["error", "sql", "commit"])
def test_what_nobody_foresaw_says_nothing_of_the_inside(api, session, how):
    with capture_logs() as logs:
        response = api.post("/probe-failures", {"how": how}, status=500, headers={"X-Request-ID": "told-by-proxy"})
    document = check(response, "internal_error")
    assert document["request_id"] == "told-by-proxy"
    for word in ("inside", "SELECT", "password_hash", "Traceback", "RuntimeError", "nowhere"):
        assert word not in json.dumps(document).replace("internal", "")
    assert [entry["event"] for entry in logs] == ["unexpected error"]
    assert session.scalar(select(func.count(Pool.id))) == 0


def test_too_much_at_once_may_be_tried_again(api, session):
    with capture_logs() as logs:
        response = api.post("/probe-failures", {"how": "pool"}, status=503)
    check(response, "busy")
    assert response.headers["Retry-After"] == "1"
    assert [entry["event"] for entry in logs] == ["busy"]
    assert session.scalar(select(func.count(Pool.id))) == 0


@pytest.mark.parametrize("how", ["conflict", "invalid"])
def test_a_refusal_changes_nothing(api, session, how):
    api.post("/probe-failures", {"how": how}, status=409 if how == "conflict" else 400)
    assert session.scalar(select(func.count(Pool.id))) == 0
    api.post("/probe-failures", {"how": "nothing"})
    assert session.scalar(select(func.count(Pool.id))) == 1
