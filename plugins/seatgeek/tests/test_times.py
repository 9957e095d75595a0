"""When events are, in each way in which SeatGeek says it, or does not."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest


def when(event):
    return event.starts_at, event.starts_on, event.is_estimate


@pytest.mark.parametrize("name", ["datetime_tbd", "time_tbd"])
def test_a_time_that_is_not_known_is_not_the_placeholder(read, name):
    event = read(datetime_local="2027-03-03T03:30:00", datetime_utc="2027-03-03T06:30:00", **{name: True})
    assert when(event) == (None, date(2027, 3, 3), False)


@pytest.mark.parametrize(
    ("zone", "local", "utc"),
    [
        ("Asia/Tokyo", "2027-03-03T03:30:00", "2027-03-02T18:30:00"),
        ("America/Sao_Paulo", "2027-03-03T03:30:00", "2027-03-03T06:30:00"),
        ("Pacific/Auckland", "2027-03-03T03:30:00", "2027-03-02T14:30:00"),
    ],
)
def test_the_day_of_a_placeholder_is_the_one_at_the_place(read, zone, local, utc):
    tbd = {"time_tbd": True, "venue": {"timezone": zone}}
    assert read(datetime_local=local, datetime_utc=utc, **tbd).starts_on == date(2027, 3, 3)
    assert read(datetime_local=None, datetime_utc=utc, **tbd).starts_on == date(2027, 3, 3)


def test_the_day_of_a_placeholder_that_only_utc_has_where_no_zone_is_known(read):
    event = read(datetime_local=None, time_tbd=True, venue={"timezone": None})
    assert when(event) == (None, None, False)


@pytest.mark.parametrize("time_tbd", [False, True])
def test_a_day_that_is_not_known_is_expected(read, time_tbd):
    event = read(datetime_local="2027-06-01T03:30:00", datetime_utc=None, date_tbd=True, time_tbd=time_tbd)
    assert when(event) == (None, date(2027, 6, 1), True)


def test_nothing_is_known_of_when(read):
    event = read(datetime_local=None, datetime_utc=None, date_tbd=True)
    assert when(event) == (None, None, True)
    assert when(read(datetime_local=..., datetime_utc=...)) == (None, None, False)


@pytest.mark.parametrize("local", ["2027-03-03T23:00:00", "2027-03-04T02:30:00", None, ..., 7])
def test_utc_counts_whatever_the_wall_clock_says(read, local):
    assert when(read(datetime_local=local)) == (datetime(2027, 3, 3, 23, tzinfo=UTC), None, False)


def test_only_the_wall_clock_is_known(read):
    assert when(read(datetime_utc=None)) == (datetime(2027, 3, 3, 23, tzinfo=UTC), None, False)


def test_only_the_wall_clock_is_known_and_not_where_it_hangs(read):
    assert when(read(datetime_utc=None, venue={"timezone": None})) == (None, date(2027, 3, 3), False)


def test_a_night_with_an_hour_that_comes_twice(read):
    berlin = {"timezone": "Europe/Berlin", "country": "Germany"}
    first, second = (
        read(datetime_local="2027-10-31T02:30:00", datetime_utc=utc, venue=berlin).starts_at
        for utc in ("2027-10-31T00:30:00", "2027-10-31T01:30:00")
    )
    assert (second - first).total_seconds() == 3600
    shown = {moment.astimezone(ZoneInfo("Europe/Berlin")).strftime("%H:%M") for moment in (first, second)}
    assert shown == {"02:30"}


def test_a_time_that_no_clock_shows(refused):
    berlin = {"timezone": "Europe/Berlin", "country": "Germany"}
    said = refused(datetime_local="2027-03-28T02:30:00", datetime_utc=None, venue=berlin)
    assert said == "The clocks go forward: 02:30 on 2027-03-28 is no time in Europe/Berlin."


@pytest.mark.parametrize("name", ["datetime_utc", "enddatetime_utc"])
@pytest.mark.parametrize("given", ["soon", "", 7, True, [], "2027-02-30T20:00:00"])
def test_a_time_that_is_none(refused, name, given):
    assert refused(**{name: given}).startswith("No moment")


@pytest.mark.parametrize("name", ["date_tbd", "datetime_tbd", "time_tbd"])
@pytest.mark.parametrize("given", ["false", 0, 1, []])
def test_a_flag_that_is_neither_is_not_guessed(refused, name, given):
    assert refused(**{name: given}).startswith(f"{name} is neither true nor false")


@pytest.mark.parametrize("name", ["date_tbd", "datetime_tbd", "time_tbd"])
@pytest.mark.parametrize("given", [None, ...])
def test_a_flag_that_is_missing(read, name, given):
    assert read(**{name: given}).starts_at is not None


def test_when_it_ends(read):
    assert read(enddatetime_utc="2027-03-04T02:00:00").ends_at == datetime(2027, 3, 4, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    "changes",
    [
        {"enddatetime_utc": "2027-03-03T23:00:00"},
        {"enddatetime_utc": "2027-03-03T22:00:00"},
        {"enddatetime_utc": "2027-03-04T06:30:00", "time_tbd": True},
        {"enddatetime_utc": "2027-03-04T06:30:00", "date_tbd": True},
        {"enddatetime_utc": ...},
    ],
)
def test_an_end_that_is_none(read, changes):
    assert read(**changes).ends_at is None
