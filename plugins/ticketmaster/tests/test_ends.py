"""When an event ends, as Ticketmaster writes it, and what of its dates is neither true nor false."""

from datetime import UTC, date, datetime

import pytest
from turnout_external_events.sources import Malformed
from turnout_external_events.sources.reading import one

from turnout_ticketmaster.mapping import read_event

TIMED = {"localDate": "2027-04-12", "localTime": "19:30:00", "dateTime": "2027-04-13T02:30:00Z"}
UNTIMED = {"localDate": "2027-04-12", "timeTBA": True}
UNKNOWN = {"dateTBA": True}


def read(start, end, zone="America/Los_Angeles", **other):
    dates = {"start": start, "end": end, "timezone": zone, "spanMultipleDays": True}
    return one({"id": "G5vYZ9YBk7oUU", "name": "Three Days of Dust", "dates": dates} | other, read_event)


def end(begins, ends, zone="America/Los_Angeles"):
    found = read(begins, ends, zone)
    return found.ends_at, found.ends_on


NOT_SAID = (None, None)
LATER = (datetime(2027, 4, 13, 5, tzinfo=UTC), None)


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ({"dateTime": "2027-04-13T05:00:00Z"}, LATER),
        ({"dateTime": "2027-04-13T05:00:00Z", "localDate": "2027-04-20"}, LATER),
        ({"localDate": "2027-04-12", "localTime": "22:00:00"}, LATER),
        ({"localDate": "2027-04-14"}, (None, date(2027, 4, 14))),
        ({"localDate": "2027-04-14", "noSpecificTime": True}, (None, date(2027, 4, 14))),
        ({"localDate": "2027-04-14", "localTime": "18:00:00", "noSpecificTime": True}, (None, date(2027, 4, 14))),
        ({"dateTime": "2027-04-14T02:30:00Z", "noSpecificTime": True}, (None, date(2027, 4, 13))),
        ({"localDate": "2027-04-12"}, (None, date(2027, 4, 12))),
        ({"localDate": "2027-04-11"}, NOT_SAID),
        ({"dateTime": "2027-04-13T02:30:00Z"}, NOT_SAID),
        ({"dateTime": "2027-04-12T02:30:00Z", "localDate": "2027-04-20"}, NOT_SAID),
        ({"dateTime": "2027-04-13T05:00:00Z", "approximate": True}, NOT_SAID),
        ({"localDate": "2027-04-14", "approximate": True}, NOT_SAID),
        (None, NOT_SAID),
        ([], NOT_SAID),
    ],
    ids=str,
)
def test_when_it_ends(ends, expected):
    assert end(TIMED, ends) == expected


def test_of_what_begins_on_a_day_only_the_day_of_the_end_counts():
    assert end(UNTIMED, {"dateTime": "2027-04-15T05:00:00Z"}) == (None, date(2027, 4, 14))
    assert end(UNTIMED, {"localDate": "2027-04-14"}) == (None, date(2027, 4, 14))
    assert end(UNTIMED, {"localDate": "2027-04-11"}) == NOT_SAID


def test_without_a_beginning_there_is_no_end():
    assert end(UNKNOWN, {"localDate": "2027-04-14"}) == end(UNKNOWN, {"dateTime": "2027-04-13T05:00:00Z"}) == NOT_SAID


def test_without_a_zone_a_day_is_a_day():
    assert end(TIMED, {"localDate": "2027-04-14"}, zone=None) == (None, date(2027, 4, 14))
    assert end(TIMED, {"localDate": "2027-04-14", "localTime": "18:00:00"}, zone=None) == (None, date(2027, 4, 14))


@pytest.mark.parametrize("day", ["?", "2027-02-30", 20270414])
def test_a_last_day_that_is_none_is_not_guessed(day):
    with pytest.raises(Malformed):
        end(TIMED, {"localDate": day})


@pytest.mark.parametrize("odd", ["true", "false", 1, 0, []], ids=repr)
class TestFlags:
    @pytest.mark.parametrize("name", ["dateTBA", "dateTBD", "noSpecificTime", "timeTBA"])
    def test_of_the_beginning(self, name, odd):
        with pytest.raises(Malformed, match=f"^{name} is neither true nor false"):
            read(TIMED | {name: odd}, None)

    @pytest.mark.parametrize("name", ["approximate", "noSpecificTime"])
    def test_of_the_end(self, name, odd):
        with pytest.raises(Malformed, match=f"^{name} is neither true nor false"):
            read(TIMED, {"localDate": "2027-04-14", name: odd})

    def test_of_what_may_be_a_test(self, odd):
        with pytest.raises(Malformed, match=r"^test is neither true nor false"):
            read(TIMED, None, test=odd)


@pytest.mark.parametrize("name", ["dateTBA", "dateTBD", "noSpecificTime", "timeTBA"])
def test_a_flag_that_is_null_is_not_set(name):
    assert read(TIMED | {name: None}, None).starts_at == datetime(2027, 4, 13, 2, 30, tzinfo=UTC)
