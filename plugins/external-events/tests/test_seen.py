"""What is at the source stands beside what is here, from the beginning, whoever says what here."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from turnout.venues.models import Venue

from turnout_external_events.sources import ExternalVenue, PriceRange

EUROS = PriceRange(Decimal(83), Decimal(120), "EUR")


@pytest.fixture
def origin_of(ines):
    """Return what reads where an event came from."""
    return lambda event: ines.get(f"/events/{event['id']}/origin").json


@pytest.fixture
def refresh(ines, almanac):
    """Return what lets an event be told otherwise by its source, and asks it."""

    def refresh(event, told):
        almanac.put(told)
        return ines.post(f"/events/{event['id']}/origin/refresh").json

    return refresh


@pytest.fixture
def compared(browser, organizer):
    """Return what reads the table of an imported event in the admin, by the titles of its fields."""

    def compared(event):
        page = browser.as_(organizer).get(f"/admin/imported-events/{event['id']}")
        return {
            row.find("td").get_text(strip=True): [" ".join(cell.get_text().split()) for cell in row.find_all("td")[1:]]
            for row in page.html.select("section[aria-labelledby='panel-1'] tbody tr")
        }

    return compared


def differing(origin):
    return {each["field"]: (each["here"], each["there"]) for each in origin["differences"]}


def test_what_was_said_otherwise_from_the_beginning_differs_at_once(bring, external, origin_of, compared, ines):
    event = bring(external(price=EUROS), title="Other", price="1.00")

    origin = origin_of(event)

    assert origin["differs"] is True
    assert differing(origin) == {"title": ("Other", "Fado night 1"), "price": ("1.0000", "83.0000")}
    assert compared(event)["Title"] == ["Other", "Fado night 1", "differs"]
    assert compared(event)["Price"] == ["€1.00", "€83.00", "differs"]
    ines.post(f"/events/{event['id']}/origin/follow", {"fields": ["title"]})
    assert ines.get(f"/events/{event['id']}").json["title"] == "Fado night 1"


def test_a_time_that_was_said_otherwise_differs_at_once(bring, external, origin_of):
    begins = external().starts_at + timedelta(hours=2)

    origin = origin_of(bring(external(), starts_at=begins.isoformat()))

    assert set(differing(origin)) == {"starts_at", "ends_at"}
    assert {origin["fields"][name] for name in ("starts_at", "ends_at", "timezone")} == {"here"}


def test_a_place_that_was_said_otherwise_differs_and_no_venue_is_made(bring, external, origin_of, session, compared):
    event = bring(external(), location="On the meadow")

    assert differing(origin_of(event))["location"] == ("On the meadow", "Lantern Hall, Rua do Alecrim 5, Lisbon")
    assert compared(event)["Place in words"][2] == "differs"
    assert session.scalar(select(func.count(Venue.id))) == 0


def test_the_price_of_what_is_sold_here_stays_and_the_difference_is_shown(
    bring, external, refresh, ines, origin_of, compared
):
    event = bring(external(price=EUROS), capacity=10)
    assert (origin_of(event)["differs"], origin_of(event)["fields"]["price"]) == (False, "here")

    origin = refresh(event, external(price=PriceRange(Decimal(90), Decimal(120), "EUR")))

    assert ines.get(f"/events/{event['id']}").json["price"] == "83.00"
    assert differing(origin) == {"price": ("83.0000", "90.0000")}
    assert compared(event)["Price"] == ["€83.00", "€90.00", "differs"]
    ines.post(f"/events/{event['id']}/origin/follow", {"fields": ["price"]})
    assert ines.get(f"/events/{event['id']}").json["price"] == "90.00"


def test_a_price_in_another_currency_is_shown_in_it_and_cannot_follow(
    bring, external, origin_of, compared, ines, browser
):
    event = bring(external(price=EUROS), currency="USD", price="5", title="Other")

    assert differing(origin_of(event)) == {
        "title": ("Other", "Fado night 1"),
        "price": ("5.0000", "83.0000"),
        "currency": ("USD", "EUR"),
    }
    assert compared(event)["Price"] == ["$5.00", "€83.00", "differs"]
    refused = ines.post(f"/events/{event['id']}/origin/follow", {"fields": ["price"]}, status=400).json
    assert "in EUR at the source, and in USD here" in refused["errors"][0]["message"]
    ines.post(f"/events/{event['id']}/origin/follow", {"fields": ["currency"]}, status=400)
    path = f"/admin/imported-events/{event['id']}/take-over"
    form = browser.as_role("staff").get(path).forms["form"]
    assert [value for value, _, _ in form["chosen"].options] == ["title"]
    form.submit(status=303)
    assert set(differing(origin_of(event))) == {"price", "currency"}


def test_what_nobody_says_is_a_dash(bring, external, compared):
    assert "Price" not in compared(bring(external()))
    said_here = bring(external("2", title="Another"), price="5")
    assert compared(said_here)["Price"] == ["€5.00", "\N{EN DASH}", "ours"]


def test_the_country_of_a_venue_is_nobodys_word(bring, external, origin_of, compared):
    event = bring(external())
    assert "country" not in origin_of(event)["fields"]
    assert "Country" not in compared(event)

    words = bring(external("2", title="Another", venue=ExternalVenue("The mill", country="PT")))
    assert origin_of(words)["fields"]["country"] == "almanac"
    assert compared(words)["Country"] == ["PT", "PT", "follows the source"]


def test_what_belongs_together_is_ours_together(bring, external, ines, origin_of):
    event = bring(external())

    ines.patch(f"/events/{event['id']}", {"ends_at": (external().starts_at + timedelta(hours=8)).isoformat()})

    fields = origin_of(event)["fields"]
    assert {fields[name] for name in ("starts_at", "ends_at", "timezone")} == {"here"}
    assert fields["title"] == "almanac"


class TestWhenItWasHeardOf:
    @pytest.fixture
    def event(self, bring, external):
        return bring(external())

    @pytest.fixture
    def times(self, ines, event, clock, api):
        """Return what asks the source an hour later, and tells when it was asked, and heard of, in hours from the import."""
        begin = clock.now()

        def times():
            clock.move(hours=1)
            origin = ines.post(f"/events/{event['id']}/origin/refresh").json
            shown = api.get(f"/events/{event['id']}").json["extensions"]["external_events"]
            assert shown["refreshed_at"] == origin["refreshed_at"]
            return tuple(
                round((datetime.fromisoformat(origin[name]) - begin) / timedelta(hours=1))
                for name in ("asked_at", "refreshed_at")
            )

        return times

    def test_what_cannot_be_read_is_not_heard_of(self, times, almanac, impatient):
        assert times() == (1, 1)
        almanac.documents["1"] = {"title": ["?"]}
        assert times() == (2, 1)

    def test_what_is_not_known_there_may_be_a_slip_once(self, times, almanac):
        almanac.remove("1")
        assert times() == (1, 0)
        assert times() == (2, 2)  # now it is gone

    def test_what_is_gone_does_not_follow_any_more(self, times, almanac, event, compared):
        almanac.remove("1")
        times()
        times()
        assert {whose for *_, whose in compared(event).values()} == {"gone"}


class TestHereAlready:
    """Importing again what is here, with words of one's own."""

    @pytest.fixture
    def again(self, ines):
        """Return what imports it once more, and is answered so."""

        def again(answer, **overrides):
            return ines.post("/external-events/almanac/1/import", {"overrides": overrides}, status=answer).json

        return again

    def test_words_that_the_event_does_not_say_are_refused(self, bring, again, ines):
        event = bring()

        refused = again(409, capacity=200, price="12.50", title="Fado night 1")

        assert (refused["code"], refused["event_id"]) == ("already_imported", event["id"])
        assert "another capacity, price than" in refused["detail"]
        assert "change that event instead" in refused["detail"]
        assert ines.get(f"/events/{event['id']}").json == event

    def test_what_it_says_already_is_no_trouble(self, bring, again, make, clock, external):
        make.tag(slug="fado")
        said = {
            "capacity": 5,
            "price": "12.50",
            "title": "Other",
            "tags": ["fado"],
            "starts_at": external().starts_at.isoformat(),
            "category_id": make.category().id,
            "status": "draft",
            "image_url": "https://pictures.example.com/1.jpg",
        }
        event = bring(**said)

        assert again(200, **said)["id"] == again(200)["id"] == event["id"]
        for name, value in {"tags": [], "status": "published", "capacity": 6, "category_id": None}.items():
            assert again(409, **{name: value})["detail"].count(name) == 1

    def test_of_what_is_not_sold_here_no_places_are_said(self, bring, again, make):
        make.venue(name="Lantern Hall", city="Lisbon", country="PT", capacity=100)
        assert bring()["capacity"] == 100
        again(409, capacity=100, price="0")
