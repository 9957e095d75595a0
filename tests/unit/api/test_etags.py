"""Versions over HTTP: 304 for who has it already, 412 for who has not seen it."""

import pytest
from tests.unit.api import probes


@pytest.fixture
def application(workshop, database):
    return workshop.application(database, probes.includeme)


def test_who_has_it_already_is_told_so(api):
    first = api.get("/probes/1")
    tag = first.headers["ETag"]
    assert tag.startswith('"7-')
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = api.get("/probes/1", status=304, headers={"If-None-Match": known})
        assert again.body == b""
        assert again.headers["ETag"] == tag
    api.get("/probes/1", status=200, headers={"If-None-Match": '"6-00000000"'})
    assert api.get("/probes/2").headers["ETag"] != tag


@pytest.mark.parametrize("expected", ['"7-12345678"', '"6-00000000", "7-12345678"', 'W/"7-12345678"', "*"])
def test_who_has_seen_this_version_may_change_it(api, expected):
    assert api.put("/probes/1", headers={"If-Match": expected}).headers["ETag"].startswith('"8-')


@pytest.mark.parametrize("expected", ['"6-12345678"', '"77-12345678"', "", "7", "nonsense"])
def test_who_has_not_seen_it_may_not(api, expected):
    assert api.put("/probes/1", status=412, headers={"If-Match": expected}).json["code"] == "version_mismatch"


def test_what_depends_on_who_asks_is_not_shared(api, make):
    assert api.get("/probes/1").headers["Cache-Control"] == "no-cache"
    assert api.as_(make.user()).get("/probes/1").headers["Cache-Control"] == "private, no-cache"
