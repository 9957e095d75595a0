"""Saved searches: what an organizer always wants to have here."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from turnout.events.models import Event

SEARCHES = "/external-events/searches"
NEW = {"name": "All fado", "provider": "almanac", "query": "fado"}


def events(session):
    return session.scalar(select(func.count()).select_from(Event))


def test_a_saved_search_imports_by_itself(ines, almanac, external, later, session):
    almanac.put(external("1"))

    search = ines.post(SEARCHES, NEW, status=201).json
    later(minutes=5)
    assert events(session) == 1
    almanac.put(external("2", starts_at=external().starts_at + timedelta(days=1)))
    later(hours=23)
    assert events(session) == 1
    later(hours=2)

    assert events(session) == 2
    runs = ines.get("/external-events/runs").json["results"]
    assert [run["search_id"] for run in runs] == [search["id"]] * 2
    assert {run["title"] for run in runs} == {"All fado"}


def test_it_looks_no_further_ahead_than_it_was_told(ines, almanac, external, later, session, clock):
    almanac.put(external("1"), external("2", starts_at=clock.now() + timedelta(days=200)))
    ines.post(SEARCHES, NEW | {"days_ahead": 60})

    later(minutes=5)

    assert events(session) == 1


def test_what_is_paused_does_nothing(ines, almanac, external, later, session):
    almanac.put(external("1"))
    search = ines.post(SEARCHES, NEW | {"is_active": False}).json

    later(days=2)
    assert events(session) == 0
    ines.patch(f"{SEARCHES}/{search['id']}", {"is_active": True})
    later(minutes=5)

    assert events(session) == 1


def test_it_can_be_run_at_once(ines, almanac, external, outbox, session):
    almanac.put(external("1"))
    search = ines.post(SEARCHES, NEW | {"is_active": False, "status": "draft"}).json

    run = ines.post(f"{SEARCHES}/{search['id']}/run", status=201).json
    outbox.run()

    assert ines.get(f"/external-events/runs/{run['id']}").json["made"] == 1
    assert session.scalars(select(Event.status)).all() == ["draft"]


def test_one_that_still_imports_does_not_begin_again(ines, almanac, external, later, session):
    almanac.put(*(external(str(each), starts_at=external().starts_at + timedelta(minutes=each)) for each in range(150)))
    almanac.quota = 1
    ines.post(SEARCHES, NEW)
    later(minutes=5)

    later(hours=25)

    assert ines.get("/external-events/runs").json["count"] == 1


def test_it_ends_with_its_user(ines, almanac, external, later, session, organizer):
    almanac.put(external("1"))
    ines.post(SEARCHES, NEW)
    organizer.is_active = False
    session.flush()

    later(minutes=5)

    assert events(session) == 0


def test_it_is_changed_and_forgotten(ines):
    search = ines.post(SEARCHES, NEW).json
    path = f"{SEARCHES}/{search['id']}"

    changed = ines.put(path, NEW | {"name": "Some fado", "every_hours": 48}).json
    assert (changed["name"], changed["every_hours"]) == ("Some fado", 48)
    assert ines.get(SEARCHES).json["results"][0]["name"] == "Some fado"
    ines.patch(path, {"name": "x"}, status=412, headers={"If-Match": '"0-stale"'})
    ines.delete(path, status=204)

    ines.get(path, status=404)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"provider": "nowhere"}, "provider"),
        ({"query": ""}, "query"),
        ({"every_hours": 0}, "every_hours"),
        ({"status": "cancelled"}, "status"),
        ({"name": ""}, "name"),
        ({"provider": "ical", "query": "fado"}, "query"),
    ],
    ids=str,
)
def test_what_cannot_be_searched_is_named(ines, said, field):
    refused = ines.post(SEARCHES, NEW | said, status=400).json

    assert [error["field"] for error in refused["errors"]] == [field]


def test_searches_of_others_are_not_there(ines, api, make):
    path = f"{SEARCHES}/{ines.post(SEARCHES, NEW).json['id']}"
    other = api.as_(make.organizer())

    assert other.get(SEARCHES).json["count"] == 0
    other.get(path, status=404)
    other.patch(path, {"name": "x"}, status=404)
    other.delete(path, status=404)
    other.post(f"{path}/run", status=404)
    assert api.as_role("staff").get(SEARCHES).json["count"] == 1
    api.as_role("user").post(SEARCHES, NEW, status=403)


@pytest.fixture
def waiting(ines, almanac, external, later, impatient):
    """A saved search whose source is out of reach, and which waits for it; as the path of the search."""
    almanac.put(external("1"))
    almanac.faults.every, almanac.faults.kinds = 1, ("error",)
    path = f"{SEARCHES}/{ines.post(SEARCHES, NEW).json['id']}"
    later(minutes=5)
    assert statuses(ines) == ["waiting"]
    return path


def statuses(client):
    return [run["status"] for run in client.get("/external-events/runs").json["results"]]


@pytest.mark.parametrize("verb", ["patch", "put"])
def test_one_that_is_corrected_begins_anew(ines, almanac, waiting, later, session, verb):
    almanac.faults.every = 0
    getattr(ines, verb)(waiting, (NEW if verb == "put" else {}) | {"query": "night"})
    assert statuses(ines) == ["stopped"]
    almanac.calls.clear()

    later(minutes=5)

    assert statuses(ines) == ["done", "stopped"]
    assert {call.query["query"] for call in almanac.calls} == {"night"}
    assert events(session) == 1


@pytest.mark.parametrize("how", ["paused", "forgotten"])
def test_what_is_not_wanted_any_more_asks_nobody(ines, almanac, waiting, later, how):
    if how == "paused":
        ines.patch(waiting, {"is_active": False})
    else:
        ines.delete(waiting, status=204)
    almanac.calls.clear()

    for _ in range(3):
        later(hours=25)

    assert statuses(ines) == ["stopped"]
    assert not almanac.calls


def test_another_name_ends_nothing(ines, waiting):
    ines.patch(waiting, {"name": "Some fado", "every_hours": 48})

    assert statuses(ines) == ["waiting"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("https://10.0.0.1/a.ics", "private or reserved"),
        ("https://127.0.0.1:8443/a.ics", "private or reserved"),
        ("webcal://calendars.localhost/a.ics", "known on the internet"),
        ("https://user:pw@example.com/a.ics", "user name or a password"),
        ("http://example.com/a.ics", "https://"),
        ("https://example.com:8080/a.ics", "the ports 443 and 8443 only"),
        ("fado", "begins with https:// or webcal://"),
    ],
)
def test_a_calendar_that_is_never_read_is_not_saved(ines, query, said):
    calendar = {"name": "A calendar", "provider": "ical"}
    refused = ines.post(SEARCHES, calendar | {"query": query}, status=400).json
    assert [(error["field"], said in error["message"]) for error in refused["errors"]] == [("query", True)]
    kept = ines.post(SEARCHES, calendar | {"query": "webcal://example.com:8443/a.ics"}, status=201).json
    ines.patch(f"{SEARCHES}/{kept['id']}", {"query": query}, status=400)
