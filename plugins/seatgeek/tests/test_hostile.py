"""Events with any JSON in any place: each is read or refused, and nothing else goes wrong."""

import copy
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from turnout_external_events.sources import (
    STATUSES,
    Criteria,
    ExternalEvent,
    ExternalVenue,
    Found,
    Malformed,
    Pace,
    PriceRange,
    SourceError,
)
from turnout_external_events.sources.reading import each, one

from turnout_seatgeek.fake import LANTERN_PARADE, ODD
from turnout_seatgeek.fake.cases import CASES
from turnout_seatgeek.fake.programme import Programme
from turnout_seatgeek.mapping import named, read_event

ODDITIES = st.sampled_from(
    [
        "",
        " ",
        "\x00",
        "\ud800",
        "<script>",
        "0001-01-01T00:00:00",
        "9999-12-31T23:59:59",
        "2027-03-28T02:30:00",
        "2027-03-28T02:30:00+14:00",
        "2027-03-28",
        "Europe/Berlin",
        "posixrules",
        "cancelled",
        "1e400",
        "NaN",
        0,
        -1,
        10**18,
        1e308,
        True,
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | ODDITIES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def places(value, path=()):
    """Return the paths of everything in a document."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(inner for name, part in parts for inner in places(part, (*path, name)))]


def put(document, path, value):
    """Return the document with something else in a place; `...` takes away what is there."""
    if not path:
        return None if value is ... else value
    target = document
    for name in path[:-1]:
        if not isinstance(target, dict | list):
            return document
        target = target[name]
    if isinstance(target, dict | list):
        if value is ...:
            del target[path[-1]]
        else:
            target[path[-1]] = value
    return document


USUAL = Programme(date(2026, 9, 1), 1, "https://seatgeek.example.com", tuple(CASES.values())).event(0)
PLACES = places(USUAL)
CHANGES = st.lists(st.tuples(st.sampled_from(PLACES), JSON | st.just(...)), min_size=1, max_size=4)


@st.composite
def mangled(draw):
    """An event of SeatGeek's in which some places have something else, or nothing."""
    document = copy.deepcopy(USUAL)
    for path, value in draw(CHANGES):
        try:
            document = put(document, path, value)
        except (LookupError, TypeError):  # what was there has gone already
            assume(False)
    return document


def is_text(value):
    return isinstance(value, str)


def assert_valid(event):
    """Fail for what the contract does not allow."""
    assert isinstance(event, ExternalEvent)
    assert is_text(event.external_id)
    assert event.external_id.isdigit()
    assert is_text(event.title)
    assert event.title.strip()
    assert event.starts_at is None or event.starts_on is None
    for moment in (event.starts_at, event.ends_at):
        assert moment is None or (isinstance(moment, datetime) and moment.utcoffset() is not None)
    assert event.starts_on is None or type(event.starts_on) is date
    assert isinstance(event.is_estimate, bool)
    assert not (event.is_estimate and event.starts_at)
    assert event.status in STATUSES
    assert is_text(event.description)
    assert is_text(event.location)
    assert isinstance(event.categories, tuple)
    assert all(is_text(word) and word for word in event.categories)
    for word in (event.timezone, event.url, event.image_url):
        assert word is None or (is_text(word) and word)
    if event.price is not None:
        assert isinstance(event.price, PriceRange)
        assert isinstance(event.price.least, Decimal)
        assert 0 <= event.price.least <= event.price.most
    if event.venue is not None:
        assert isinstance(event.venue, ExternalVenue)
        assert is_text(event.venue.name)
        assert event.venue.name
        assert is_text(event.venue.address)
        assert is_text(event.venue.city)
        assert event.venue.capacity is None or (type(event.venue.capacity) is int and event.venue.capacity > 0)
        for word in (event.venue.id, event.venue.country, event.venue.timezone):
            assert word is None or is_text(word)


@settings(max_examples=200, deadline=None)
@given(mangled())
def test_an_event_is_read_or_refused(raw):
    events, refused = each([raw], read_event, named)
    assert len(events) + len(refused) == 1
    for event in events:
        assert_valid(event)
        assert one(raw, read_event) == event
    for refusal in refused:
        assert refusal.reason
        assert is_text(refusal.external_id)
        assert is_text(refusal.title)
        with pytest.raises(Malformed):
            one(raw, read_event)


@settings(max_examples=50, deadline=None)
@given(JSON)
def test_anything_in_place_of_an_event(raw):
    events, refused = each([raw], read_event, named)
    assert (len(events), len(refused)) == (0, 1)


def test_every_place_with_nothing_in_it():
    """Each field by itself, null or missing: all but those that say what it is can be done without."""
    needed = {(), ("id",)}
    for path in PLACES:
        for value in (None, ...):
            _, refused = each([put(copy.deepcopy(USUAL), path, value)], read_event, named)
            assert bool(refused) == (path in needed), (path, value)


over_http = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@over_http
@given(raw=mangled())
def test_over_http_the_others_are_found_all_the_same(seatgeek, source, raw):
    seatgeek.mangle(LANTERN_PARADE, raw)
    criteria = Criteria(location="Sacramento")
    try:
        found = source.search(criteria, 1, 100, Pace.STEADY)
    except SourceError:
        return  # what no JSON may have, such as half a character, spoils the page
    assert isinstance(found, Found)
    for event in found.events:
        assert_valid(event)
    assert len(found.events) + len(found.refused) == found.total
    assert str(ODD["next day in UTC"]) in {event.external_id for event in found.events}


@over_http
@given(raw=mangled())
def test_over_http_one_event_is_read_or_refused(seatgeek, source, raw):
    seatgeek.mangle(LANTERN_PARADE, raw)
    try:
        event = source.fetch(str(LANTERN_PARADE), Pace.STEADY)
    except (SourceError, Malformed):
        return
    assert_valid(event)
    assert event.external_id == str(LANTERN_PARADE)


@over_http
@given(query=st.text(max_size=30) | ODDITIES.map(str), location=st.text(max_size=30), category=st.text(max_size=30))
def test_whatever_is_searched_for(seatgeek, source, query, location, category):
    try:
        found = source.search(Criteria(query=query, location=location, category=category), 1, 10, Pace.STEADY)
    except SourceError:
        return
    assert found.refused == ()
