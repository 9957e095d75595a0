"""An event as Ticketmaster writes it, and what is read of it."""

from datetime import UTC, date, datetime
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
from turnout_external_events.sources.reading import each, one

from turnout_ticketmaster.mapping import name_of, read_event

PACIFIC = "America/Los_Angeles"


def venue(**other):
    place = {
        "name": "Delta Arena",
        "id": "KovZpZAEF76A",
        "timezone": PACIFIC,
        "city": {"name": "Sacramento"},
        "state": {"name": "California", "stateCode": "CA"},
        "country": {"name": "United States Of America", "countryCode": "US"},
        "address": {"line1": "500 Levee Walk"},
    }
    return {name: value for name, value in (place | other).items() if value is not None}


def event(**other):
    """Return an event with other members than usual; None: it is missing."""
    usual = {
        "id": "G5vYZ9YBk7oUU",
        "name": "River Kings vs Desert Suns",
        "test": False,
        "url": "https://tickets.example.com/event/1C00",
        "dates": {"start": start(), "timezone": PACIFIC, "status": {"code": "onsale"}, "spanMultipleDays": False},
        "_embedded": {"venues": [venue()]},
    }
    return {name: value for name, value in (usual | other).items() if value is not None}


def start(**other):
    usual = {
        "localDate": "2027-04-12",
        "localTime": "19:30:00",
        "dateTime": "2027-04-13T02:30:00Z",
        "dateTBD": False,
        "dateTBA": False,
        "timeTBA": False,
        "noSpecificTime": False,
    }
    return {name: value for name, value in (usual | other).items() if value is not None}


def read(**other):
    return one(event(**other), read_event)


def dated(zone=PACIFIC, place=None, end=None, **begins):
    """Read an event that begins so."""
    dates = {"start": start(**begins), "timezone": zone, "end": end}
    return read(
        dates={name: value for name, value in dates.items() if value is not None},
        _embedded={"venues": [place or venue()]},
    )


def when(found):
    return found.starts_at, found.starts_on, found.is_estimate


class TestWhen:
    def test_what_is_said_in_utc_is_so(self):
        found = dated(localDate="2020-01-01", localTime="03:00:00")
        assert when(found) == (datetime(2027, 4, 13, 2, 30, tzinfo=UTC), None, False)
        assert found.timezone == PACIFIC

    @pytest.mark.parametrize("missing", ["timeTBA", "noSpecificTime"])
    def test_without_a_time_there_is_a_day(self, missing):
        day = (None, date(2027, 4, 12), False)
        assert when(dated(dateTime=None, localTime=None, **{missing: True})) == day
        assert when(dated(**{missing: True})) == day

    @pytest.mark.parametrize("unsure", ["dateTBA", "dateTBD"])
    def test_a_day_may_only_be_expected(self, unsure):
        assert when(dated(**{unsure: True})) == (None, date(2027, 4, 12), True)
        assert when(dated(localDate=None, localTime=None, dateTime=None, **{unsure: True})) == (None, None, True)

    def test_of_a_moment_whose_time_is_not_sure_the_day_is_that_at_the_place(self):
        assert dated(timeTBA=True, localDate=None).starts_on == date(2027, 4, 12)
        assert dated(timeTBA=True, localDate=None, zone=None, place={"name": "Somewhere"}).starts_on is None

    @pytest.mark.parametrize(
        ("zone", "place", "expected"),
        [
            (PACIFIC, venue(timezone="Europe/Berlin"), PACIFIC),
            (None, venue(), PACIFIC),
            ("Mars/Base", venue(), PACIFIC),
            (5, venue(), PACIFIC),
            (None, venue(timezone=None, country={"countryCode": "JP"}), "Asia/Tokyo"),
            (None, venue(timezone="", country={"name": "Japan"}), "Asia/Tokyo"),
            (None, venue(timezone=None), None),
            (None, venue(timezone=None, country=None), None),
        ],
    )
    def test_a_local_time_is_of_the_zone_that_is_known(self, zone, place, expected):
        found = dated(zone=zone, place=place, dateTime=None)
        assert found.timezone == expected
        hour = {
            PACIFIC: datetime(2027, 4, 13, 2, 30, tzinfo=UTC),
            "Asia/Tokyo": datetime(2027, 4, 12, 10, 30, tzinfo=UTC),
        }
        assert when(found) == (hour.get(expected), None if expected else date(2027, 4, 12), False)

    def test_a_day_alone_is_a_day(self):
        assert when(dated(localTime=None, dateTime=None)) == (None, date(2027, 4, 12), False)

    def test_nothing_is_said_of_when(self):
        for dates in (None, {}, [], "soon", {"start": None}, {"start": []}):
            assert when(read(dates=dates)) == (None, None, False)

    def test_when_the_clocks_change(self):
        assert dated(dateTime=None, localDate="2027-03-14", localTime="01:30:00").starts_at.hour == 9
        assert dated(dateTime=None, localDate="2027-03-14", localTime="03:30:00").starts_at.hour == 10
        with pytest.raises(Malformed, match="clocks go forward"):
            dated(dateTime=None, localDate="2027-03-14", localTime="02:30:00")
        # Twice there is half past one in this night; the moment says which, and of a local time it is the first.
        assert dated(dateTime="2027-11-07T09:30:00Z", localDate="2027-11-07", localTime="01:30:00").starts_at.hour == 9
        assert dated(dateTime=None, localDate="2027-11-07", localTime="01:30:00").starts_at.hour == 8

    @pytest.mark.parametrize(
        "begins",
        [
            {"dateTime": "soon"},
            {"dateTime": "2027-04-13T02:30:00"},
            {"dateTime": 1807583400},
            {"dateTime": None, "localTime": "half past seven"},
            {"dateTime": None, "localTime": "25:00:00"},
            {"dateTime": None, "localTime": None, "localDate": "2027-02-30"},
            {"dateTime": None, "localTime": None, "localDate": 20270412},
            {"dateTime": "0001-01-01T00:00:00+14:00"},
        ],
        ids=str,
    )
    def test_what_is_no_date_is_not_guessed(self, begins):
        with pytest.raises(Malformed):
            dated(**begins)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("onsale", SCHEDULED),
        ("offsale", SCHEDULED),
        ("canceled", CANCELLED),
        ("cancelled", CANCELLED),
        ("Cancelled", CANCELLED),
        ("postponed", POSTPONED),
        ("rescheduled", RESCHEDULED),
        ("moved to the moon", SCHEDULED),
        (None, SCHEDULED),
        ({}, SCHEDULED),
    ],
)
def test_status(code, status):
    assert read(dates={"start": start(), "status": {"code": code}}).status == status
    assert read(dates={"status": code}).status == SCHEDULED


class TestWho:
    @pytest.mark.parametrize("external_id", [None, "", 5, "a/b", "a b", "x" * 65, "..", "é", "a\n", ["a"]])
    def test_without_an_id_it_is_refused(self, external_id):
        with pytest.raises(Malformed, match="id"):
            read(id=external_id)

    @pytest.mark.parametrize("name", [None, "", "  ", 5, ["a"]])
    def test_without_a_name_it_is_refused(self, name):
        with pytest.raises(Malformed, match="name"):
            read(name=name)

    def test_a_test_is_refused(self):
        with pytest.raises(Malformed, match="test"):
            read(test=True)

    def test_one_that_is_odd_spoils_no_other(self):
        odd = [
            None,
            5,
            "event",
            [],
            [1],
            {},
            event(id=7),
            event(name=None),
            event(test=True),
            event(dates={"start": {"dateTime": 1}}),
        ]
        events, refused = each([event(), *odd, event(id="another")], read_event, name_of)
        assert [found.external_id for found in events] == ["G5vYZ9YBk7oUU", "another"]
        assert len(refused) == len(odd)
        assert all(refusal.reason for refusal in refused)
        assert refused[-1].external_id == "G5vYZ9YBk7oUU"
        assert refused[-1].title == "River Kings vs Desert Suns"

    def test_the_name_has_no_space_around_it(self):
        assert read(name=" Blue Staircase\n").title == "Blue Staircase"


class TestWhere:
    def test_a_venue(self):
        assert read().venue == ExternalVenue(
            "Delta Arena", "KovZpZAEF76A", "500 Levee Walk", "Sacramento", "US", PACIFIC, None
        )
        assert read().location == ""

    def test_an_address_may_have_two_lines(self):
        place = venue(address={"line1": "500 Levee Walk", "line2": "Gate 4", "line3": "?"})
        assert read(_embedded={"venues": [place]}).venue.address == "500 Levee Walk, Gate 4"

    def test_the_country_may_be_known_by_its_name_only(self):
        place = venue(country={"name": "Great Britain"})
        assert read(_embedded={"venues": [place]}).venue.country == "GB"

    def test_a_place_without_a_name_is_told_in_words(self):
        found = read(_embedded={"venues": [venue(name=None)]})
        assert found.venue is None
        assert found.location == "500 Levee Walk, Sacramento, California, United States Of America"
        assert found.timezone == PACIFIC

    def test_one_with_a_name_comes_before_others(self):
        found = read(_embedded={"venues": [None, {}, venue(name=" "), venue(name="The Levee Room")]})
        assert found.venue.name == "The Levee Room"

    @pytest.mark.parametrize(
        "embedded", [None, [], {}, {"venues": None}, {"venues": []}, {"venues": ["Delta Arena", {}]}], ids=str
    )
    def test_nothing_is_said_of_where(self, embedded):
        found = read(_embedded=embedded)
        assert (found.venue, found.location) == (None, "")

    def test_what_is_odd_about_a_place_is_left_out(self):
        odd = {
            "name": "Delta Arena",
            "id": 5,
            "timezone": 1,
            "city": "Sacramento",
            "country": [],
            "address": {"line1": 500},
        }
        assert read(_embedded={"venues": [odd]}).venue == ExternalVenue("Delta Arena")


class TestPrice:
    def price(self, *ranges):
        return read(priceRanges=list(ranges)).price

    def range(self, least=40.0, most=545.0, currency="USD"):
        return {"type": "standard", "currency": currency, "min": least, "max": most}

    def test_a_price(self):
        assert self.price(self.range()) == PriceRange(Decimal("40.0"), Decimal("545.0"), "USD")

    def test_the_lowest_and_the_highest_of_the_first_currency(self):
        found = self.price(
            self.range(40, 90, "usd"), self.range(1, 9999, "EUR"), self.range(25.5, 60), self.range(80, 300)
        )
        assert found == PriceRange(Decimal("25.5"), Decimal(300), "USD")

    def test_one_price_for_all(self):
        alone = self.range()
        del alone["max"]
        assert self.price(alone) == PriceRange(Decimal("40.0"), Decimal("40.0"), "USD")

    @pytest.mark.parametrize("ranges", [None, [], {}, "free", [None], [5], [{}]], ids=str)
    def test_none_is_said(self, ranges):
        assert read(priceRanges=ranges).price is None

    @pytest.mark.parametrize(
        "other",
        [
            {"least": 90, "most": 40},
            {"least": -1},
            {"least": "cheap"},
            {"least": None},
            {"most": None},
            {"most": True},
            {"currency": ""},
            {"currency": "Dollars"},
            {"currency": 5},
            {"currency": None},
        ],
        ids=str,
    )
    def test_an_odd_one_is_left_out(self, other):
        assert self.price(self.range(**other)) is None
        assert self.price(self.range(**other), self.range()) == PriceRange(Decimal("40.0"), Decimal("545.0"), "USD")


class TestPicture:
    def picture(self, name, width=1024, ratio="16_9", *, fallback=False):
        return {
            "ratio": ratio,
            "url": f"https://img.example.com/{name}.jpg",
            "width": width,
            "height": 576,
            "fallback": fallback,
        }

    def best(self, *pictures):
        found = read(images=list(pictures)).image_url
        return found and found.rpartition("/")[2].removesuffix(".jpg")

    def test_the_one_that_fits_a_page(self):
        many = [self.picture(str(width), width) for width in (2048, 100, 1136, 640, 205)]
        assert self.best(*many, self.picture("poster", 1024, "3_2")) == "1136"
        assert self.best(*many, self.picture("1024")) == "1024"
        assert self.best(self.picture("640", 640), self.picture("100", 100)) == "640"

    def test_a_wide_one_comes_before_others(self):
        assert self.best(self.picture("poster", 1024, "4_3"), self.picture("wide", 640)) == "wide"
        assert self.best(self.picture("poster", 1024, "4_3"), self.picture("small", 639)) == "poster"

    def test_one_that_stands_for_many_is_the_last_resort(self):
        stock = self.picture("stock", fallback=True)
        assert self.best(stock, self.picture("own", 100, "3_2")) == "own"
        assert self.best(stock) == "stock"

    @pytest.mark.parametrize(
        "pictures", [None, {}, [], [None, 5], [{"url": 5}], [{"url": "ftp://x"}], [{"url": "javascript:1"}]], ids=str
    )
    def test_there_is_none(self, pictures):
        assert read(images=pictures).image_url is None

    def test_odd_measures_are_none(self):
        odd = {"url": "https://img.example.com/odd.jpg", "width": "wide", "ratio": [], "fallback": "no"}
        assert self.best(odd) == "odd"


class TestWhat:
    def classification(self, segment, genre=None, sub=None, *, primary=False):
        names = {"segment": segment, "genre": genre, "subGenre": sub}
        return {"primary": primary} | {level: {"id": "KZ", "name": name} for level, name in names.items() if name}

    def test_categories_are_most_specific_first(self):
        assert read(classifications=[self.classification("Sports", "Basketball", "NBA")]).categories == (
            "NBA",
            "Basketball",
            "Sports",
        )

    def test_the_main_kind_comes_first(self):
        other, main = self.classification("Film", "Jazz"), self.classification("Music", "jazz", "Bebop", primary=True)
        assert read(classifications=[other, main]).categories == ("Bebop", "jazz", "Music", "Film")

    def test_names_that_say_nothing_are_left_out(self):
        assert read(classifications=[self.classification("Miscellaneous", "Other", "undefined")]).categories == ()
        assert read(classifications=[self.classification("Sports", "Undefined", "Miscellaneous")]).categories == (
            "Sports",
        )

    @pytest.mark.parametrize("odd", [None, {}, [None], [{"genre": "Jazz"}], [{"genre": {"name": 5}}]], ids=str)
    def test_there_is_none(self, odd):
        assert read(classifications=odd).categories == ()

    @pytest.mark.parametrize(
        ("told", "description"),
        [
            ({}, ""),
            ({"info": "Doors at seven."}, "Doors at seven."),
            ({"description": "A show.", "info": "Doors at seven."}, "A show."),
            ({"info": "Doors at seven.", "pleaseNote": "No bags."}, "Doors at seven.\n\nNo bags."),
            ({"info": "No bags.", "pleaseNote": "No bags."}, "No bags."),
            ({"pleaseNote": "No bags."}, "No bags."),
            ({"info": 5, "pleaseNote": ["No bags."]}, ""),
            ({"info": "<b>Doors</b> at seven."}, "<b>Doors</b> at seven."),
        ],
        ids=str,
    )
    def test_description(self, told, description):
        assert read(**told).description == description

    def test_where_it_is_sold(self):
        assert read().url == "https://tickets.example.com/event/1C00"
        assert [read(url=odd).url for odd in (None, "", 5, [])] == [None] * 4
