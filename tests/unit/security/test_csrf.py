"""What a browser sends by itself proves nothing."""

import pytest
from pyramid.request import Request

from turnout.security.csrf import needs_check

SESSION = "turnout_session=1"
BODY = {"refresh_token": "x"}


def test_a_browser_session_needs_the_token(api):
    response = api.post("/auth/refresh", BODY, status=400, headers={"Cookie": SESSION})
    assert response.content_type == "application/problem+json"
    assert response.json["code"] == "csrf_failed"


@pytest.mark.parametrize("sent", ["other", "", "t0ken "])
def test_a_wrong_token_does_not_do(api, sent):
    headers = {"Cookie": f"{SESSION}; turnout_csrf=t0ken", "X-CSRF-Token": sent}
    assert api.post("/auth/refresh", BODY, status=400, headers=headers).json["code"] == "csrf_failed"


def test_the_right_token_does(api):
    headers = {"Cookie": f"{SESSION}; turnout_csrf=t0ken", "X-CSRF-Token": "t0ken"}
    assert api.post("/auth/refresh", BODY, status=401, headers=headers).json["code"] == "invalid_token"


def test_a_token_in_the_address_does_not_do(api):
    headers = {"Cookie": f"{SESSION}; turnout_csrf=t0ken"}
    response = api.post("/auth/refresh?csrf_token=t0ken", BODY, status=400, headers=headers)
    assert response.json["code"] == "csrf_failed"


def test_token_clients_need_none(api, make):
    client = api.as_(make.user())
    client.patch("/users/me", {"bio": "x"}, headers={"Cookie": SESSION})
    api.post("/auth/refresh", BODY, status=401)


def test_reading_needs_none(api):
    api.get("", headers={"Cookie": SESSION})


@pytest.mark.parametrize("path", ["/admin", "/admin/", "/admin/sign-out", "/admin/sign-in/"])
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}, {"Cookie": "turnout_csrf=t0ken"}])
def test_below_admin_everything_that_writes_needs_the_token(path, headers):
    assert needs_check(Request.blank(path, headers=headers))


@pytest.mark.parametrize("path", ["/", "/administrator", "/api/v1/admin", "/api/v1/auth/login", "//admin"])
def test_and_nowhere_else_without_a_session(path):
    assert not needs_check(Request.blank(path))


def test_a_file_is_no_token(api):
    api.browser.set_cookie("turnout_session", "1")
    answer = api.browser.post(
        "/api/v1/auth/refresh", upload_files=[("csrf_token", "t", b"t")], status=400, expect_errors=True
    )
    assert answer.json["code"] == "csrf_failed"
