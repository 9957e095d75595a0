"""The calendar's entry."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from turnout.messages.enclosures import calendar
from turnout.messages.kinds import Draft

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)


def draft(**changes):
    event = {
        "title": "Fado",
        "starts_at": "2027-05-01T18:30:00+00:00",
        "ends_at": "2027-05-01T21:00:00+00:00",
        "timezone": "Europe/Lisbon",
        "place": "Teatro do Rio, 1 Invented Street, Porto",
        "organizer": "Inês Prado",
        "status": "published",
    }
    booking = {"code": "ABC123", "quantity": 2, "sequence": 5, "status": "confirmed"}
    context = {"event": event | changes, "booking": booking}
    return Draft(context, 1, NOW, None, {"mail.sender": "Turnout <turnout@example.com>"})


def entry(content):
    found = Calendar.from_ical(content)
    assert found.errors == []
    (event,) = found.events
    assert event.errors == []
    return event


def test_an_entry():
    content = calendar(draft(), "PUBLISH")

    found = entry(content)
    assert (found["uid"], found["sequence"], found["status"]) == ("turnout-booking-ABC123", 5, "CONFIRMED")
    assert (found["summary"], found["location"]) == ("Fado", "Teatro do Rio, 1 Invented Street, Porto")
    assert found.decoded("dtstart") == datetime(2027, 5, 1, 19, 30, tzinfo=ZoneInfo("Europe/Lisbon"))
    assert found["dtstart"].params["TZID"] == "Europe/Lisbon"
    assert found.decoded("dtend") == datetime(2027, 5, 1, 22, tzinfo=ZoneInfo("Europe/Lisbon"))
    assert found.decoded("dtstamp") == NOW
    assert (str(found["organizer"]), found["organizer"].params["CN"]) == ("mailto:turnout@example.com", "Inês Prado")
    assert Calendar.from_ical(content).method == "PUBLISH"
    assert [zone.tz_name for zone in Calendar.from_ical(content).timezones] == ["Europe/Lisbon"]
    assert content.count(b"\n") == content.count(b"\r\n")
    assert max(map(len, content.split(b"\r\n"))) <= 75


def test_an_entry_that_is_taken_out():
    content = calendar(draft(), "CANCEL")

    assert entry(content)["status"] == "CANCELLED"
    assert entry(content)["uid"] == entry(calendar(draft(), "PUBLISH"))["uid"]
    assert Calendar.from_ical(content).method == "CANCEL"


def test_an_event_without_length_or_place():
    found = entry(calendar(draft(ends_at="2027-05-01T18:30:00+00:00", place=""), "PUBLISH"))

    assert "dtend" not in found
    assert "location" not in found


def test_utc_needs_no_rules():
    content = calendar(draft(timezone="UTC"), "PUBLISH")

    assert b"DTSTART:20270501T183000Z" in content
    assert b"VTIMEZONE" not in content


@pytest.mark.parametrize("field", ["title", "place", "organizer"])
def test_nothing_gets_out_of_its_property(field):
    nasty = 'x\r\nATTENDEE:mailto:evil@example.com\nEND:VEVENT\r\n";:\\,\x0b'

    content = calendar(draft(**{field: nasty}), "PUBLISH")

    assert "attendee" not in entry(content)
    lines = content.replace(b"\r\n ", b"").split(b"\r\n")
    assert not [line for line in lines if line.startswith(b"ATTENDEE")]
    assert lines.count(b"END:VEVENT") == 1
