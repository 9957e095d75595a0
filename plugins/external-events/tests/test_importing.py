"""Importing single events."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from turnout_external_events.sources import CANCELLED, POSTPONED, ExternalVenue, PriceRange
from turnout_external_events.testing import AlmanacSource, add_almanac


def put_and_import(client, almanac, event, status=201, **overrides):
    almanac.put(event)
    return client.post(
        f"/external-events/almanac/{event.external_id}/import", {"overrides": overrides}, status=status
    ).json


def test_what_is_imported_is_shown_and_leads_to_its_source(bring, external, api, clock):
    event = bring(
        external(description="<p>An evening of <b>fado</b> &amp; wine.</p><script>alert(1)</script><p>Doors at 7.</p>")
    )

    assert (event["title"], event["status"], event["sales_state"]) == ("Fado night 1", "published", "elsewhere")
    assert (event["is_bookable"], event["tickets_url"]) == (False, "https://tickets.example.com/1")
    assert event["description"] == "An evening of fado & wine.\nDoors at 7."
    assert event["venue"]["name"] == "Lantern Hall"
    assert event["timezone"] == "Europe/Lisbon"
    assert event["starts_at"] == (clock.now().replace(microsecond=0) + timedelta(days=30)).isoformat().replace(
        "+00:00", "Z"
    )
    assert event["extensions"]["external_events"]["provider"] == "almanac"
    refused = api.as_role("user").post("/bookings", {"event_id": event["id"]}, status=409).json
    assert refused["tickets_url"] == "https://tickets.example.com/1"


def test_what_is_here_already_is_answered_again(bring, ines, api, make, external, almanac):
    event = bring()

    again = ines.post("/external-events/almanac/1/import", status=200).json
    another = api.as_(make.organizer()).post("/external-events/almanac/1/import", status=200).json

    assert again["id"] == another["id"] == event["id"]
    assert ines.get("/events").json["count"] == 1


def test_with_a_capacity_it_is_for_sale_here(bring, api):
    event = bring(capacity=50, price="12.50", currency="EUR")

    assert (event["is_bookable"], event["capacity"], event["price"]) == (True, 50, "12.50")
    assert event["sales_state"] == "on_sale"
    api.as_role("user").post("/bookings", {"event_id": event["id"]}, status=201)


def test_what_is_for_sale_here_has_a_price_that_somebody_said(ines, almanac, external):
    refused = put_and_import(ines, almanac, external(), status=400, capacity=5)
    assert [error["field"] for error in refused["errors"]] == ["overrides.price"]

    dollars = external(price=PriceRange(Decimal(40), Decimal(40), "USD"))
    refused = put_and_import(ines, almanac, dollars, status=400, capacity=5, currency="JPY")
    assert [error["field"] for error in refused["errors"]] == ["overrides.price"]

    event = put_and_import(ines, almanac, dollars, capacity=5)
    assert (event["price"], event["currency"]) == ("40.00", "USD")


def test_an_amount_in_one_currency_is_nothing_in_another(bring, external):
    event = bring(external(price=PriceRange(Decimal(40), Decimal(40), "USD")), currency="JPY")

    assert (event["price"], event["currency"]) == ("0", "JPY")


def test_an_answer_of_some_minutes_ago_sets_nothing_back(bring, ines, api, make, almanac, external, application):
    event = bring(external())
    almanac.put(external(title="Otherwise"))
    ines.post(f"/events/{event['id']}/origin/refresh")
    almanac.put(external())

    ines.post("/external-events/almanac/1/import", status=200)
    api.as_(make.organizer()).post("/external-events/almanac/1/import", status=200)

    assert ines.get(f"/events/{event['id']}").json["title"] == "Otherwise"


def test_nothing_from_elsewhere_is_sold_here_without_a_limit(bring, ines):
    event = bring(price="12.00")

    refused = ines.patch(f"/events/{event['id']}", {"is_bookable": True}, status=400).json
    assert [error["field"] for error in refused["errors"]] == ["capacity"]
    opened = ines.patch(f"/events/{event['id']}", {"is_bookable": True, "capacity": 20}).json
    assert opened["sales_state"] == "on_sale"
    refused = ines.patch(f"/events/{event['id']}", {"capacity": None}, status=400).json
    assert [error["field"] for error in refused["errors"]] == ["capacity"]


def test_the_organizers_words_come_before_the_sources(bring, make):
    venue = make.venue(name="Town Hall", city="Porto", country="PT")

    event = bring(title="Fado, by us", venue_id=venue.id, status="draft")

    assert (event["title"], event["venue"]["name"], event["status"]) == ("Fado, by us", "Town Hall", "draft")


def test_a_venue_is_known_again_by_its_id(bring, external, almanac):
    first = bring(external("1"))
    renamed = ExternalVenue("The Lantern", "v1", "", "Lisbon", "PT", "Europe/Lisbon")

    second = bring(external("2", venue=renamed, starts_at=external().starts_at + timedelta(days=1)))

    assert second["venue_id"] == first["venue_id"]


def test_a_venue_is_found_by_its_name_and_city(bring, external, make):
    hall = make.venue(name="LANTERN hall", city="Lisbon", country="PT")
    make.venue(name="Lantern Hall", city="Porto", country="PT")

    assert bring()["venue_id"] == hall.id


def test_a_place_of_which_too_little_is_said_is_told_in_words(bring, external):
    event = bring(external(venue=ExternalVenue("The old mill", None, "by the river"), timezone="Europe/Paris"))

    assert (event["venue_id"], event["location"]) == (None, "The old mill, by the river")


def test_the_most_specific_word_that_is_a_category_here_decides(bring, make):
    music = make.category(name="Concerts", slug="concerts")

    assert bring()["category"]["id"] == music.id


def test_a_day_without_a_time_takes_the_whole_day_there(bring, external, clock):
    day = (clock.now() + timedelta(days=20)).date()

    event = bring(external(starts_at=None, starts_on=day, timezone=None))

    assert event["extensions"]["external_events"]["is_time_known"] is False
    assert event["timezone"] == "Europe/Lisbon"
    assert event["starts_at"][:10] in {str(day), str(day - timedelta(days=1))}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"starts_at": None}, "date_unknown"),
        ({"starts_at": None, "starts_on": date(2199, 1, 1), "is_estimate": True}, "date_unknown"),
        ({"status": CANCELLED}, "cannot_import"),
    ],
    ids=["without a day", "an estimate", "cancelled"],
)
def test_what_cannot_be_an_event_here_says_why(ines, almanac, external, fields, code):
    refused = put_and_import(ines, almanac, external(**fields), status=409)

    assert refused["code"] == code
    assert ines.get("/events").json["count"] == 0


@pytest.mark.parametrize(
    ("day", "last", "hours"),
    [
        (date(2027, 6, 5), None, 24),
        (date(2027, 3, 28), None, 23),
        (date(2027, 10, 31), None, 25),
        (date(2027, 6, 5), date(2027, 6, 7), 72),
    ],
    ids=["one day", "summer begins", "summer ends", "three days"],
)
def test_days_are_as_long_as_they_are(bring, external, day, last, hours):
    event = bring(external(starts_at=None, starts_on=day, ends_on=last))

    begin, end = (datetime.fromisoformat(event[name]) for name in ("starts_at", "ends_at"))
    assert (end - begin).total_seconds() == hours * 3600


def test_what_ends_on_another_day_ends_when_that_is_over(bring, external):
    last = (external().starts_at + timedelta(days=2)).date()

    event = bring(external(ends_on=last))

    assert event["ends_at"][:10] in {str(last), str(last + timedelta(days=1))}
    evening = bring(external("2", title="An evening", ends_on=external().starts_at.date()))
    begin, end = (datetime.fromisoformat(evening[name]) for name in ("starts_at", "ends_at"))
    assert end - begin == timedelta(hours=3)


def test_what_may_have_begun_says_so(ines, almanac, external, clock):
    refused = put_and_import(ines, almanac, external(starts_at=None, starts_on=clock.now().date()), status=409)

    assert "may have begun" in refused["detail"]


def test_a_day_that_nobody_says_can_be_said(bring, external, clock):
    begins = (clock.now() + timedelta(days=3)).replace(microsecond=0).isoformat()

    event = bring(external(starts_at=None), starts_at=begins)

    assert event["starts_at"] == begins.replace("+00:00", "Z")


def test_what_is_over_is_not_imported(ines, almanac, external, clock):
    refused = put_and_import(ines, almanac, external(starts_at=clock.now() - timedelta(hours=1)), status=409)

    assert refused["code"] == "cannot_import"


def test_what_is_postponed_there_is_postponed_here(bring, external):
    assert bring(external(status=POSTPONED))["status"] == "postponed"


def test_prices_are_shown_as_they_are_there(bring, external):
    event = bring(external(price=PriceRange(Decimal("40.00"), Decimal("545.00"), "USD")))

    assert (event["price"], event["currency"]) == ("40.00", "USD")
    assert event["extensions"]["external_events"]["is_price_known"] is True
    unknown = bring(external("2", starts_at=external().starts_at + timedelta(days=1)))
    assert (unknown["price"], unknown["extensions"]["external_events"]["is_price_known"]) == ("0.00", False)


class Gazette(AlmanacSource):
    """Another source, which has read the same almanac."""

    title = "Gazette"


def add_sources(config):
    """Let events be found at the almanac and in the gazette."""
    add_almanac(config)
    config.add_event_source("gazette", Gazette)


class TestTwins:
    """One concert at two sources."""

    @pytest.fixture
    def application(self, workshop, database, plugins, settings):
        return workshop.application(database, add_sources, plugins, settings)

    @pytest.fixture
    def again(self, ines, almanac, external):
        """Return what imports the same concert from the gazette, which calls it and its place otherwise."""

        def again(status=200, **fields):
            venue = replace(external().venue, id="another")
            almanac.put(external("2", **{"title": "LANTERN PARADE!", "venue": venue, **fields}))
            return ines.post("/external-events/gazette/2/import", status=status).json

        return again

    def test_it_is_one_event(self, bring, external, again, ines):
        event = bring(external("1", title="Lantern Parade"))

        assert again()["id"] == event["id"]
        results = ines.get("/external-events").json["results"]
        known = {(each["provider"], each["external_id"]): each["imported_event_id"] for each in results}
        assert (known["almanac", "1"], known["gazette", "2"]) == (event["id"], event["id"])

    def test_two_of_one_source_are_two(self, bring, external):
        first, second = bring(external("1", title="Hamlet")), bring(external("2", title="Hamlet"))

        assert first["id"] != second["id"]

    def test_without_a_time_nobody_knows(self, bring, external, again, clock):
        day = (clock.now() + timedelta(days=9)).date()
        event = bring(external("1", title="Lantern Parade", starts_at=None, starts_on=day))

        assert again(201, starts_at=None, starts_on=day)["id"] != event["id"]

    def test_what_is_cancelled_here_is_not_the_one_that_is_held(self, bring, external, again, ines):
        event = bring(external("1", title="Lantern Parade"))
        ines.post(f"/events/{event['id']}/cancel")

        assert again(201)["id"] != event["id"]

    def test_somebody_elses_is_somebody_elses(self, bring, external, again, api, make):
        event = bring(external("1", title="Lantern Parade"), client=api.as_(make.organizer()))

        assert again(201)["id"] != event["id"]


def test_another_time_at_the_same_place_is_another_event(bring, external, ines, almanac):
    event = bring(external("1", title="Lantern Parade"))

    later = bring(external("2", title="Lantern Parade", starts_at=external().starts_at + timedelta(hours=3)))

    assert later["id"] != event["id"]


def test_what_the_source_does_not_know_is_404(ines, almanac):
    assert ines.post("/external-events/almanac/nothing/import", status=404).json["code"] == "unknown_event"


def test_an_unknown_source_is_404(ines):
    assert ines.post("/external-events/nowhere/1/import", status=404).json["code"] == "unknown_provider"


def test_only_organizers_import(api, almanac, external):
    almanac.put(external())

    api.post("/external-events/almanac/1/import", status=401)
    api.as_role("user").post("/external-events/almanac/1/import", status=403)


@pytest.mark.parametrize(
    "overrides",
    [{"capacity": 0}, {"is_bookable": True}, {"title": ""}, {"starts_at": "soon"}, {"nonsense": 1}],
    ids=str,
)
def test_what_is_said_otherwise_must_be_right(ines, almanac, external, overrides):
    refused = put_and_import(ines, almanac, external(), status=400, **overrides)

    assert refused["errors"][0]["field"].startswith("overrides")
