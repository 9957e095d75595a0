"""What sources answer, read piece by piece: times around the nights on which clocks change, zones, countries, amounts."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from turnout.plugin import fields

from turnout_external_events.sources import ExternalEvent, Malformed, Refusal
from turnout_external_events.sources.reading import (
    amount,
    country_code,
    each,
    instant,
    local,
    one,
    utc,
    zone,
    zone_of_country,
)

NO_MOMENTS = [
    "",
    "soon",
    "2027-03-28",
    "20270328",
    "2027-W12-7",
    "20:00:00",
    "2027-02-29T20:00:00",
    "2027-03-28T25:00:00",
    "2027-03-28T20:00:00Z ",
    "2027-03-28T20:00:00Z\n",
    "2027-03-28 at 20:00",
    1_800_000_000,
    True,
    ["2027-03-28T20:00:00Z"],
    {},
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
ZONES = st.sampled_from(sorted(fields.timezones() - {"Factory", "localtime"}))


# Times


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2027-03-28T20:00:00Z", datetime(2027, 3, 28, 20, tzinfo=UTC)),
        ("2027-03-28T20:00:00+05:30", datetime(2027, 3, 28, 14, 30, tzinfo=UTC)),
        ("2027-03-28 20:00-07:00", datetime(2027, 3, 29, 3, tzinfo=UTC)),
        ("2027-03-28T20:00:00.250Z", datetime(2027, 3, 28, 20, 0, 0, 250_000, tzinfo=UTC)),
        (None, None),
    ],
)
def test_a_moment_that_names_its_zone(text, expected):
    assert instant(text) == utc(text) == expected
    for found in filter(None, (instant(text), utc(text))):
        assert found.tzinfo is UTC


def test_a_moment_that_names_none():
    with pytest.raises(Malformed, match="A moment without a zone: '2027-03-28T20:00:00'"):
        instant("2027-03-28T20:00:00")
    assert utc("2027-03-28T20:00:00") == datetime(2027, 3, 28, 20, tzinfo=UTC)


@pytest.mark.parametrize("text", NO_MOMENTS, ids=repr)
def test_what_is_no_moment(text):
    for read in (instant, utc, lambda given: local(given, "Europe/Berlin")):
        with pytest.raises(Malformed, match="No moment"):
            read(text)


@pytest.mark.parametrize("text", ["soon " * 1000, "2027-02-29T20:00:00." + "0" * 1000], ids=["words", "digits"])
def test_what_is_said_of_it_is_short(text):
    with pytest.raises(Malformed) as raised:
        utc(text)
    assert len(str(raised.value)) < 100


def test_a_wall_clock_that_names_a_zone():
    with pytest.raises(Malformed, match="A local time with a zone"):
        local("2027-03-28T20:00:00Z", "Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("2027-03-28T01:59:59", "Europe/Berlin", datetime(2027, 3, 28, 0, 59, 59, tzinfo=UTC)),
        ("2027-03-28T03:00:00", "Europe/Berlin", datetime(2027, 3, 28, 1, tzinfo=UTC)),
        ("2027-10-31T02:30:00", "Europe/Berlin", datetime(2027, 10, 31, 0, 30, tzinfo=UTC)),  # the first of two
        ("2027-10-31T03:00:00", "Europe/Berlin", datetime(2027, 10, 31, 2, tzinfo=UTC)),
        ("2027-03-14T03:00:00", "America/Los_Angeles", datetime(2027, 3, 14, 10, tzinfo=UTC)),
        (
            "2027-04-04T01:45:00",
            "Australia/Lord_Howe",
            datetime(2027, 4, 3, 14, 45, tzinfo=UTC),
        ),  # back by half an hour
        ("2027-07-01T20:00:00", "America/Phoenix", datetime(2027, 7, 2, 3, tzinfo=UTC)),
        ("2027-07-01T20:00:00", "Asia/Kathmandu", datetime(2027, 7, 1, 14, 15, tzinfo=UTC)),
    ],
)
def test_wall_clocks(text, name, expected):
    found = local(text, name)
    assert found == expected
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("2027-03-28T02:00:00", "Europe/Berlin"),
        ("2027-03-28T02:59:59", "Europe/Berlin"),
        ("2027-03-14T02:30:00", "America/Los_Angeles"),
        ("2027-10-03T02:15:00", "Australia/Lord_Howe"),  # forward by half an hour
        ("2011-12-30T12:00:00", "Pacific/Apia"),  # a day that there never was
    ],
)
def test_times_that_no_clock_shows(text, name):
    with pytest.raises(Malformed, match=f"is no time in {name}"):
        local(text, name)


@pytest.mark.parametrize(
    ("text", "name"),
    [("0001-01-01T00:00:00", "Asia/Tokyo"), ("9999-12-31T23:00:00", "America/New_York")],
)
def test_times_that_are_in_no_year_of_utc(text, name):
    with pytest.raises(Malformed, match="It is in the year"):
        local(text, name)


@pytest.mark.parametrize("read_moment", [instant, utc], ids=["instant", "utc"])
@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-05:00"])
def test_moments_that_are_in_no_year_of_utc(read_moment, text):
    with pytest.raises(Malformed, match="It is in the year"):
        read_moment(text)


@given(st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1)), ZONES)  # noqa: DTZ001 - wall clocks
def test_a_wall_clock_shows_what_was_read_from_it(naive, name):
    try:
        found = local(naive.isoformat(), name)
    except Malformed:
        before, after = (naive.replace(tzinfo=ZoneInfo(name), fold=fold).utcoffset() for fold in (0, 1))
        assert before < after  # the clocks go forward over it
        return
    assert found.astimezone(ZoneInfo(name)).replace(tzinfo=None) == naive
    an_hour_ago = found - timedelta(hours=1)
    assert an_hour_ago.astimezone(ZoneInfo(name)).replace(tzinfo=None) != naive


@given(st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1), timezones=st.timezones()))  # noqa: DTZ001 - zones are drawn
def test_moments_are_read_as_they_are_written(moment):
    offset = moment.utcoffset()
    if offset.seconds % 60:
        return  # no clock of today is off by seconds
    assert instant(moment.isoformat()) == utc(moment.isoformat()) == moment.astimezone(UTC)


@given(JSON)
def test_any_json_for_a_moment(value):
    for read in (instant, utc, lambda given: local(given, "Europe/Berlin")):
        try:
            found = read(value)
        except (Malformed, OverflowError):
            continue
        assert found is None or found.utcoffset() == timedelta(0)


# Zones and countries


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("Europe/Berlin",), "Europe/Berlin"),
        ((None, 7, ["UTC"], "Europe/Atlantis", "Asia/Tokyo", "UTC"), "Asia/Tokyo"),
        (("europe/berlin", "", "CEST", "+02:00", "../etc/passwd", "Factory", "localtime"), None),
        ((), None),
    ],
)
def test_zones(names, expected):
    assert zone(*names) == expected


@pytest.mark.parametrize(
    ("country", "expected"),
    [
        ("FR", "Europe/Paris"),
        ("GB", "Europe/London"),
        ("IN", "Asia/Kolkata"),
        ("JP", "Asia/Tokyo"),
        ("BR", None),
        ("ES", None),
        ("US", None),
        ("ZZ", None),
        ("", None),
        (None, None),
    ],
)
def test_the_zone_of_a_country_that_has_but_one(country, expected):
    assert zone_of_country(country) == expected


def test_each_only_zone_is_one():
    found = {zone_of_country(code) for code in fields.countries()} - {None}
    assert len(found) > 150
    assert all(zone(name) == name for name in found)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("Brazil",), "BR"),
        (("US",), "US"),
        ((" us ",), "US"),
        (("USA",), "US"),
        (("United States Of America",), "US"),
        (("UK",), "GB"),
        (("England",), "GB"),
        (("Türkiye",), "TR"),
        (("Turkey",), "TR"),
        (("Hong Kong",), "HK"),
        (("Côte d'Ivoire",), "CI"),
        (("Côte d\N{RIGHT SINGLE QUOTATION MARK}Ivoire",), "CI"),
        (("Bosnia and Herzegovina",), "BA"),
        (("Bosnia & Herzegovina",), "BA"),
        ((None, 7, ["US"], "Atlantis", "Japan", "US"), "JP"),
        (("EU",), None),
        (("ZZ",), None),
        (("World",), None),
        (("",), None),
        ((), None),
    ],
    ids=repr,
)
def test_countries(names, expected):
    assert country_code(*names) == expected


def test_every_code_is_its_own():
    assert {code: country_code(code.lower()) for code in fields.countries()} == {c: c for c in fields.countries()}


# Amounts


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0"),
        (40, "40"),
        (40.1, "40.1"),
        ("40.10", "40.10"),
        (-0.0, "0.0"),
        (None, None),
        (-1, None),
        (True, None),
        ("", None),
        ("free", None),
        ("NaN", None),
        (float("nan"), None),
        (float("inf"), None),
        ([40], None),
        ({}, None),
    ],
    ids=repr,
)
def test_amounts(value, expected):
    found = amount(value)
    assert (found if found is None else str(found)) == expected


@given(JSON)
def test_any_json_for_an_amount_a_zone_or_a_country(value):
    found = amount(value)
    assert found is None or (isinstance(found, Decimal) and found.is_finite() and not found.is_signed())
    assert zone(value) is None or zone(value) == value
    assert country_code(value) is None or country_code(value) in fields.countries()


# One by one


def read(raw):
    """Read an event; `raw` that is an error is raised."""
    if isinstance(raw, Exception):
        raise raw
    return ExternalEvent(str(raw["id"]), raw["name"])


def name(raw):
    return raw["id"], raw["name"]


def test_one_that_is_odd_spoils_no_other():
    events, refused = each([{"id": 1, "name": "One"}, {"id": 2}, 7, {"id": 3, "name": "Three"}], read, name)
    assert [event.title for event in events] == ["One", "Three"]
    assert refused == (
        Refusal("It has no 'name', where there must be one."),
        Refusal("It is not as it should be: TypeError."),
    )


def test_who_it_is_that_cannot_be_read():
    def fail(_raw):
        raise Malformed("It has no title.")

    raws = [{"id": 7, "name": "Kites"}, {"id": None, "name": ["Kites"]}, {"id": "7", "name": "K" * 1000}]
    _, refused = each(raws, fail, name)
    assert [(one.external_id, one.title[:5], len(one.title)) for one in refused] == [
        ("7", "Kites", 5),
        ("", "", 0),
        ("7", "KKKKK", 200),
    ]
    assert {one.reason for one in refused} == {"It has no title."}


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Malformed("Odd."), "Odd."),
        (KeyError("dates"), "It has no 'dates', where there must be one."),
        (IndexError("list index out of range"), "It is not as it should be: IndexError."),
        (TypeError("private"), "It is not as it should be: TypeError."),
        (OverflowError("private"), "It is not as it should be: OverflowError."),
        (RecursionError("private"), "It is not as it should be: RecursionError."),
    ],
    ids=repr,
)
def test_why(error, said):
    assert each([error], read, name) == ((), (Refusal(said),))
    with pytest.raises(Malformed) as raised:
        one(error, read)
    assert str(raised.value) == said


def test_what_is_our_own_mistake_is_not_hidden():
    for call in (lambda: each([RuntimeError()], read, name), lambda: one(RuntimeError(), read)):
        with pytest.raises(RuntimeError):
            call()
