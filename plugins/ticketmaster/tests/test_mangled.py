"""Whatever JSON stands in the place of anything: an event is read, with what it should have, or it is refused."""

import copy
import json
from datetime import date, datetime
from decimal import Decimal

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings
from turnout.testing.fakes import Answer
from turnout_external_events.sources import STATUSES, Criteria, ExternalVenue, Pace, PriceRange, SourceError
from turnout_external_events.sources.reading import each, zone

from turnout_ticketmaster.fake import documents
from turnout_ticketmaster.fake.programme import ODD, Programme
from turnout_ticketmaster.mapping import name_of, read_event

odd_text = st.sampled_from(
    [
        "",
        " ",
        "\x00",
        "2027-02-30",
        "2027-03-14T02:30:00",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31",
        "25:61",
        "Etc/GMT+99",
        "NaN",
        "1e999",
        "true",
    ]
)
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | odd_text
anything = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def places(document, path=()):
    """Yield where things are in a document."""
    yield path
    inner = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for name, value in inner:
        yield from places(value, (*path, name))


def put(document, path, value):
    """Return a document with something else at a place."""
    if not path:
        return value
    changed = copy.copy(document)
    changed[path[0]] = put(document[path[0]], path[1:], value)
    return changed


LISTINGS = {listing.kind: listing for listing in Programme(date(2027, 3, 1), 300, 365).between(None, None)}
EVENTS = [documents.event(LISTINGS[kind], "https://img.example.com") for kind in ("plain", *ODD)]


@st.composite
def mangled(draw):
    document = draw(st.sampled_from(EVENTS))
    for _ in range(draw(st.integers(1, 3))):
        document = put(document, draw(st.sampled_from(list(places(document)))), draw(anything))
    return document


def require_sound(event):
    """Fail for what is not as the contract says."""
    assert isinstance(event.external_id, str)
    assert isinstance(event.title, str)
    assert event.title.strip()
    assert event.starts_at is None or (isinstance(event.starts_at, datetime) and event.starts_at.tzinfo)
    assert event.starts_on is None or type(event.starts_on) is date
    assert event.starts_at is None or event.starts_on is None
    assert not (event.is_estimate and event.starts_at)
    assert event.ends_at is None or event.ends_at > event.starts_at
    assert event.ends_on is None or (type(event.ends_on) is date and event.ends_at is None)
    assert event.timezone is None or zone(event.timezone)
    assert event.status in STATUSES
    texts = [event.description, event.location, *event.categories]
    if event.venue is not None:
        assert isinstance(event.venue, ExternalVenue)
        texts += [event.venue.name, event.venue.address, event.venue.city]
        texts += [each for each in (event.venue.id, event.venue.country, event.venue.timezone) if each is not None]
    assert all(isinstance(text, str) for text in texts)
    assert all(isinstance(url, str | None) for url in (event.url, event.image_url))
    if event.price is not None:
        assert isinstance(event.price, PriceRange)
        assert all(
            isinstance(amount, Decimal) and amount.is_finite() for amount in (event.price.least, event.price.most)
        )
        assert 0 <= event.price.least <= event.price.most
    hash(event)


@given(mangled())
@settings(max_examples=300, deadline=None)
def test_an_event_is_read_or_refused(document):
    events, refused = each([document], read_event, name_of)
    assert len(events) + len(refused) == 1
    for event in events:
        require_sound(event)
    for refusal in refused:
        assert refusal.reason
        assert isinstance(refusal.external_id, str)
        assert isinstance(refusal.title, str)


page = st.fixed_dictionaries(
    {"_embedded": st.fixed_dictionaries({"events": st.lists(mangled(), max_size=3)}), "page": anything}
)


@given(
    st.one_of(
        page.map(json.dumps), anything.map(json.dumps), st.binary(max_size=50).map(lambda raw: raw.decode("latin-1"))
    )
)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_a_search_answers_or_says_why_not(make_source, echo, said):
    echo.said = Answer(200, said.encode())
    source = make_source(echo)
    try:
        found = source.search(Criteria(), 1, 20, Pace.STEADY)
    except SourceError:
        return
    for event in found.events:
        require_sound(event)
    assert isinstance(found.total, int)
