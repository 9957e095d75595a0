"""What the demo is made of."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnout.demo.programme import WEEKDAYS, Programme, when
from turnout.schema import countries

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)


@pytest.fixture
def programme():
    return Programme(NOW)


@given(
    st.integers(0, 500_000_000).map(lambda seconds: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)),
    st.integers(1, 12),
    st.sampled_from(WEEKDAYS),
    st.sampled_from(["Asia/Tokyo", "America/Los_Angeles", "Europe/Lisbon", "Pacific/Kiritimati"]),
)
def test_a_date_is_always_ahead_on_its_weekday_and_in_its_week(now, weeks, weekday, timezone):
    moment = when(f"{weeks} {weekday} 19:30", timezone, now)
    local = moment.astimezone(ZoneInfo(timezone))
    assert (WEEKDAYS[local.weekday()], local.hour, local.minute) == (weekday, 19, 30)
    days = (local.date() - now.astimezone(ZoneInfo(timezone)).date()).days
    assert 7 * (weeks - 1) < days <= 7 * weeks
    assert moment > now


def test_there_is_enough_to_look_at(programme):
    venues, events = programme.places["venue"], programme.events
    assert len(events) >= 40
    assert len(venues) >= 12
    assert len({venue["country"] for venue in venues}) >= 8
    assert len({event["currency"] for event in events}) >= 6
    assert len({event["organizer"] for event in events}) >= 4
    assert {event["category"] for event in events} == {category["slug"] for category in programme.places["category"]}
    assert len({event["title"] for event in events}) == len(events)
    assert sum(len(event.get("tickets", ())) > 1 for event in events) >= 8
    assert any(event.get("price") == "0.00" for event in events)
    assert sorted(event["status"] for event in events if "status" in event) == ["cancelled", "draft"]


def test_everything_that_is_named_is_there(programme):
    names = {
        kind: {entry.get("slug", entry.get("name")) for entry in programme.places[kind]} for kind in programme.places
    }
    organizers = {person["username"] for person in programme.people["organizer"]}
    for event in programme.events:
        assert ("venue" in event) != ("location" in event)
        assert event.get("venue") in {*names["venue"], None}
        assert event["category"] in names["category"]
        assert set(event["tags"]) <= names["tag"]
        assert event["organizer"] in organizers
    used = {tag for event in programme.events for tag in event["tags"]}
    assert used == names["tag"]


def test_places_are_real_enough(programme):
    for venue in programme.places["venue"]:
        assert venue["country"] in countries()
        ZoneInfo(venue["timezone"])


def test_texts_are_whole_and_nothing_points_outside(programme):
    for event in programme.events:
        text = event["description"]
        assert len(text) > 60
        assert "\n" not in text
        assert text[-1] in '.!?"”。)'
        assert not re.search(r"lorem|todo|https?:|@(?!example\.com)", text, re.IGNORECASE)


def test_it_is_the_same_demo_every_time():
    def bookings():
        programme = Programme(NOW)
        return [list(programme.bookings_of(event)) for event in programme.events]

    assert bookings() == bookings()


def test_bookings_fill_an_event_to_the_number_that_it_names(programme):
    for event in programme.events:
        bookings = list(programme.bookings_of(event))
        assert len({name for name, _, _ in bookings}) == len(bookings)
        assert all(1 <= places <= 10 for _, places, _ in bookings)
        if "booked" in event:
            assert sum(places for _, places, _ in bookings) == event["booked"]


def test_an_event_lasts_as_long_as_it_says(programme):
    for event in programme.events:
        assert event["ends_at"] - event["starts_at"] == timedelta(hours=event["hours"])
