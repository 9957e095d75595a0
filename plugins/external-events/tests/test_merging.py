"""Following a source: what it says anew is taken over, what was changed here by hand stays, and the difference is shown."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from turnout_external_events.models import Origin
from turnout_external_events.sources import CANCELLED, POSTPONED, RESCHEDULED, SCHEDULED, ExternalVenue, PriceRange


@pytest.fixture
def refresh(ines, almanac):
    """Return what lets an event be told otherwise by its source, and asks it."""

    def refresh(event, told):
        almanac.put(told)
        return ines.post(f"/events/{event['id']}/origin/refresh").json

    return refresh


def read(ines, event):
    return ines.get(f"/events/{event['id']}").json


def test_what_the_source_says_anew_is_taken_over(bring, refresh, ines, external):
    event = bring(external())
    starts_at = external().starts_at + timedelta(days=1)

    origin = refresh(event, external(title="Fado night, moved", starts_at=starts_at, description="At nine."))

    now = read(ines, event)
    assert (now["title"], now["description"]) == ("Fado night, moved", "At nine.")
    assert now["starts_at"] == starts_at.isoformat().replace("+00:00", "Z")
    assert now["ends_at"] > now["starts_at"]
    assert (origin["differs"], origin["differences"], origin["trouble"]) == (False, [], "")


def test_what_was_changed_by_hand_stays_and_the_difference_is_shown(bring, refresh, ines, external):
    event = bring(external(description="Theirs"))
    ines.patch(f"/events/{event['id']}", {"title": "Ours"})

    origin = refresh(event, external(title="Theirs, anew", description="Theirs, anew"))

    now = read(ines, event)
    assert (now["title"], now["description"]) == ("Ours", "Theirs, anew")
    assert origin["differs"] is True
    assert origin["differences"] == [{"field": "title", "here": "Ours", "there": "Theirs, anew"}]
    assert (origin["fields"]["title"], origin["fields"]["description"]) == ("here", "almanac")


def test_a_field_that_was_said_otherwise_from_the_beginning_is_ours(bring, refresh, ines, external):
    event = bring(external(), title="Ours")

    origin = refresh(event, external(title="Theirs, anew"))

    assert read(ines, event)["title"] == "Ours"
    assert origin["fields"]["title"] == "here"


def test_times_belong_together(bring, refresh, ines, external):
    event = bring(external())
    ines.patch(f"/events/{event['id']}", {"ends_at": external().starts_at + timedelta(hours=8)})

    origin = refresh(event, external(starts_at=external().starts_at + timedelta(days=2)))

    assert read(ines, event)["starts_at"] == event["starts_at"]
    assert {each["field"] for each in origin["differences"]} == {"starts_at", "ends_at"}


def test_fields_can_follow_again(bring, refresh, ines, external):
    event = bring(external())
    ines.patch(f"/events/{event['id']}", {"title": "Ours"})
    refresh(event, external(title="Theirs, anew"))

    origin = ines.post(f"/events/{event['id']}/origin/follow", {"fields": ["title"]}).json

    assert read(ines, event)["title"] == "Theirs, anew"
    assert (origin["differs"], origin["fields"]["title"]) == (False, "almanac")
    refresh(event, external(title="Theirs, once more"))
    assert read(ines, event)["title"] == "Theirs, once more"


def test_only_fields_that_a_source_says_can_follow_it(bring, ines):
    event = bring()

    refused = ines.post(f"/events/{event['id']}/origin/follow", {"fields": ["status"]}, status=400).json

    assert [error["field"] for error in refused["errors"]] == ["fields"]


def test_another_venue_is_taken_over(bring, refresh, ines, external):
    event = bring(external())

    refresh(event, external(venue=ExternalVenue("Riverside", "v2", "", "Porto", "PT", "Europe/Lisbon")))

    assert read(ines, event)["venue"]["name"] == "Riverside"


def test_prices_follow_while_it_is_not_for_sale_here(bring, refresh, ines, external):
    event = bring(external(price=PriceRange(Decimal(10), Decimal(20), "EUR")))
    refresh(event, external(price=PriceRange(Decimal(15), Decimal(20), "EUR")))
    assert read(ines, event)["price"] == "15.00"

    ines.patch(f"/events/{event['id']}", {"is_bookable": True, "capacity": 10})
    refresh(event, external(price=PriceRange(Decimal(99), Decimal(99), "EUR")))

    assert read(ines, event)["price"] == "15.00"


def test_a_price_in_another_currency_is_not_taken_over(bring, refresh, ines, external):
    event = bring(external(price=PriceRange(Decimal(10), Decimal(20), "EUR")))

    origin = refresh(event, external(price=PriceRange(Decimal(15), Decimal(20), "USD"), title="Otherwise"))

    now = read(ines, event)
    assert (now["price"], now["currency"], now["title"]) == ("10.00", "EUR", "Otherwise")
    assert origin["trouble"] == ""


def test_a_price_that_goes_missing_stays(bring, refresh, ines, external):
    event = bring(external(price=PriceRange(Decimal(10), Decimal(20), "EUR")))

    refresh(event, external())

    assert read(ines, event)["price"] == "10.00"


def test_what_loses_its_day_keeps_it_and_says_so(bring, refresh, ines, external):
    event = bring(external())

    origin = refresh(event, external(starts_at=None, title="Otherwise"))

    now = read(ines, event)
    assert (now["starts_at"], now["title"]) == (event["starts_at"], "Otherwise")
    assert "does not say any more when" in origin["trouble"]


def test_what_never_had_a_day_there_follows_in_all_else(bring, refresh, ines, external, clock):
    begins = (clock.now() + timedelta(days=3)).replace(microsecond=0)
    event = bring(external(starts_at=None), starts_at=begins.isoformat())

    origin = refresh(event, external(starts_at=None, title="Otherwise"))

    now = read(ines, event)
    assert (now["starts_at"], now["title"], origin["trouble"]) == (event["starts_at"], "Otherwise", "")


def test_a_price_that_is_said_later_is_taken_over(bring, refresh, ines, external):
    event = bring(external())

    origin = refresh(event, external(price=PriceRange(Decimal(15), Decimal(20), "EUR")))

    assert (read(ines, event)["price"], origin["fields"]["price"]) == ("15.00", "almanac")


def test_a_venue_that_becomes_words_is_taken_over(bring, refresh, ines, external):
    event = bring(external())

    refresh(event, external(venue=None, location="On the meadow"))

    now = read(ines, event)
    assert (now["venue_id"], now["location"]) == (None, "On the meadow")


def test_the_size_of_a_venue_holds_up_nothing_that_is_not_sold_here(bring, refresh, ines, external, make):
    make.venue(name="Large", city="Lisbon", country="PT", capacity=100)
    make.venue(name="Small", city="Lisbon", country="PT", capacity=50)
    event = bring(external(venue=ExternalVenue("Large", None, "", "Lisbon", "PT")))
    assert event["capacity"] == 100

    refresh(event, external(venue=ExternalVenue("Small", None, "", "Lisbon", "PT"), title="Otherwise"))

    now = read(ines, event)
    assert (now["venue"]["name"], now["capacity"], now["title"]) == ("Small", 50, "Otherwise")


def test_one_thing_that_cannot_be_taken_over_keeps_nothing_else_back(bring, refresh, ines, external, make):
    make.venue(name="Small", city="Lisbon", country="PT", capacity=5)
    event = bring(external(), capacity=10, price="0")

    origin = refresh(event, external(venue=ExternalVenue("Small", None, "", "Lisbon", "PT"), title="Otherwise"))

    now = read(ines, event)
    assert (now["venue"]["name"], now["title"]) == ("Lantern Hall", "Otherwise")
    assert "could not be taken over" in origin["trouble"]
    assert origin["differs"] is True


class TestStatus:
    @pytest.mark.parametrize(
        ("status", "here"), [(CANCELLED, "cancelled"), (POSTPONED, "postponed"), (RESCHEDULED, "published")]
    )
    def test_what_nobody_booked_follows(self, bring, refresh, ines, external, status, here):
        event = bring(external())

        refresh(event, external(status=status))

        assert read(ines, event)["status"] == here

    def test_what_was_postponed_comes_back_with_its_new_date(self, bring, refresh, ines, external):
        event = bring(external())
        refresh(event, external(status=POSTPONED))
        starts_at = external().starts_at + timedelta(days=40)

        refresh(event, external(status=RESCHEDULED, starts_at=starts_at))

        now = read(ines, event)
        assert (now["status"], now["starts_at"]) == ("published", starts_at.isoformat().replace("+00:00", "Z"))

    @pytest.mark.parametrize("status", [CANCELLED, POSTPONED])
    def test_what_people_booked_waits_for_somebody_to_decide(self, bring, refresh, api, ines, external, outbox, status):
        event = bring(external(), capacity=10, price="0")
        api.as_role("user").post("/bookings", {"event_id": event["id"]})

        origin = refresh(event, external(status=status))

        assert read(ines, event)["status"] == "published"
        assert (origin["needs_look"], origin["status"]) == (True, status)
        again = refresh(event, external(status=status))
        assert again["needs_look"] is True

    def test_its_organizer_is_told_once(self, bring, refresh, api, external, outbox, session):
        from turnout.messages.models import Message

        event = bring(external(), capacity=10, price="0")
        api.as_role("user").post("/bookings", {"event_id": event["id"]})
        outbox.run()

        refresh(event, external(status=CANCELLED))
        refresh(event, external(status=CANCELLED))
        outbox.run()

        told = session.scalars(select(Message).where(Message.kind == "event_changed_elsewhere")).all()
        assert [message.address for message in told] == ["ines@example.com"]

    def test_what_staff_decided_afterwards_stays(self, bring, refresh, ines, external):
        event = bring(external())
        refresh(event, external(status=POSTPONED))
        ines.post(f"/events/{event['id']}/publish")

        refresh(event, external(status=POSTPONED, title="Otherwise"))

        now = read(ines, event)
        assert (now["status"], now["title"]) == ("published", "Otherwise")

    def test_what_is_held_again_although_it_was_cancelled_needs_somebody(self, bring, refresh, ines, external):
        event = bring(external())
        refresh(event, external(status=CANCELLED))

        origin = refresh(event, external(status=SCHEDULED))

        assert read(ines, event)["status"] == "cancelled"
        assert origin["needs_look"] is True

    def test_what_the_source_forgets_twice_stays_and_needs_somebody(self, bring, ines, almanac, external):
        event = bring()
        almanac.remove("1")
        path = f"/events/{event['id']}/origin/refresh"

        once, twice = ines.post(path).json, ines.post(path).json

        assert (once["status"], once["needs_look"]) == ("scheduled", False)
        assert "did not know it" in once["trouble"]
        assert (twice["status"], twice["needs_look"], read(ines, event)["status"]) == ("gone", True, "published")
        almanac.put(external())
        back = ines.post(path).json
        assert (back["status"], back["needs_look"], back["trouble"]) == ("scheduled", False, "")

    def test_what_is_published_although_it_is_not_held_there_needs_somebody(self, bring, refresh, ines, external):
        event = bring(external(), status="draft")
        refresh(event, external(status=POSTPONED))

        ines.post(f"/events/{event['id']}/publish")

        assert ines.get(f"/events/{event['id']}/origin").json["needs_look"] is True


class TestWho:
    def test_only_who_holds_it_sees_where_it_came_from(self, bring, api, make):
        event = bring()

        api.as_(make.organizer()).get(f"/events/{event['id']}/origin", status=403)
        api.as_(make.organizer()).post(f"/events/{event['id']}/origin/refresh", status=403)
        api.as_role("user").get(f"/events/{event['id']}/origin", status=403)
        api.as_role("staff").get(f"/events/{event['id']}/origin")

    def test_what_was_made_here_comes_from_nowhere(self, ines, make, organizer):
        event = make.event(organizer=organizer)

        ines.get(f"/events/{event.id}/origin", status=404)
        ines.post(f"/events/{event.id}/origin/refresh", status=404)


class TestFresh:
    """What is imported is looked at again by itself."""

    def test_it_follows_without_anybody_asking(self, bring, ines, almanac, external, later):
        event = bring(external())
        almanac.put(external(title="Otherwise"))

        later(hours=1)
        assert read(ines, event)["title"] == "Fado night 1"
        later(hours=12)

        assert read(ines, event)["title"] == "Otherwise"

    def test_what_is_over_is_not_looked_at_any_more(self, bring, almanac, external, later, session):
        bring(external())
        later(days=40)
        almanac.calls.clear()

        later(days=1)

        assert session.scalars(select(Origin.refresh_at)).one() is None
        assert not almanac.calls

    def test_many_are_looked_at_part_by_part(self, bring, almanac, external, later, session):
        for number in range(45):
            bring(external(str(number), starts_at=external().starts_at + timedelta(hours=number)))
        almanac.calls.clear()

        later()

        assert len(almanac.calls) == 45
        assert {call.path for call in almanac.calls} == {f"/events/{number}" for number in range(45)}

    def test_a_quota_that_is_spent_leaves_the_rest_for_later(self, bring, almanac, external, later, ines):
        events = [
            bring(external(str(number), starts_at=external().starts_at + timedelta(hours=number)))
            for number in range(5)
        ]
        almanac.quota = 2
        almanac.put(*(external(str(number), title="Otherwise") for number in range(5)))

        later()
        assert sum(read(ines, event)["title"] == "Otherwise" for event in events) == 2
        almanac.quota = None

        later(days=1)

        # The almanac said that it answers nobody for a day, by the wall clock: nobody asks it before.
        assert sum(read(ines, event)["title"] == "Otherwise" for event in events) == 2

    def test_one_that_cannot_be_read_spoils_no_other(self, bring, almanac, external, later, ines):
        bad, good = bring(external("1")), bring(external("2", starts_at=external().starts_at + timedelta(hours=1)))
        almanac.documents["1"] = {"title": ["?"]}
        almanac.put(external("2", title="Otherwise", starts_at=external().starts_at + timedelta(hours=1)))

        later()

        assert read(ines, good)["title"] == "Otherwise"
        assert ines.get(f"/events/{bad['id']}/origin").json["trouble"]

    def test_a_deleted_event_is_nobodys_business(self, bring, ines, almanac, external, later):
        event = bring(external())
        ines.delete(f"/events/{event['id']}")
        almanac.calls.clear()

        later()

        assert not almanac.calls


def test_three_sides_are_compared():
    from turnout_external_events.services.merging import to_follow

    same = {"title": "a", "starts_at": 1, "ends_at": 2, "timezone": "UTC"}
    assert to_follow(same, same, {**same, "title": "b"}) == ["title"]
    assert to_follow({**same, "title": "c"}, same, {**same, "title": "b"}) == []
    assert to_follow({**same, "ends_at": 3}, same, {**same, "starts_at": 0, "ends_at": 1}) == []
    assert to_follow(same, {}, {**same, "title": "b"}) == []
    assert to_follow(same, same, replace_all(same)) == ["title", "starts_at", "ends_at", "timezone"]


def replace_all(said):
    return {name: f"{value}!" for name, value in said.items()}
