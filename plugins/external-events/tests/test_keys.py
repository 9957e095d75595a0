"""A key that is refused, and saved searches that fail, are said where staff look."""

import pytest

from turnout_external_events.sources.calling import standing
from turnout_external_events.sources.readiness import FOR_STAFF
from turnout_external_events.testing.almanac import KEY

FIND, SEARCHES, REASON = "/admin/find-elsewhere", "/external-events/searches", "Almanac does not take the key."
SEARCH = {"name": "All fado", "provider": "almanac", "query": "fado"}


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Let a key that was refused be tried again at once."""
    monkeypatch.setattr(standing, "KEY_SECONDS", 0)


@pytest.fixture
def refused(almanac, api):
    """The almanac, whose key was revoked and asked with."""
    almanac.key = "another"
    told = api.as_role("user").get("/external-events").json["failures"]
    assert [(each["provider"], each["reason"]) for each in told] == [("almanac", FOR_STAFF)]
    return almanac


def listed(client):
    (almanac,) = [each for each in client.get("/external-events/sources").json["results"] if each["name"] == "almanac"]
    return almanac["is_ready"], almanac["state"], almanac["missing"]


def test_health_says_that_a_key_is_refused_until_it_is_taken(refused, api):
    health = api.get("/health", status=200).json
    assert (health["status"], health["components"]["almanac"]) == ("degraded", {"status": "key_refused"})
    refused.key = KEY
    api.as_role("user").get("/external-events")
    assert api.get("/health").json["components"]["almanac"] == {"status": "ok"}


def test_the_list_of_sources_says_so_and_why_to_staff(refused, api):
    assert listed(api.as_role("staff")) == (False, "key_refused", REASON)
    assert listed(api.as_role("user")) == (False, "key_refused", FOR_STAFF)
    refused.key = KEY
    user = api.as_role("user")
    user.get("/external-events")
    assert listed(user) == (True, "ready", "")


def test_one_that_is_asked_alone_is_not_set_up(refused, api, ines):
    problem = ines.get("/external-events", provider="almanac", status=409).json
    assert (problem["code"], problem["detail"]) == ("source_not_set_up", FOR_STAFF)
    assert ines.post("/external-events/almanac/1/import", status=409).json["code"] == "source_not_set_up"
    assert api.as_role("staff").get("/external-events", provider="almanac", status=409).json["detail"] == REASON


def test_pages_of_sources_say_so(refused, browser, organizer):
    staff = browser.as_role("staff")
    staff.get(FIND).mustcontain("key refused", REASON, "Almanac (key refused)")
    staff.get("/admin/saved-searches/new").mustcontain("Almanac (key refused)")
    browser.as_(organizer).get(FIND).mustcontain("key refused", FOR_STAFF, no=REASON)


def test_where_nobody_answered_nobody_is_told_to_try_fewer_words(refused, browser, organizer):
    desk = browser.as_(organizer)
    desk.get(f"{FIND}?find=1&query=fado").mustcontain("could not be asked", no=["Try fewer words", "Nothing was found"])
    refused.key = KEY
    desk.get(f"{FIND}?find=1&query=fado").mustcontain("Try fewer words", no="could not be asked")


def test_the_dashboard_names_the_source(refused, browser, organizer):
    page = browser.as_role("staff").get("/admin")
    page.mustcontain(f"Nothing is found at Almanac, imported from there or refreshed: {REASON}")
    assert page.click("See the sources").request.path == FIND
    browser.as_(organizer).get("/admin").mustcontain(no="Nothing is found at Almanac")
    refused.key = KEY
    browser.as_role("staff").get(f"{FIND}?find=1")
    browser.as_role("staff").get("/admin").mustcontain(no="Nothing is found at Almanac")


def test_the_dashboard_names_saved_searches_that_failed(ines, almanac, external, later, browser, organizer, make):
    said = f"The saved search “All fado” failed: {REASON}"
    almanac.put(external())
    path = f"{SEARCHES}/{ines.post(SEARCHES, SEARCH).json['id']}"
    almanac.key = "another"
    later(minutes=5)

    run = ines.get("/external-events/runs").json["results"][0]
    staff, desk, other = browser.as_role("staff"), browser.as_(organizer), browser.as_(make.organizer())
    for visitor in (staff, desk):
        page = visitor.get("/admin")
        assert page.text.count(said) == 1
        assert page.click("See its last import").request.path == f"/admin/imports/{run['id']}"
    other.get("/admin").mustcontain(no=said)

    ines.patch(path, {"is_active": False})
    staff.get("/admin").mustcontain(no=said)
    ines.patch(path, {"is_active": True})
    almanac.key = KEY
    later(hours=25)
    staff.get("/admin").mustcontain(no=said)
