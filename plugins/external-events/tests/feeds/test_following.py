"""Events that came from a calendar follow it: it is read as a whole, and what is not in it any more is gone."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs
from turnout.events.models import Event
from turnout.testing.fakes import Answer

from turnout_external_events.files import calendars
from turnout_external_events.models import Origin
from turnout_external_events.services.hearing import UNSURE
from turnout_external_events.services.merging import UNKNOWN
from turnout_external_events.sources import feeds

ODD = "DTSTART:soon"


@pytest.fixture
def load(ines, server, outbox):
    """Return what imports all that a calendar has."""

    def load(path="/calendar.ics", client=None):
        (client or ines).post("/external-events/runs", {"provider": "ical", "query": server.url + path}, status=201)
        outbox.run()
        feeds._read.clear()
        server.calls.clear()

    return load


@pytest.fixture
def three(server, clock, load):
    """Three events, imported, in one, two and three weeks."""
    for number in (1, 2, 3):
        server.add(number, clock.now() + timedelta(weeks=number))
    load()


@pytest.fixture
def turn(later):
    """Return what lets events be asked for that are due, so long after they were read that nobody remembers it."""

    def turn(**time):
        feeds._read.clear()
        later(**time)

    return turn


@pytest.fixture
def change(server, clock):
    """Return what changes an event of the calendar."""

    def change(number, title="New", begin=None, more=""):
        server.remove(number)
        begin = begin or clock.now().replace(microsecond=0) + timedelta(weeks=number)
        server.events.append(f"UID:{number}\r\nSUMMARY:{title}\r\nDTSTART:{begin:%Y%m%dT%H%M%SZ}{more}")

    return change


@pytest.fixture
def known(session):
    """Return what tells of all events by their titles how they are at their source, and what trouble there is."""

    def known():
        query = select(Event.title, Origin.status, Origin.trouble).join(Origin).order_by(Event.starts_at, Event.id)
        return {row.title: (row.status, row.trouble) for row in session.execute(query)}

    return known


FINE = ("scheduled", "")


def test_events_follow_by_one_reading_without_anybody_asking(three, change, turn, known, server):
    change(2, "Fado, extended")
    turn()

    assert known() == {"Event 1": FINE, "Fado, extended": FINE, "Event 3": FINE}
    assert [call.path for call in server.calls] == ["/calendar.ics"]


def test_more_events_than_one_job_writes_are_read_once(server, clock, load, change, turn, known):
    for number in range(250):
        server.add(number, clock.now() + timedelta(weeks=1, hours=number))
    load()
    for number in (0, 249):
        change(number, f"New {number}", clock.now() + timedelta(weeks=1, hours=number))
    turn()

    assert {"New 0", "New 249"} < set(known())
    assert len(server.calls) == 1


def test_those_that_are_due_soon_after_are_read_together(three, change, turn, known, server, session, clock):
    for number, hours in ((1, 0), (2, 1), (3, 2)):
        change(number, f"New {number}", clock.now() + timedelta(weeks=number))
        which = select(Event.id).where(Event.title == f"Event {number}").scalar_subquery()
        due = clock.now() + timedelta(hours=hours)
        session.execute(update(Origin).where(Origin.event_id == which).values(refresh_at=due))
    turn(minutes=6)

    assert set(known()) == {"New 1", "New 2", "Event 3"}
    assert len(server.calls) == 1


def test_what_is_not_in_it_any_more_is_gone_when_that_is_said_twice(three, server, turn, known, session):
    kept = server.events
    server.remove(2)
    turn()
    assert known()["Event 2"] == ("scheduled", UNKNOWN)

    turn()

    assert known() == {"Event 1": FINE, "Event 2": ("gone", UNKNOWN), "Event 3": FINE}
    of_two = select(Event.status, Origin.needs_look).join(Origin).where(Event.title == "Event 2")
    assert session.execute(of_two).one() == ("published", True)
    server.events = kept
    turn()
    assert known()["Event 2"] == FINE
    assert session.execute(of_two).one() == ("published", False)


def test_what_is_called_off_in_it_is_cancelled_here(three, change, turn, session):
    change(2, "Event 2", more="\r\nSTATUS:CANCELLED")
    turn()
    assert session.scalar(select(Event.status).where(Event.title == "Event 2")) == "cancelled"


def test_what_lies_beyond_what_is_read_is_left_alone(
    three, server, turn, known, application, monkeypatch, session, clock
):
    server.remove(2)
    server.remove(3)
    monkeypatch.setitem(application.registry.settings, "external_events.feed_days", 16)
    for _ in range(3):
        turn()

    assert known() == {"Event 1": FINE, "Event 2": ("gone", UNKNOWN), "Event 3": FINE}
    assert session.scalar(select(Origin.refresh_at).join(Event).where(Event.title == "Event 3")) > clock.now()


def test_what_has_begun_long_ago_is_left_alone(server, change, load, turn, known, clock):
    begin, end = clock.now() + timedelta(hours=1), clock.now() + timedelta(days=9)
    change(1, "Fair", begin, f"\r\nDTEND:{end:%Y%m%dT%H%M%SZ}")
    server.add(2, clock.now() + timedelta(weeks=2))
    load()
    turn(hours=26)
    server.remove(1)
    for _ in range(3):
        turn()
    assert known()["Fair"] == FINE


def test_an_entry_that_cannot_be_read_is_trouble_and_no_other_is_kept(three, server, turn, known):
    server.remove(1)
    server.remove(2)
    server.events.append(f"UID:1\r\nSUMMARY:Event 1\r\n{ODD}")
    for _ in range(3):
        turn()

    said = known()
    assert [said[f"Event {number}"][0] for number in (1, 2, 3)] == ["scheduled", "gone", "scheduled"]
    assert said["Event 1"][1] not in {"", UNKNOWN, UNSURE}


def test_a_series_that_cannot_be_read_any_more_takes_none_of_its_times_along(server, clock, load, change, turn, known):
    change(1, "Choir", more="\r\nRRULE:FREQ=WEEKLY;COUNT=4")
    server.add(2, clock.now() + timedelta(weeks=2))
    load()
    change(1, "Choir", more="\r\nRRULE:FREQ=HOURLY;COUNT=4")
    for _ in range(3):
        turn()
    assert set(known().values()) == {FINE, ("scheduled", "It recurs more often than daily, which is not read.")}


@pytest.mark.parametrize(
    ("by", "gone"), [(timedelta(hours=1), 0), (timedelta(days=1), 2)], ids=["within the day", "to another day"]
)
def test_a_series_that_is_moved(server, clock, load, change, turn, session, by, gone):
    """Its times are known by their days, and the one that it begins with by that; new ones come with the next run."""
    begin = datetime(2027, 3, 10, 12, tzinfo=UTC)
    change(1, "Choir", begin, "\r\nRRULE:FREQ=WEEKLY;COUNT=3")
    load()
    change(1, "Choir", begin + by, "\r\nRRULE:FREQ=WEEKLY;COUNT=3")
    turn()
    turn()

    rows = session.execute(select(Origin.status, Event.starts_at).join(Event).order_by(Event.starts_at)).all()
    assert [row.status for row in rows].count("gone") == gone
    followed = [row.starts_at for row in rows if row.status == "scheduled"]
    assert followed == [begin + by + timedelta(weeks=week) for week in range(3 - gone)]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(503), "status 503"),
        (Answer(404), "status 404"),
        (Answer(200, b"<html>"), "no iCalendar file"),
        (Answer(200, b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"), UNSURE),
    ],
    ids=["down", "not there", "a page", "empty"],
)
def test_a_calendar_that_cannot_be_read_loses_nothing_and_holds_up_no_other(
    three, load, change, turn, known, server, session, clock, answer, reason
):
    load("/other.ics")
    server.answers["/calendar.ics"] = answer
    change(1)
    for _ in range(3):
        turn()

    rows = session.execute(select(Origin).join(Event).order_by(Origin.id)).scalars().all()
    assert [(row.status, reason in row.trouble) for row in rows] == [("scheduled", True)] * 3 + [
        ("scheduled", False)
    ] * 3
    assert all(row.refresh_at > clock.now() for row in rows)
    assert session.scalars(select(Event.title).order_by(Event.id)).all()[3] == "New"
    server.answers.clear()
    turn()
    assert set(known().values()) == {FINE}


def test_what_was_cut_off_is_not_gone(three, server, turn, known, monkeypatch):
    monkeypatch.setattr(calendars, "MOST_IN_ALL", 2)
    for _ in range(3):
        turn()
    assert known()["Event 3"] == ("scheduled", UNSURE)


def test_events_of_one_calendar_may_be_those_of_two_organizers(
    three, server, clock, load, change, turn, known, api, make
):
    server.add(4, clock.now() + timedelta(weeks=4))
    load(client=api.as_(make.organizer()))
    for number in (1, 4):
        change(number, f"New {number}")
    turn()
    assert list(known()) == ["New 1", "Event 2", "Event 3", "New 4"]
    assert len(server.calls) == 1


def test_what_is_over_is_not_read_any_more(three, turn, server):
    turn(days=30)
    server.calls.clear()
    turn(days=1)
    assert not server.calls


def test_its_organizer_has_it_read_now(three, change, ines, session, server, browser, organizer):
    event_id = session.scalar(select(Event.id).where(Event.title == "Event 2"))
    path = f"/events/{event_id}/origin"
    for title in ("New", "Newer"):
        change(2, title)
        ines.post(f"{path}/refresh")
        assert ines.get(f"/events/{event_id}").json["title"] == title
    server.remove(2)
    assert ines.post(f"{path}/refresh").json["trouble"] == UNKNOWN
    browser.as_(organizer).get(f"/admin/imported-events/{event_id}").mustcontain("Refresh now")
    server.answers["/calendar.ics"] = Answer(503)
    assert ines.post(f"{path}/refresh", status=502).json["code"] == "source_failed"


def test_what_came_in_a_file_is_asked_of_nobody(ines, outbox, session, turn, browser, organizer):
    event = "BEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Fado\r\nDTSTART:20270310T120000Z\r\nEND:VEVENT"
    file = f"BEGIN:VCALENDAR\r\n{event}\r\nEND:VCALENDAR\r\n".encode()
    upload = ines.post("/external-events/uploads", file, status=201, headers={"Content-Type": "text/calendar"}).json
    ines.post(f"/external-events/uploads/{upload['id']}/import", {}, status=202)
    outbox.run()
    turn()

    event_id, address, refresh_at = session.execute(select(Origin.event_id, Origin.address, Origin.refresh_at)).one()
    assert (address, refresh_at) == (None, None)
    assert ines.post(f"/events/{event_id}/origin/refresh", status=404).json["code"] == "unknown_provider"
    browser.as_(organizer).get(f"/admin/imported-events/{event_id}").mustcontain(no="Refresh now")


def test_an_address_that_is_a_secret_is_not_told(server, clock, load, turn, ines, session, browser, organizer):
    secret = "/calendar.ics?token=sesame"
    server.add(1, clock.now() + timedelta(weeks=1))
    load(secret)
    event_id, address = session.execute(select(Origin.event_id, Origin.address)).one()
    assert address == server.url + secret
    for answer in (Answer(503), Answer(302, headers={"Location": f"{server.url}/moved/sesame?token=sesame"})):
        server.answers["/calendar.ics"] = answer
        with capture_logs() as logs:
            turn()
        shown = ines.get(f"/events/{event_id}/origin").json
        assert shown["trouble"]
        page = browser.as_(organizer).get(f"/admin/imported-events/{event_id}").text
        for told in (logs, shown, page, ines.get(f"/events/{event_id}").text):
            assert "sesame" not in str(told)
