"""What becomes of those who wait when the event, its limits, its sale or they themselves change."""

from datetime import timedelta

import pytest

HOURS = 24


def ended(found):
    return found["status"], found["reason"]


def iso(moment):
    return moment.isoformat().replace("+00:00", "Z")


@pytest.fixture
def refused(api, make, event):
    """Return what is said to a stranger who wants to book."""

    def refused(**wanted):
        return api.as_(make.user()).post("/bookings", {"event_id": event.id} | wanted, status=409).json["code"]

    return refused


@pytest.fixture
def kind(own, event):
    """The path of the event's one ticket type."""
    (found,) = own.get(f"/events/{event.id}").json["ticket_types"]
    return f"/events/{event.id}/ticket-types/{found['id']}"


def test_nobody_waits_for_more_places_than_there_are(full, cancel, join, mine, statuses, own, event, taken, entry):
    """A group that can never be served is saved for no more, and told so; those behind it get what comes free."""
    group = join(3)
    cancel(full[0])
    own.patch(f"/events/{event.id}", {"capacity": 2})

    assert ended(mine(group)) == ("cancelled", "not_possible")
    single = join()
    cancel(full[1])
    assert statuses(single) == ["offered"]
    assert (entry(group).held, taken()) == (0, 2)


def test_what_was_saved_for_a_group_that_fits_no_more_goes_to_the_next(
    full, cancel, join, mine, statuses, own, event, application, monkeypatch, entry, taken
):
    monkeypatch.setitem(application.registry.settings, "waitlist.patience", 0)
    group, single = join(3), join()
    cancel(full[0])
    assert (entry(group).held, statuses(single)) == (1, ["waiting"])
    own.patch(f"/events/{event.id}", {"max_tickets_per_booking": 2})
    assert ended(mine(group)) == ("cancelled", "not_possible")
    assert statuses(single) == ["offered"]
    assert taken() == 3


def test_nobody_waits_for_more_places_of_a_type_than_it_has(make, organizer, api, own, book, mine):
    kinds = [{"name": "Seat", "capacity": 2}, {"name": "Standing"}]
    event = make.event(organizer=organizer, capacity=9, ticket_types=kinds, bookings_per_attendee=None)
    seat = own.get(f"/events/{event.id}").json["ticket_types"][0]["id"]
    book(at=event, ticket_type_id=seat)
    group = api.as_(make.user())
    group.post(f"/events/{event.id}/waitlist", {"quantity": 2, "ticket_type_id": seat}, status=201)
    own.patch(f"/events/{event.id}/ticket-types/{seat}", {"capacity": 1})
    assert ended(mine(group, event)) == ("cancelled", "not_possible")


@pytest.mark.parametrize("limits", [{"max_per_booking": 1}, {"min_per_booking": 3}])
def test_an_offer_that_no_booking_may_be_any_more_goes_to_the_next(
    full, cancel, join, mine, statuses, own, kind, limits
):
    pair, other = join(2), join(limits.get("max_per_booking", 3))
    cancel(full[0])
    cancel(full[1])
    if statuses(pair) == ["waiting"]:
        cancel(full[2])
    assert statuses(pair) == ["offered"]
    cancel(*full)
    own.patch(kind, limits)
    assert ended(mine(pair)) == ("cancelled", "not_possible")
    assert statuses(other) == ["offered"]


def test_an_offer_of_more_than_one_booking_of_the_event_may_have_goes_to_the_next(
    full, cancel, join, mine, statuses, own, event, told
):
    pair, single = join(3), join()
    cancel(*full[:2])
    single.delete(f"/events/{event.id}/waitlist/mine")
    cancel(full[2])
    late = join()
    assert statuses(pair, late) == ["offered", "waiting"]
    told()

    own.patch(f"/events/{event.id}", {"max_tickets_per_booking": 2})

    assert ended(mine(pair)) == ("cancelled", "not_possible")
    assert statuses(late) == ["offered"]
    assert "you can wait for another number" in {to: text for to, _, text in told()}[pair.user.email]


def test_a_stranger_does_not_overtake_the_line_when_a_sale_begins(
    full, cancel, join, accept, mine, own, kind, clock, refused, told
):
    ada = join()
    opens = clock.now() + timedelta(days=2)
    own.patch(kind, {"sale_starts_at": opens})
    cancel(full[0])

    # It is offered already, for as long as always, which begins with the sale.
    assert (mine(ada)["status"], mine(ada)["offer_expires_at"]) == ("offered", iso(opens + timedelta(hours=HOURS)))
    assert "from Wednesday, 3 March 2027, 12:00,\nwhen their sale begins, until Thursday" in told()[-1][2]
    assert accept(ada, 409)["code"] == "not_on_sale"
    clock.set(opens)
    assert refused() == "sold_out"
    assert accept(ada)["booking"]["quantity"] == 1


def test_an_offer_waits_for_a_sale_that_begins_later_than_was_said(
    full, cancel, join, mine, accept, own, kind, clock, day_passes, told
):
    ada = join()
    cancel(full[0])
    told()
    opens = clock.now() + timedelta(days=4)
    own.patch(kind, {"sale_starts_at": opens})
    assert mine(ada)["offer_expires_at"] == iso(opens + timedelta(hours=HOURS))
    assert "from Friday, 5 March 2027, 12:00" in told()[-1][2]
    day_passes(days=4)
    accept(ada)


def test_who_is_disabled_waits_for_nothing_any_more(full, cancel, join, statuses, make, api, staff, taken, session):
    ada, bob, eve = join(), join(), join()
    cancel(full[0])
    for gone in (ada, bob):
        staff.patch(f"/users/{gone.user.id}", {"is_active": False})
    assert statuses(eve) == ["offered"]
    assert taken() == 3


def test_an_offer_to_who_has_booked_otherwise_goes_to_the_next(
    make, api, book, join, accept, mine, statuses, cancel, day_passes, taken
):
    event = make.event(capacity=4, bookings_per_attendee=1)
    ada, bob = api.as_(make.user()), api.as_(make.user())
    ones = [book(2, at=event), book(at=event)]
    join(2, client=ada, at=event)
    join(3, client=bob, at=event)
    booking = book(client=ada, at=event)
    cancel(ones[0])
    assert statuses(ada, bob, at=event) == ["waiting", "waiting"]  # as many bookings as the event allows: passed by

    cancel(booking)
    assert statuses(ada, bob, at=event) == ["offered", "waiting"]
    book(client=ada, at=event)
    assert accept(ada, 409, event)["code"] == "duplicate_booking"
    cancel(ones[1])
    day_passes(hours=1)
    assert ended(mine(ada, event)) == ("cancelled", "booked")
    assert statuses(bob, at=event) == ["offered"]
    assert taken(event) == 4


def test_no_offer_runs_out_while_its_event_is_postponed(
    full, cancel, join, accept, statuses, mine, own, event, clock, day_passes, told
):
    first, second = join(), join()
    cancel(full[0])
    told()
    own.post(f"/events/{event.id}/postpone", {})
    cancel(full[1])
    clock.set(event.starts_at)
    day_passes(hours=1)
    assert accept(first, 409)["code"] == "not_on_sale"
    assert statuses(first, second) == ["offered", "waiting"]

    starts = clock.now() + timedelta(days=30)
    own.patch(f"/events/{event.id}", {"starts_at": starts, "ends_at": starts})
    own.post(f"/events/{event.id}/publish", {})

    until = iso(clock.now() + timedelta(hours=HOURS))
    assert [(mine(one)["status"], mine(one)["offer_expires_at"]) for one in (first, second)] == [("offered", until)] * 2
    assert [to for to, subject, _ in told() if subject.startswith("Places for you")] == [
        one.user.email for one in (first, second)
    ]
    accept(first)


def test_what_came_free_while_an_event_was_postponed_is_for_those_in_line(
    full, cancel, join, statuses, own, event, refused
):
    ada = join()
    own.post(f"/events/{event.id}/postpone", {})
    cancel(full[0])
    assert statuses(ada) == ["waiting"]
    own.post(f"/events/{event.id}/publish", {})
    assert statuses(ada) == ["offered"]
    assert refused() == "sold_out"
