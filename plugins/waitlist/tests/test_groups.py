"""A group is not starved by singles: whoever was passed over often enough is saved for."""

import pytest


@pytest.fixture
def passed(full, book, cancel, join):
    """Return a group of three that was passed over three times, and who went by; the event is full again."""
    group = join(3)
    gone = []
    for booking in full:
        gone.append(join())
        cancel(booking)
    return group, gone


def test_singles_go_by_a_group_as_often_as_it_has_patience(passed, statuses, entry, taken):
    group, gone = passed
    assert statuses(*gone) == ["offered"] * 3
    assert (entry(group).passed_over, entry(group).held) == (3, 0)
    assert taken() == 3


def test_then_places_are_saved_until_they_are_enough(passed, accept, cancel, join, statuses, entry, taken):
    group, gone = passed
    single = join()
    bookings = [accept(one)["booking"]["id"] for one in gone]

    cancel(bookings[0])
    assert statuses(group, single) == ["waiting", "waiting"]
    assert entry(group).held == 1
    cancel(bookings[1])
    assert entry(group).held == 2
    assert taken() == 3
    cancel(bookings[2])

    assert statuses(group, single) == ["offered", "waiting"]
    assert taken() == 3
    assert accept(group)["booking"]["quantity"] == 3


def test_nobody_books_what_is_saved(passed, accept, cancel, api, make, event):
    _, gone = passed
    cancel(accept(gone[0])["booking"]["id"])
    stranger = api.as_(make.user())
    assert stranger.post("/bookings", {"event_id": event.id}, status=409).json["code"] == "sold_out"
    assert stranger.post(f"/events/{event.id}/waitlist", {}, status=201).json["position"] == 2


def test_what_was_saved_goes_to_the_next_when_the_group_leaves(passed, accept, cancel, join, statuses, event, taken):
    group, gone = passed
    single = join()
    cancel(accept(gone[0])["booking"]["id"])
    group.delete(f"/events/{event.id}/waitlist/mine")
    assert statuses(group, single) == ["cancelled", "offered"]
    assert taken() == 3


def test_saving_ends_before_the_event(passed, accept, cancel, join, statuses, entry, hours_before, outbox, event):
    group, gone = passed
    single = join()
    bookings = [accept(one)["booking"]["id"] for one in gone]
    cancel(bookings[0])
    assert entry(group).held == 1

    hours_before(event, 24)
    outbox.run()

    assert statuses(group, single) == ["waiting", "offered"]
    assert entry(group).held == 0


def test_whoever_comes_first_by_priority_gets_what_was_saved(passed, accept, cancel, join, statuses, entry, own, event):
    group, gone = passed
    single = join()
    cancel(accept(gone[0])["booking"]["id"])
    own.patch(f"/events/{event.id}/waitlist/{entry(single).id}", {"priority": 1})
    assert statuses(group, single) == ["waiting", "offered"]
    assert entry(group).held == 0


def test_nothing_that_comes_free_is_no_reason_to_lose_patience(full, cancel, join, entry, own, event):
    group = join(2)
    cancel(full[0])
    for title in ("Fado", "Fado night", "Fado evening"):
        own.patch(f"/events/{event.id}", {"title": title, "max_tickets_per_booking": 4})
        own.patch(f"/events/{event.id}", {"max_tickets_per_booking": 5})
    assert entry(group).passed_over == 1


def test_a_group_for_which_there_is_no_end_of_singles_gets_its_turn(full, cancel, join, accept, statuses):
    """Whatever comes free, one at a time, there is always another single in line; the group of three is served all the same."""
    group, bookings, freed = join(3), list(full), 0
    while statuses(group) == ["waiting"]:
        single = join()
        cancel(bookings.pop(0))
        freed += 1
        if statuses(single) == ["offered"]:
            bookings.append(accept(single)["booking"]["id"])
    assert freed == 6


@pytest.fixture
def hall(make, organizer):
    """An event with one seat and two standing places, all of which are booked by one person."""
    kinds = [{"name": "Seat", "capacity": 1}, {"name": "Standing"}]
    return make.event(organizer=organizer, capacity=3, ticket_types=kinds, bookings_per_attendee=None)


@pytest.fixture
def kinds(own, hall):
    return [kind["id"] for kind in own.get(f"/events/{hall.id}").json["ticket_types"]]


@pytest.fixture
def sold(book, hall, kinds):
    return [book(at=hall, ticket_type_id=kinds[0]), book(2, at=hall, ticket_type_id=kinds[1])]


def test_a_ticket_type_is_waited_for_by_itself(sold, hall, kinds, cancel, join, statuses, taken, book):
    standing, seat = join(at=hall, ticket_type_id=kinds[1]), join(at=hall, ticket_type_id=kinds[0])
    cancel(sold[1])
    assert statuses(standing, seat, at=hall) == ["offered", "waiting"]
    book(at=hall, ticket_type_id=kinds[1])
    cancel(sold[0])
    assert statuses(seat, at=hall) == ["offered"]
    assert taken(hall) == 3


def test_a_type_that_is_full_can_be_waited_for_where_the_event_is_not(sold, hall, kinds, cancel, join, api, make, mine):
    cancel(sold[1])
    waiting = join(at=hall, ticket_type_id=kinds[0])
    assert mine(waiting, hall)["ticket_type"] == "Seat"
    other = api.as_(make.user())
    body = {"ticket_type_id": kinds[1], "quantity": 2}
    assert other.post(f"/events/{hall.id}/waitlist", body, status=409).json["code"] == "not_full"


def test_a_higher_limit_of_a_type_is_offered(sold, hall, kinds, cancel, join, statuses, own):
    cancel(sold[1])
    seat = join(at=hall, ticket_type_id=kinds[0])
    own.patch(f"/events/{hall.id}/ticket-types/{kinds[0]}", {"capacity": 2})
    assert statuses(seat, at=hall) == ["offered"]


def test_a_first_limit_of_a_type_counts_what_is_offered_of_it(sold, hall, kinds, cancel, join, accept, own, taken):
    standing = [join(at=hall, ticket_type_id=kinds[1]) for _ in range(2)]
    cancel(sold[1])
    path = f"/events/{hall.id}/ticket-types/{kinds[1]}"
    refusal = own.patch(path, {"capacity": 1}, status=409).json
    assert (refusal["code"], refusal["taken"]) == ("capacity_below_taken", 2)
    assert own.patch(path, {"capacity": 2}).json["seats_available"] == 0
    accept(standing[0], at=hall)
    standing[1].delete(f"/events/{hall.id}/waitlist/mine")
    assert own.get(f"/events/{hall.id}/ticket-types/{kinds[1]}").json["seats_available"] == 1


def test_who_waits_for_a_type_that_is_removed_waits_no_more(make, organizer, book, join, mine, own, cancel, taken):
    hall = make.event(
        organizer=organizer, capacity=1, ticket_types=[{"name": "Standing"}, {"name": "Seat", "capacity": 1}]
    )
    first, second = (kind["id"] for kind in own.get(f"/events/{hall.id}").json["ticket_types"])
    booking = book(at=hall, ticket_type_id=first)
    seat, standing = join(at=hall, ticket_type_id=second), join(at=hall, ticket_type_id=first)
    cancel(booking)
    assert mine(seat, hall)["status"] == "offered"

    own.delete(f"/events/{hall.id}/ticket-types/{second}")

    assert (mine(seat, hall)["status"], mine(seat, hall)["reason"]) == ("cancelled", "type_removed")
    assert mine(seat, hall)["ticket_type_id"] is None
    assert mine(standing, hall)["status"] == "offered"
    assert taken(hall) == 1


def test_an_offer_ends_with_the_sale_of_its_type(sold, hall, kinds, cancel, join, mine, own, clock, day_passes):
    seat, other = (join(at=hall, ticket_type_id=kinds[0]) for _ in range(2))
    cancel(sold[0])
    ends = clock.now().replace(hour=15)
    own.patch(f"/events/{hall.id}/ticket-types/{kinds[0]}", {"sale_ends_at": ends})
    assert mine(seat, hall)["offer_expires_at"] == ends.isoformat().replace("+00:00", "Z")
    day_passes(hours=3)
    assert (mine(seat, hall)["status"], mine(other, hall)["status"]) == ("expired", "waiting")


def test_the_longest_first_in_line_gets_what_is_enough(full, cancel, join, statuses):
    pair, single = join(2), join()
    cancel(full[0])
    assert statuses(pair, single) == ["waiting", "offered"]
    cancel(full[1], full[2])
    assert statuses(pair) == ["offered"]
