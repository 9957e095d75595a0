"""Events as SeatGeek has them, one after the other in each way in which they are odd; when they are is in test_times."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from turnout_external_events.sources import (
    CANCELLED,
    POSTPONED,
    RESCHEDULED,
    SCHEDULED,
    ExternalVenue,
    Malformed,
    PriceRange,
)
from turnout_external_events.sources.reading import one

from turnout_seatgeek.mapping import named, read_event


def test_an_event_of_which_all_is_known(read):
    event = read()
    assert event.external_id == "5225201"
    assert event.title == "Velvet Kites"
    assert event.starts_at == datetime(2027, 3, 3, 23, tzinfo=UTC)
    assert (event.starts_on, event.is_estimate, event.ends_at) == (None, False, None)
    assert event.timezone == "America/Sao_Paulo"
    assert event.status == SCHEDULED
    assert event.description == "Doors at seven."
    assert event.venue == ExternalVenue(
        "Estádio do Planalto", "55770", "Eixo Monumental", "Brasilia", "BR", "America/Sao_Paulo", 70_000
    )
    assert event.location == ""
    assert event.categories == ("concert",)
    assert event.price == PriceRange(Decimal(40), Decimal("95.5"), "USD")
    assert event.url == "https://seatgeek.example.com/e/5225201"
    assert event.image_url == "https://images.example.com/kites.jpg"


# Its id and title


@pytest.mark.parametrize(("given", "expected"), [(7, "7"), ("7000001", "7000001"), (999_999_999_999_999, "9" * 15)])
def test_ids_are_text(read, given, expected):
    assert read(id=given).external_id == expected


@pytest.mark.parametrize("given", [None, True, -7, 7.0, "", "seven", "7 ", "٧", 10**15, [7]])  # noqa: RUF001 - a digit, but not SeatGeek's
def test_an_id_that_is_none(refused, given):
    assert "Its id is no number" in refused(id=given)


def test_no_id(refused):
    assert refused(id=...) == "It has no 'id', where there must be one."


@pytest.mark.parametrize(
    ("title", "short_title", "expected"),
    [
        ("  Velvet Kites\n", "Kites", "Velvet Kites"),
        ("", "Kites", "Kites"),
        (" ", "Kites", "Kites"),
        (None, "Kites", "Kites"),
        (7, "Kites", "Kites"),
        ("", "", "Idle Engines, Velvet Kites"),
        (..., ..., "Idle Engines, Velvet Kites"),
    ],
)
def test_what_it_is_called(read, title, short_title, expected):
    assert read(title=title, short_title=short_title).title == expected


@pytest.mark.parametrize("performers", [[], None, "Velvet Kites", [{}], [{"name": None}, 7, {"name": " "}]])
def test_nothing_that_it_could_be_called(refused, performers):
    assert refused(title="", short_title=None, performers=performers) == "It has no title."


def test_what_is_said_of_one_that_cannot_be_read():
    assert named({"id": 7, "title": " Velvet Kites"}) == (7, "Velvet Kites")
    assert named({}) == (None, "")


# What has become of it


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Canceled", CANCELLED),
        ("canceled", CANCELLED),
        ("cancelled", CANCELLED),
        ("contingent", SCHEDULED),
        ("normal", SCHEDULED),
        ("postponed", POSTPONED),
        ("rescheduled", RESCHEDULED),
        ("sold_by_the_moon", SCHEDULED),
        (None, SCHEDULED),
        (7, SCHEDULED),
        (..., SCHEDULED),
    ],
)
def test_its_status(read, given, expected):
    assert read(status=given).status == expected


# Where it is


@pytest.mark.parametrize(
    ("country", "zone", "expected"),
    [
        ("Brazil", "America/Sao_Paulo", "America/Sao_Paulo"),
        ("Brazil", None, None),
        ("UK", None, "Europe/London"),
        ("US", None, None),
        ("Japan", "Asia/Edo", "Asia/Tokyo"),
        ("Japan", 9, "Asia/Tokyo"),
        ("Atlantis", ..., None),
        (None, None, None),
    ],
)
def test_the_zone_is_the_venues_or_the_only_one_of_its_country(read, country, zone, expected):
    event = read(venue={"country": country, "timezone": zone})
    assert event.timezone == expected
    assert event.venue.timezone == (zone if zone == expected else None)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Brazil", "BR"),
        ("US", "US"),
        ("USA", "US"),
        ("UK", "GB"),
        ("Canada", "CA"),
        ("Atlantis", None),
        (None, None),
        (7, None),
    ],
)
def test_countries_have_codes(read, given, expected):
    assert read(venue={"country": given}).venue.country == expected


@pytest.mark.parametrize(
    ("given", "expected"), [(0, None), (-1, None), (None, None), (True, None), ("900", None), (9.5, None), (900, 900)]
)
def test_how_many_it_holds(read, given, expected):
    assert read(venue={"capacity": given}).venue.capacity == expected


def test_an_address_is_the_street_or_else_what_there_is(read):
    assert read(venue={"address": None}).venue.address == "Brasilia, Brazil"
    assert read(venue={"address": 7, "extended_address": ...}).venue.address == ""


@pytest.mark.parametrize(("given", "expected"), [(None, None), (..., None), (7, "7"), ("7", "7")])
def test_the_venues_number(read, given, expected):
    assert read(venue={"id": given}).venue.id == expected


@pytest.mark.parametrize("name", ["", " ", None, 7, ...])
def test_a_place_without_a_name_is_told_in_words(read, name):
    event = read(venue={"name": name})
    assert (event.venue, event.location) == (None, "Brasilia, Brazil")
    assert event.timezone == "America/Sao_Paulo"
    event = read(venue={"name": name, "extended_address": None})
    assert event.location == "Eixo Monumental, Brasilia, Brazil"


def test_no_place(read):
    event = read(venue=None)
    assert (event.venue, event.location, event.timezone) == (None, "", None)
    assert event.starts_at is not None


# What it is


NESTED = [
    {"id": 1000000, "name": "sports", "parent_id": None},
    {"id": 1010000, "name": "baseball", "parent_id": 1000000},
    {"id": 1010300, "name": "minor_league_baseball", "parent_id": 1010000},
]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_categories_are_the_most_specific_first(read, order):
    event = read(taxonomies=[NESTED[index] for index in order], type="minor_league_baseball")
    assert event.categories == ("minor league baseball", "baseball", "sports")


@pytest.mark.parametrize(
    ("taxonomies", "type_", "expected"),
    [
        ([], "music_festival", ("music festival",)),
        (None, None, ()),
        ([{"name": None}, 7, {"id": 2, "name": "comedy", "parent_id": 99}], "club", ("comedy", "club")),
        (
            [{"id": 1, "name": "hen", "parent_id": 2}, {"id": 2, "name": "egg", "parent_id": 1}],
            "hen",
            ("hen", "egg"),
        ),
        ([{"id": 1, "name": "itself", "parent_id": 1}], "", ("itself",)),
    ],
)
def test_odd_categories(read, taxonomies, type_, expected):
    assert read(taxonomies=taxonomies, type=type_).categories == expected


@pytest.mark.parametrize(
    ("stats", "expected"),
    [
        ({"lowest_price": 18}, ("18", "18")),
        ({"lowest_price": 18.25, "highest_price": None}, ("18.25", "18.25")),
        ({"lowest_price": 0, "highest_price": 20}, ("0", "20")),
        ({"lowest_price": 30, "highest_price": 20}, ("30", "30")),
        ({"lowest_price": "18.10", "highest_price": "x"}, ("18.10", "18.10")),
        ({"lowest_price": None, "highest_price": 20}, None),
        ({"lowest_price": -1}, None),
        ({"lowest_price": True}, None),
        ({"lowest_price": [18]}, None),
        ({}, None),
        (None, None),
        ([18], None),
        ("18", None),
        (..., None),
    ],
)
def test_prices(read, stats, expected):
    found = read(stats=stats).price
    assert found == (None if expected is None else PriceRange(*map(Decimal, expected), "USD"))


@pytest.mark.parametrize(
    ("performers", "expected"),
    [
        ([{"image": "https://a.example.com/1"}, {"image": "https://a.example.com/2"}], "https://a.example.com/1"),
        (
            [{"image": "https://a.example.com/1"}, {"image": "https://a.example.com/2", "primary": True}],
            "https://a.example.com/2",
        ),
        ([{"image": None, "primary": True}, {"image": "https://a.example.com/2"}], "https://a.example.com/2"),
        ([{"image": 7}, {}], None),
        ([], None),
        ({}, None),
        (..., None),
    ],
)
def test_its_picture(read, performers, expected):
    assert read(performers=performers).image_url == expected


@pytest.mark.parametrize("given", [None, "", 7, ...])
def test_no_address(read, given):
    assert read(url=given).url is None


@pytest.mark.parametrize("raw", [None, 7, "x", [], [{}], True])
def test_what_is_no_event(raw):
    with pytest.raises(Malformed, match="It is no event"):
        one(raw, read_event)
