"""Events with any JSON in any place: each is read or refused, and nothing else goes wrong."""

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from turnout_external_events.sources import Criteria, Found, Malformed, Pace, SourceError
from turnout_external_events.sources.reading import each, one
from turnout_external_events.testing.mangling import ANYTHING, ODDITIES, faults_of, mangled, places, put

from turnout_seatgeek.fake import LANTERN_PARADE, ODD
from turnout_seatgeek.fake.cases import CASES
from turnout_seatgeek.fake.programme import Programme
from turnout_seatgeek.mapping import named, read_event

USUAL = Programme(date(2026, 9, 1), 1, "https://seatgeek.example.com", tuple(CASES.values())).event(0)


@settings(max_examples=200, deadline=None)
@given(mangled(USUAL))
def test_an_event_is_read_or_refused(raw):
    events, refused = each([raw], read_event, named)
    assert len(events) + len(refused) == 1
    for event in events:
        assert faults_of(event) == []
        assert event.external_id.isdigit()
        assert one(raw, read_event) == event
    for refusal in refused:
        assert refusal.reason
        with pytest.raises(Malformed):
            one(raw, read_event)


@settings(max_examples=50, deadline=None)
@given(ANYTHING)
def test_anything_in_place_of_an_event(raw):
    events, refused = each([raw], read_event, named)
    assert (len(events), len(refused)) == (0, 1)


def test_every_place_with_nothing_in_it():
    """Each field by itself, null or missing: all but those that say what it is can be done without."""
    needed = {(), ("id",)}
    for path in places(USUAL):
        for value in (None, ...):
            _, refused = each([put(USUAL, path, value)], read_event, named)
            assert bool(refused) == (path in needed), (path, value)


over_http = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@over_http
@given(raw=mangled(USUAL))
def test_over_http_the_others_are_found_all_the_same(seatgeek, source, raw):
    seatgeek.mangle(LANTERN_PARADE, raw)
    criteria = Criteria(location="Sacramento")
    try:
        found = source.search(criteria, 1, 100, Pace.STEADY)
    except SourceError:
        return  # what no JSON may have, such as half a character, spoils the page
    assert isinstance(found, Found)
    assert not any(map(faults_of, found.events))
    assert len(found.events) + len(found.refused) == found.total
    assert str(ODD["next day in UTC"]) in {event.external_id for event in found.events}


@over_http
@given(raw=mangled(USUAL))
def test_over_http_one_event_is_read_or_refused(seatgeek, source, raw):
    seatgeek.mangle(LANTERN_PARADE, raw)
    try:
        event = source.fetch(str(LANTERN_PARADE), Pace.STEADY)
    except (SourceError, Malformed):
        return
    assert faults_of(event) == []
    assert event.external_id == str(LANTERN_PARADE)


@over_http
@given(query=st.text(max_size=30) | ODDITIES.map(str), location=st.text(max_size=30), category=st.text(max_size=30))
def test_whatever_is_searched_for(seatgeek, source, query, location, category):
    try:
        found = source.search(Criteria(query=query, location=location, category=category), 1, 10, Pace.STEADY)
    except SourceError:
        return
    assert found.refused == ()
