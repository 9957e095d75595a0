"""How entries are written: what calendars make of them, whatever people have typed."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.unit.calendars.calendars import entry, parsed

from turnout.calendars.services import Appointment, Entry, booking_entry, status_of, write

SENDER = "Turnout <turnout@example.com>"
NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
START = datetime(2027, 5, 1, 18, 30, tzinfo=UTC)


def appointment(**changes):
    said = {
        "title": "Fado",
        "starts_at": START,
        "ends_at": START + timedelta(hours=2),
        "timezone": "Europe/Lisbon",
        "place": "Teatro do Rio, Porto",
        "organizer": "Inês Prado",
    }
    return Appointment(**said | changes)


def an_entry(what=None, **changes):
    return Entry(
        **{"uid": "a", "sequence": 3, "stamp": NOW, "status": "CONFIRMED", "appointment": what or appointment()}
        | changes
    )


def test_an_entry_says_all_that_is_known():
    found = entry(
        write(
            [an_entry(description="Bring:\n- a pen", url="https://example.com/7", categories=["Music", "a, b"])],
            sender=SENDER,
        )
    )
    assert (found["uid"], found["sequence"], found["summary"]) == ("a", 3, "Fado")
    assert (found["description"], found["location"]) == ("Bring:\n- a pen", "Teatro do Rio, Porto")
    assert (found["url"], found["status"], found["transp"]) == ("https://example.com/7", "CONFIRMED", "OPAQUE")
    assert found.categories == ["Music", "a, b"]
    assert found.decoded("dtstart") == datetime(2027, 5, 1, 19, 30, tzinfo=ZoneInfo("Europe/Lisbon"))
    assert found["dtstart"].params["TZID"] == "Europe/Lisbon"
    assert found.decoded("dtend") - found.decoded("dtstart") == timedelta(hours=2)
    assert found.decoded("dtstamp") == found.decoded("last-modified") == NOW
    assert (str(found["organizer"]), found["organizer"].params["CN"]) == ("mailto:turnout@example.com", "Inês Prado")


LISBON = ZoneInfo("Europe/Lisbon")


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "dates"),
    [
        (
            datetime(2027, 5, 1, tzinfo=LISBON),
            datetime(2027, 5, 2, tzinfo=LISBON),
            (date(2027, 5, 1), date(2027, 5, 2)),
        ),
        # Three days, one of them of 23 hours.
        (
            datetime(2027, 3, 27, tzinfo=LISBON),
            datetime(2027, 3, 30, tzinfo=LISBON),
            (date(2027, 3, 27), date(2027, 3, 30)),
        ),
        (datetime(2027, 5, 1, tzinfo=LISBON), datetime(2027, 5, 1, 23, 59, tzinfo=LISBON), None),
        (datetime(2027, 5, 1, tzinfo=LISBON), datetime(2027, 5, 1, tzinfo=LISBON), None),
        (datetime(2027, 5, 1, tzinfo=UTC), datetime(2027, 5, 2, tzinfo=UTC), None),
    ],
)
def test_whole_days_are_days(starts_at, ends_at, dates):
    found = entry(write([an_entry(appointment(starts_at=starts_at, ends_at=ends_at))], sender=SENDER))
    if dates is None:
        assert found.decoded("dtstart") == starts_at
    else:
        assert (found.decoded("dtstart"), found.decoded("dtend")) == dates


def test_what_is_not_known_is_not_said():
    found = entry(write([an_entry(appointment(place="", ends_at=START))], sender=SENDER))
    assert not {"dtend", "location", "description", "url", "categories"} & {name.lower() for name in found}


def test_a_file_to_subscribe_to_says_its_name_and_how_often_to_look():
    content = write([], sender=SENDER, name='Inês,\n"Prado"')
    found = parsed(content)
    assert (found["name"], found["x-wr-calname"]) == ('Inês, "Prado"', 'Inês, "Prado"')
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n" in content
    assert b"X-PUBLISHED-TTL:PT1H\r\n" in content
    assert (found["version"], found["method"]) == ("2.0", "PUBLISH")
    assert b"REFRESH" not in write([], sender=SENDER)


NASTY = 'x\r\nATTENDEE:mailto:evil@example.com\nEND:VEVENT\r\n";:\\,^n\x0b\x85\u2028\x07 🎶' + "é" * 100


@pytest.mark.parametrize("field", ["organizer", "place", "title"])
def test_nothing_gets_out_of_its_property(field):
    content = write([an_entry(appointment(**{field: NASTY}))], sender=SENDER)
    unfolded(content)


@pytest.mark.parametrize(
    "changes", [{"categories": [NASTY]}, {"description": NASTY}], ids=["categories", "description"]
)
def test_nothing_gets_out_of_what_is_said_beside(changes):
    unfolded(write([an_entry(**changes)], sender=SENDER, name=NASTY))


def unfolded(content):
    assert "attendee" not in entry(content)
    text = content.decode()
    assert not any(sign in text for sign in "\x07\x0b\x85\u2028")
    lines = text.replace("\r\n ", "").split("\r\n")
    assert not [line for line in lines if line.startswith("ATTENDEE")]
    assert lines.count("END:VEVENT") == 1


def test_long_texts_stay_whole():
    text = 'Ein "Café", 5 € 🎉; \\ and\nmore\n' * 700
    assert len(text) > 20_000
    assert entry(write([an_entry(description=text)], sender=SENDER))["description"] == text


@pytest.mark.parametrize("status", ["CANCELLED", "CONFIRMED", "TENTATIVE"])
def test_what_is_off_keeps_nobody_busy(status):
    found = entry(write([an_entry(status=status)], sender=SENDER))
    assert (found["status"], found["transp"]) == (status, "TRANSPARENT" if status == "CANCELLED" else "OPAQUE")
    assert entry(write([an_entry(is_busy=False)], sender=SENDER))["transp"] == "TRANSPARENT"


@pytest.mark.parametrize(
    ("starts_at", "local"),
    [
        (datetime(2027, 3, 28, 0, 59, tzinfo=UTC), "DTSTART;TZID=Europe/Berlin:20270328T015900"),
        (datetime(2027, 3, 28, 1, 0, tzinfo=UTC), "DTSTART;TZID=Europe/Berlin:20270328T030000"),
        (datetime(2027, 10, 31, 0, 30, tzinfo=UTC), "DTSTART;TZID=Europe/Berlin:20271031T023000"),
        (datetime(2027, 10, 31, 1, 30, tzinfo=UTC), "DTSTART:20271031T013000Z"),  # the second half past two
        (datetime(2027, 10, 31, 2, 30, tzinfo=UTC), "DTSTART;TZID=Europe/Berlin:20271031T033000"),
    ],
)
def test_whatever_the_clocks_do_the_moment_is_right(starts_at, local):
    what = appointment(timezone="Europe/Berlin", starts_at=starts_at, ends_at=starts_at + timedelta(hours=3))
    content = write([an_entry(what)], sender=SENDER)
    found = entry(content)
    assert local in content.decode().split("\r\n")
    assert found.decoded("dtstart").astimezone(UTC) == starts_at
    assert found.decoded("dtend").astimezone(UTC) == starts_at + timedelta(hours=3)


def test_the_rules_of_a_zone_change_the_clocks_when_they_are_changed():
    content = write([an_entry(appointment(timezone="America/New_York"))], sender=SENDER).decode()
    told = content.partition("BEGIN:DAYLIGHT")[2].partition("END:DAYLIGHT")[0]
    assert "DTSTART:20260308T020000\r\nRDATE:20270314T020000,20280312T020000\r\n" in told
    told = content.partition("END:DAYLIGHT")[2].partition("END:STANDARD")[0]
    assert "DTSTART:20261101T020000\r\nRDATE:20271107T020000,20281105T020000\r\n" in told


def test_each_zone_is_told_once_and_utc_not_at_all():
    zones = ["Asia/Tokyo", "Europe/Lisbon", "UTC", "Asia/Tokyo"]
    found = parsed(write([an_entry(appointment(timezone=zone)) for zone in zones], sender=SENDER))
    assert sorted(zone.tz_name for zone in found.timezones) == ["Asia/Tokyo", "Europe/Lisbon"]


@pytest.mark.parametrize("year", [1971, 2199])
def test_the_first_and_the_last_years_can_be_written(year):
    at = datetime(year, 6, 1, tzinfo=UTC)
    assert entry(write([an_entry(appointment(starts_at=at, ends_at=at))], sender=SENDER)).decoded("dtstart") == at


def test_a_booking_is_called_as_in_mails():
    said = booking_entry("ABC123", 2, sequence=5, stamp=NOW, status="TENTATIVE", appointment=appointment())
    assert (said.uid, said.description, said.sequence) == ("turnout-booking-ABC123", "Booking ABC123, places: 2", 5)


@pytest.mark.parametrize(
    ("booking", "event", "status"),
    [
        ("cancelled", "published", "CANCELLED"),
        ("confirmed", "archived", "CONFIRMED"),
        ("confirmed", "cancelled", "CANCELLED"),
        ("confirmed", "postponed", "CANCELLED"),
        ("confirmed", "published", "CONFIRMED"),
        ("expired", "published", None),
        ("failed", "published", None),
        ("pending", "cancelled", "CANCELLED"),
        ("pending", "published", "TENTATIVE"),
        ("processing", "published", None),
    ],
)
def test_what_a_booking_is_in_a_calendar(booking, event, status):
    assert status_of(booking, event) == status
