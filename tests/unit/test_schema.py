"""The vocabulary of schemas, as forms and settings meet it: everything is text."""

from datetime import UTC, date, datetime
from decimal import Decimal

import colander
import pytest

from turnout import schema as fields


@pytest.mark.parametrize(
    ("node", "text", "value"),
    [
        (fields.whole(), "7", 7),
        (fields.whole(-5), " -5 ", -5),
        (fields.money(), "150.00", Decimal("150.00")),
        (fields.moment(), "2028-02-29T23:30:00-01:00", datetime(2028, 3, 1, 0, 30, tzinfo=UTC)),
        (fields.day(), "2028-02-29", date(2028, 2, 29)),
        (fields.flag(), "true", True),
        (fields.text(10), "  x  ", "x"),
        (fields.choice(["a", "b"]), "b", "b"),
        (fields.url(), "https://example.com", "https://example.com"),
        (fields.currency(), "KWD", "KWD"),
        (fields.country(), "PT", "PT"),
        (fields.timezone(), "Asia/Tokyo", "Asia/Tokyo"),
    ],
)
def test_text_becomes_a_value(node, text, value):
    found = node.deserialize(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (fields.whole(), "1.5"),
        (fields.whole(), "٣"),
        (fields.whole(), "9" * 20),
        (fields.money(), "1,50"),
        (fields.money(), "0.00001"),
        (fields.money(), "10000000000"),
        (fields.moment(), "2027-02-29T12:00:00Z"),
        (fields.moment(), "2027-05-01T12:00:00"),
        (fields.moment(), "1969-05-01T12:00:00Z"),
        (fields.day(), "2027-02-29"),
        (fields.flag(), "perhaps"),
        (fields.slug(), "two--hyphens"),
        (fields.email(), "a@b"),
        (fields.email(), "a@-b.com"),
        (fields.url(), "ftp://example.com"),
        (fields.url(), "https://exam ple.com"),
        (fields.country(), "XK"),
        (fields.currency(), "XX"),
        (fields.timezone(), "Lisbon"),
        (fields.many(fields.text(3, name="entry"), 2), ["a", "b", "c"]),
    ],
)
def test_what_is_none_is_refused_with_words(node, text):
    with pytest.raises(colander.Invalid) as caught:
        node.deserialize(text)
    assert all(caught.value.asdict(translate=str).values())


@pytest.mark.parametrize("node", [fields.text(10), fields.matching("^[x]*$", "must be of x", 10)])
def test_space_around_a_text_counts_to_what_openapi_calls_its_longest(node):
    assert node.deserialize(" " * 4 + "x" * 6) == "x" * 6
    with pytest.raises(colander.Invalid, match="at most 10 characters"):
        node.deserialize(" " + "x" * 10)


@pytest.mark.parametrize("node", [fields.whole(optional=True), fields.moment(optional=True), fields.url(optional=True)])
def test_what_is_optional_may_be_left_out(node):
    assert node.deserialize(colander.null) is None
    assert node.nullable


def test_moments_are_written_in_utc():
    moment = fields.moment().deserialize("2027-05-01T19:30:00+02:00")
    assert fields.iso(moment) == "2027-05-01T17:30:00Z"
    assert fields.moment().serialize(moment) == "2027-05-01T17:30:00Z"


def test_countries_are_those_of_iso_3166():
    assert {"PT", "JP", "BR", "TW"} <= fields.countries()
    assert not {"EU", "UK", "ZZ", "XK"} & fields.countries()
    assert 245 <= len(fields.countries()) <= 252
