"""What a view returns becomes JSON."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from tests.unit.api import probes

from turnout.api.answers import dumps


@pytest.fixture
def application(workshop, database):
    return workshop.application(database, probes.includeme)


def test_moments_are_utc_amounts_text_and_sets_lists():
    value = {
        "at": datetime(2027, 5, 1, 19, 30, tzinfo=UTC),
        "born": date(2000, 2, 29),
        "price": Decimal("150.00"),
        "scopes": frozenset({"b", "a"}),
    }
    assert json.loads(dumps(value)) == {
        "at": "2027-05-01T19:30:00Z",
        "born": "2000-02-29",
        "price": "150.00",
        "scopes": ["a", "b"],
    }
    elsewhere = datetime(2027, 5, 1, 19, 30, tzinfo=timezone(timedelta(hours=2)))
    assert json.loads(dumps(elsewhere)) == "2027-05-01T19:30:00+02:00"


def test_what_json_cannot_say_is_an_error():
    with pytest.raises(TypeError):
        dumps(object())


def test_what_was_made_has_an_address(api):
    response = api.post("/probe-pools", {"how": "x"}, status=201)
    assert response.headers["Location"] == f"http://localhost/api/v1/probes/{response.json['id']}"
    assert api.get(response.headers["Location"].removeprefix("http://localhost")).json == response.json


def test_nothing_to_say_is_204(api):
    response = api.delete("/probe-pools", status=204)
    assert response.body == b""
    assert "Content-Type" not in response.headers


def test_what_may_be_kept_is_confirmed_by_an_etag_of_its_text(api):
    first = api.get("/probe-kept")
    assert first.headers["Cache-Control"] == "public, max-age=3"
    seen = {"If-None-Match": first.headers["ETag"]}
    again = api.get("/probe-kept", status=304, headers=seen)
    assert again.body == b""
    assert (again.headers["ETag"], again.headers["Cache-Control"]) == (first.headers["ETag"], "public, max-age=3")
    assert first.headers["Vary"] == again.headers["Vary"] == "Authorization, Cookie"
    assert api.get("/probe-kept?number=2", headers=seen, status=200).headers["ETag"] != first.headers["ETag"]


def test_what_is_shown_to_somebody_is_theirs_alone(api, make):
    answer = api.as_(make.user()).get("/probe-kept")
    assert answer.headers["Cache-Control"] == "private, no-cache"
    api.as_(make.user()).get("/probe-kept", status=304, headers={"If-None-Match": answer.headers["ETag"]})
