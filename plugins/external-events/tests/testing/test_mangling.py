"""What is done to JSON, and what is found wrong with an event."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from turnout_external_events.sources import ExternalEvent, ExternalVenue, PriceRange
from turnout_external_events.testing.mangling import faults_of, mangled, places, put

DOCUMENT = {"id": 7, "venue": {"name": "Hall"}, "prices": [10, {"most": 20}]}
PLACES = [
    (),
    ("id",),
    ("venue",),
    ("venue", "name"),
    ("prices",),
    ("prices", 0),
    ("prices", 1),
    ("prices", 1, "most"),
]


def test_where_things_are():
    assert places(DOCUMENT) == PLACES


def test_something_else_is_put_there_and_the_rest_stays():
    before = repr(DOCUMENT)
    assert put(DOCUMENT, ("prices", 1, "most"), None) == DOCUMENT | {"prices": [10, {"most": None}]}
    assert put(DOCUMENT, ("prices", 0), ...) == DOCUMENT | {"prices": [{"most": 20}]}
    assert put(DOCUMENT, ("venue", "name"), ...) == DOCUMENT | {"venue": {}}
    assert (put(DOCUMENT, (), 5), put(DOCUMENT, (), ...)) == (5, None)
    assert repr(DOCUMENT) == before


@given(mangled(DOCUMENT, ["other"]), st.data())
@settings(max_examples=50, deadline=None)
def test_whatever_was_done_more_can_be_done(document, data):
    for place in places(document):
        put(document, place, data.draw(st.integers()))


OTHER = {"other": 1, "more": [2, 3]}


@pytest.mark.parametrize(
    "is_wanted",
    [
        lambda document: "other" in document,
        lambda document: "prices" in document and "id" not in document,
        lambda document: "prices" in document and document.get("venue", 0) is None,
        lambda document: "prices" in document and document.get("venue", {}) == {},
    ],
    ids=["another document", "something is missing", "something is null", "something within is missing"],
)
def test_what_may_become_of_documents(is_wanted):
    objects = mangled(DOCUMENT, OTHER).filter(lambda document: isinstance(document, dict))
    find(objects, is_wanted, settings=settings(max_examples=2000, database=None, phases=[Phase.generate]))


NOW = datetime(2027, 5, 1, 19, tzinfo=UTC)
HALL = ExternalVenue("Hall", "v1", "Rua 5", "Lisbon", "PT", "Europe/Lisbon", 300)
PRICE = PriceRange(Decimal(0), Decimal(20), "EUR")
SOUND = ExternalEvent(
    "7",
    "Fado night",
    NOW,
    ends_at=NOW + timedelta(hours=3),
    timezone="Europe/Lisbon",
    venue=HALL,
    categories=("Fado", "Music"),
    price=PRICE,
    url="https://acme.example.com/7",
)


@pytest.mark.parametrize(
    "event",
    [
        SOUND,
        ExternalEvent("7", "Fado night"),
        ExternalEvent("7", "Fado night", starts_on=date(2027, 5, 1), is_estimate=True),
        ExternalEvent("7", "Fado night", starts_on=date(2027, 5, 1), ends_on=date(2027, 5, 3)),
        replace(SOUND, venue=ExternalVenue("Hall")),
    ],
)
def test_nothing_is_wrong_with_an_event_by_the_contract(event):
    assert faults_of(event) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("external_id", 7),
        ("external_id", ""),
        ("title", " "),
        ("starts_at", NOW.replace(tzinfo=None)),
        ("starts_at", "2027-05-01T19:00:00Z"),
        ("starts_on", NOW.date()),
        ("is_estimate", None),
        ("ends_at", NOW),
        ("ends_at", NOW.replace(tzinfo=None)),
        ("ends_on", NOW.date()),
        ("timezone", "Europe/Atlantis"),
        ("timezone", 5),
        ("status", "sold out"),
        ("description", None),
        ("venue", {"name": "Hall"}),
        ("venue", replace(HALL, name="")),
        ("venue", replace(HALL, city=None)),
        ("venue", replace(HALL, id=5)),
        ("venue", replace(HALL, capacity=0)),
        ("venue", replace(HALL, capacity=True)),
        ("location", 5),
        ("categories", ["Fado"]),
        ("categories", ("Fado", "")),
        ("price", 20),
        ("price", replace(PRICE, least=Decimal(30))),
        ("price", replace(PRICE, least=Decimal(-1))),
        ("price", replace(PRICE, most=Decimal("inf"))),
        ("price", replace(PRICE, most=20.0)),
        ("price", replace(PRICE, currency=None)),
        ("url", ""),
        ("image_url", 5),
    ],
    ids=str,
)
def test_what_is_wrong_with_one_is_named(field, value):
    assert faults_of(replace(SOUND, **{field: value})) == [field]


def test_what_is_only_expected_has_no_moment():
    assert faults_of(replace(SOUND, is_estimate=True)) == ["starts_at"]
    assert "starts_on" in faults_of(replace(SOUND, starts_at=None, ends_at=None, starts_on=NOW))
