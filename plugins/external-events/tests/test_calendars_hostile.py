"""iCalendar files that mean harm, or nothing: each is read or refused, in bounded time."""

import time
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from turnout_external_events.files import calendars
from turnout_external_events.sources import Malformed

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
HORIZON = (NOW - timedelta(days=1), NOW + timedelta(days=366))
CONCERT = "UID:1\nSUMMARY:Fado\nDTSTART;TZID=Europe/Lisbon:20270410T210000\nDTEND;TZID=Europe/Lisbon:20270410T233000"
OURS = """BEGIN:VTIMEZONE
TZID:Our time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
"""


def calendar(*events, head=""):
    """Return a file with these events, each by its lines."""
    inside = "".join(f"BEGIN:VEVENT\n{event}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{head}{inside}END:VCALENDAR\n".encode()


def repeated(line, size=5_000_000):
    return b"BEGIN:VCALENDAR\r\n" + line * (size // len(line))


HOSTILE = {
    "a line of five megabytes": calendar(f"{CONCERT}\nDESCRIPTION:" + "x" * 5_000_000),
    "a rule that never comes": calendar(
        *[
            f"UID:{number}\nSUMMARY:a\nDTSTART:20270301T000000Z\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"
            for number in range(100)
        ]
    ),
    "a zone by the second": calendar(
        "UID:1\nSUMMARY:a\nDTSTART;TZID=x:20270410T000000",
        head=OURS.replace("Our time", "x").replace("FREQ=YEARLY", "FREQ=SECONDLY"),
    ),
    "ends without beginning": repeated(b"END:VEVENT\r\n"),
    "events in events": repeated(b"BEGIN:VEVENT\r\n"),
    "folds": repeated(b"\r\n "),
    "markup": calendar(
        *[f"UID:{number}\nSUMMARY:a\nDTSTART:20270301T000000Z\nDESCRIPTION:{'<br' * 16_000}" for number in range(40)]
    ),
    "many days": calendar(*["UID:1\nSUMMARY:a\nDTSTART:20270301T000000Z" + "\nRDATE:20270401T000000Z" * 7000] * 20),
    "many events": calendar(*["UID:1\nSUMMARY:a\nDTSTART:20270301T000000Z"] * 9999),
    "many zones": calendar(head=OURS * 400),
    "parts in parts": repeated(b"BEGIN:X\r\n"),
    "quotes": calendar(f'{CONCERT}\nLOCATION;ALTREP="' + '";"' * 30_000),
    "spaces": calendar(f"{CONCERT}\nLOCATION" + " " * 90_000 + ":x"),
    "years": calendar("UID:1\nSUMMARY:a\nDTSTART:00010101T000000Z\nDTEND:99991231T235959Z\nRRULE:FREQ=YEARLY"),
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_nothing_takes_long(name, monkeypatch):
    monkeypatch.setattr(calendars, "SECONDS", 2.0)
    began = time.monotonic()
    try:
        found, refused = calendars.read(HOSTILE[name], scope="x", horizon=HORIZON)
    except Malformed:
        pass
    else:
        assert found or refused or name in {"ends without beginning", "folds", "many zones"}
    assert time.monotonic() - began < 12


def test_what_each_time_of_a_series_says_takes_its_time(monkeypatch):
    """The limit is looked at for each of them, not only between one event and the next."""
    monkeypatch.setattr(calendars, "SECONDS_FOR_SERIES", 100)
    monkeypatch.setattr(calendars, "SECONDS", 10_000)
    monkeypatch.setattr(calendars, "thread_time", count().__next__)
    content = calendar("UID:1\nSUMMARY:a\nDTSTART:20270301T000000Z\nRRULE:FREQ=DAILY")
    found, [refusal] = calendars.read(content, scope="x", horizon=HORIZON)
    assert len(found) < 100
    assert "too long to read" in refusal.reason


def test_what_takes_too_long_is_refused_as_a_whole(monkeypatch):
    monkeypatch.setattr(calendars, "SECONDS", 0.0)
    with pytest.raises(Malformed, match="too long to read"):
        calendars.read(calendar(CONCERT), scope="x", horizon=HORIZON)


def test_too_many_events():
    with pytest.raises(Malformed, match="more than 10,000 events"):
        calendars.read(calendar(*["SUMMARY:a"] * 10_001), scope="x", horizon=HORIZON)


WORDS = st.sampled_from([
    "BEGIN:VEVENT", "END:VEVENT", "BEGIN:VTIMEZONE", "END:VTIMEZONE", "BEGIN:VCALENDAR", "END:VCALENDAR", "BEGIN:VALARM",
    "UID:1", "SUMMARY:Fado", "DTSTART:20270410T200000Z", "DTSTART;VALUE=DATE:20270410", "DTEND:20270410", "DURATION:-P1D",
    "DURATION:P99999999D", "RRULE:FREQ=WEEKLY", "RRULE:FREQ=DAILY;COUNT=0", "RRULE:FREQ=YEARLY;BYHOUR=99", "RDATE;VALUE=PERIOD:20270410T200000Z/PT1H",
    "EXDATE:20270410", "RECURRENCE-ID:20270410", "RECURRENCE-ID;RANGE=THISANDFUTURE:20270410T200000Z", "DTSTART;TZID=x:20270410T200000",
    "TZID:x", "SEQUENCE:x", "SEQUENCE:9", "X-WR-TIMEZONE:Europe/Lisbon", "CATEGORIES:,,", "ATTACH;VALUE=BINARY:x", " ", "URL:http://[",
    "DTSTART:99991231T235959Z", "DTSTART:00010101T000000", "DTEND;TZID=Europe/Lisbon:20270410T200000", "STATUS:\\n", "SUMMARY:\\,",
])  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=2000), st.text(max_size=500).map(str.encode)))
@example(b"\xff\xfe")
@example(b"BEGIN:VCALENDAR\nBEGIN:VEVENT")
def test_any_bytes_are_read_or_refused(content):
    _read_or_refused(content)
    _read_or_refused(b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:a\nDTSTART:" + content)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(WORDS, st.text(max_size=20)), max_size=25))
def test_any_lines_are_read_or_refused(lines):
    _read_or_refused("\n".join(["BEGIN:VCALENDAR", "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR"]).encode())


def _read_or_refused(content):
    try:
        found, refused = calendars.read(content, scope="x", horizon=HORIZON, timezone="Europe/Lisbon")
    except Malformed:
        return
    for event in found:
        assert event.title
        assert (event.starts_at is None) != (event.starts_on is None)
        assert event.starts_at is None or event.starts_at.tzinfo is UTC
        assert event.ends_at is None or event.ends_at.tzinfo is UTC
    assert len({event.external_id for event in found}) == len(found)
    assert all(refusal.reason for refusal in refused)
