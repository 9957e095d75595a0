"""JSON that may be anything, for Hypothesis, and whether an event that was read from it is one by the contract.

@given(mangled(USUAL))
def test_an_event_is_read_or_refused(raw):
    events, refused = each([raw], read_event, named)
    assert len(events) + len(refused) == 1
    assert not any(map(faults_of, events))
"""

import copy
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from turnout_external_events.sources.contract import STATUSES, ExternalVenue, PriceRange
from turnout_external_events.sources.reading import zone

ODDITIES = st.sampled_from(
    [
        "",
        " ",
        "\x00",
        "\ud800",
        "<script>",
        "0001-01-01T00:00:00",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31",
        "9999-12-31T23:59:59",
        "2027-02-30",
        "2027-03-14T02:30:00",
        "2027-03-28",
        "2027-03-28T02:30:00",
        "2027-03-28T02:30:00+14:00",
        "25:61",
        "Europe/Berlin",
        "Etc/GMT+99",
        "posixrules",
        "cancelled",
        "true",
        "NaN",
        "1e999",
        0,
        -1,
        10**18,
        1e308,
        True,
    ]
)
"""What is likely to be taken for something that it is not."""
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | ODDITIES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)

Place = tuple[Any, ...]


def places(document: Any, begin: Place = ()) -> list[Place]:
    """Return where things are in a document: the names and numbers that lead there, of all that there is."""
    inner: Any = ()
    if isinstance(document, dict):
        inner = document.items()
    elif isinstance(document, list):
        inner = enumerate(document)
    return [begin, *(place for name, part in inner for place in places(part, (*begin, name)))]


def put(document: Any, place: Sequence[Any], value: Any) -> Any:
    """Return the document with something else at a place; ``...`` takes away what is there. Raises `LookupError`."""
    if not place:
        return None if value is ... else value
    name, *rest = place
    changed = copy.copy(document)
    if value is ... and not rest:
        del changed[name]
    else:
        changed[name] = put(document[name], rest, value)
    return changed


@st.composite
def mangled(draw: st.DrawFn, *documents: Any) -> Any:
    """One of some documents, in which a few places have something else, or nothing."""
    document = draw(st.sampled_from(documents))
    for _ in range(draw(st.integers(1, 4))):
        document = put(document, draw(st.sampled_from(places(document))), draw(ANYTHING | st.just(...)))
    return document


def faults_of(event: Any) -> list[str]:
    """Return the fields of an `ExternalEvent` that are not as the contract says."""
    is_fine = {
        "external_id": _is_word(event.external_id),
        "title": _is_word(event.title),
        "starts_at": event.starts_at is None or (_is_moment(event.starts_at) and not event.is_estimate),
        "starts_on": event.starts_on is None or (type(event.starts_on) is date and event.starts_at is None),
        "is_estimate": isinstance(event.is_estimate, bool),
        "ends_at": event.ends_at is None or (_is_moment(event.ends_at) and _is_after(event.ends_at, event.starts_at)),
        "ends_on": event.ends_on is None or (type(event.ends_on) is date and event.ends_at is None),
        "timezone": event.timezone is None or zone(event.timezone) is not None,
        "status": event.status in STATUSES,
        "description": isinstance(event.description, str),
        "venue": event.venue is None or _is_venue(event.venue),
        "location": isinstance(event.location, str),
        "categories": isinstance(event.categories, tuple) and all(map(_is_word, event.categories)),
        "price": event.price is None or _is_price(event.price),
        "url": event.url is None or _is_word(event.url),
        "image_url": event.image_url is None or _is_word(event.image_url),
    }
    return [name for name, fine in is_fine.items() if not fine]


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_moment(value: Any) -> bool:
    return isinstance(value, datetime) and value.utcoffset() is not None


def _is_after(end: datetime, start: Any) -> bool:
    return not _is_moment(start) or end > start


def _is_venue(venue: Any) -> bool:
    return (
        isinstance(venue, ExternalVenue)
        and _is_word(venue.name)
        and all(isinstance(text, str) for text in (venue.address, venue.city))
        and all(text is None or isinstance(text, str) for text in (venue.id, venue.country, venue.timezone))
        and (venue.capacity is None or (type(venue.capacity) is int and venue.capacity > 0))
    )


def _is_price(price: Any) -> bool:
    return (
        isinstance(price, PriceRange)
        and all(isinstance(amount, Decimal) and amount.is_finite() for amount in (price.least, price.most))
        and 0 <= price.least <= price.most
        and isinstance(price.currency, str)
    )
