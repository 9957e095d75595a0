"""How often one user may let sources be asked while they wait."""

import pytest

IMPORT = "/external-events/almanac/1/import"


@pytest.fixture(scope="module")
def settings(settings):
    return settings | {"external_events.searches_per_minute": "3", "external_events.cache_minutes": "10"}


@pytest.fixture(autouse=True)
def nothing_counted(application, monkeypatch):
    """Let each test begin with nothing counted: all have the same users."""
    allowance = type(application.registry.search_allowance)
    monkeypatch.setattr(application.registry, "search_allowance", allowance(application.registry.settings))


@pytest.fixture
def spent(bring, ines):
    """An event that was imported, and somebody who may ask nobody any more; refreshing it was the last."""
    event = bring()
    ines.get("/external-events")
    ines.post(f"/events/{event['id']}/origin/refresh")
    return event


def test_whatever_may_ask_a_source_is_refused(spent, ines, almanac):
    almanac.calls.clear()
    for method, path in (
        ("GET", "/external-events"),
        ("GET", "/external-events?provider=ical&query=https://example.com/a.ics"),
        ("POST", IMPORT),
        ("POST", f"/events/{spent['id']}/origin/refresh"),
    ):
        refused = ines.request(method, path, status=429)
        assert (refused.content_type, refused.json["code"]) == ("application/problem+json", "too_many_searches")
        assert 50 <= int(refused.headers["Retry-After"]) <= 60
    assert not almanac.calls


def test_answers_out_of_memory_count(ines, almanac):
    for _ in range(3):
        ines.get("/external-events")
    assert len(almanac.calls) == 1
    ines.get("/external-events", status=429)


def test_others_may_still_ask_and_staff_no_oftener(spent, api, make):
    staff = api.as_(make.staff())
    for _ in range(3):
        staff.get("/external-events")
    staff.get("/external-events", status=429)


def test_what_asks_nobody_is_not_counted(spent, ines, outbox):
    ines.get("/external-events/sources")
    ines.get(f"/events/{spent['id']}/origin")
    run = ines.post("/external-events/runs", {"provider": "almanac", "query": "fado"}, status=201).json
    outbox.run()
    assert ines.get(f"/external-events/runs/{run['id']}").json["status"] == "done"


def test_the_pages_of_the_admin_count(spent, browser, organizer, almanac):
    desk = browser.as_(organizer)
    desk.get("/admin/find-elsewhere")
    almanac.calls.clear()
    desk.get("/admin/find-elsewhere?find=1").mustcontain("Too many attempts. Try again in")
    desk.post(f"/admin/imported-events/{spent['id']}/refresh", status=429).mustcontain("Too many attempts.")
    assert not almanac.calls


def test_it_is_documented(api):
    paths = api.get("/openapi.json").json["paths"]
    wanted = {
        ("/external-events", "get"),
        ("/external-events/{provider}/{ref}/import", "post"),
        ("/events/{id}/origin/refresh", "post"),
    }
    assert wanted <= {
        (path, method) for path in paths for method, said in paths[path].items() if "429" in said["responses"]
    }
