"""What comes free is offered in turn, in the transaction that freed it."""

from datetime import timedelta

HOURS = 24


def test_a_cancelled_place_is_offered_to_the_first_in_line(
    full, cancel, join, mine, statuses, clock, taken, api, make, event
):
    first, second = join(), join()
    assert [mine(one)["position"] for one in (first, second)] == [1, 2]

    cancel(full[0])

    found = mine(first)
    assert (found["status"], found["position"]) == ("offered", None)
    assert found["offer_expires_at"] == (clock.now() + timedelta(hours=HOURS)).isoformat().replace("+00:00", "Z")
    assert mine(second)["position"] == 1
    assert taken() == 3
    refusal = api.as_(make.user()).post("/bookings", {"event_id": event.id}, status=409).json
    assert refusal["code"] == "sold_out"


def test_what_is_accepted_is_a_booking(full, cancel, join, mine, accept, taken, event):
    ada = join()
    cancel(full[0])

    made = accept(ada)

    assert (made["entry"]["status"], made["entry"]["booking_id"]) == ("accepted", made["booking"]["id"])
    booking = ada.get(f"/bookings/{made['booking']['id']}").json
    assert (booking["status"], booking["quantity"], booking["event_id"]) == ("confirmed", 1, event.id)
    assert taken() == 3
    assert accept(ada)["booking"] == made["booking"]


def test_an_offer_that_expires_goes_to_the_next(full, cancel, join, statuses, accept, day_passes, taken):
    first, second = join(), join()
    cancel(full[0])

    day_passes(hours=HOURS)

    assert statuses(first, second) == ["expired", "offered"]
    assert accept(first, 409)["code"] == "offer_expired"
    accept(second)
    assert taken() == 3


def test_an_offer_that_is_due_cannot_be_accepted_though_nobody_has_let_it_expire_yet(full, cancel, join, accept, clock):
    ada = join()
    cancel(full[0])
    clock.move(hours=HOURS)
    assert accept(ada, 409)["code"] == "offer_expired"


def test_an_offer_is_good_until_the_event_begins_at_most(full, cancel, join, mine, hours_before, event, outbox, clock):
    ada = join()
    hours_before(event, 2)
    cancel(full[0])
    assert mine(ada)["offer_expires_at"] == event.starts_at.isoformat().replace("+00:00", "Z")


def test_who_leaves_gives_the_offer_to_the_next(full, cancel, join, statuses, event, taken):
    first, second = join(), join()
    cancel(full[0])

    first.delete(f"/events/{event.id}/waitlist/mine", status=204)

    assert statuses(first, second) == ["cancelled", "offered"]
    first.delete(f"/events/{event.id}/waitlist/mine", status=204)
    second.delete(f"/events/{event.id}/waitlist/mine", status=204)
    assert taken() == 2


def test_who_has_left_may_join_again_at_the_end(full, join, mine, event):
    first, second = join(), join()
    first.delete(f"/events/{event.id}/waitlist/mine")
    join(client=first)
    assert [mine(one)["position"] for one in (second, first)] == [1, 2]


def test_places_of_an_expired_hold_are_offered(make, api, book, join, statuses, day_passes, event):
    for _ in range(2):
        book()
    book(status="pending")
    ada = join()
    day_passes(minutes=15)
    assert statuses(ada) == ["offered"]


def test_whoever_wants_to_book_does_not_get_the_places_of_an_expired_hold(
    make, api, book, join, statuses, clock, event
):
    for _ in range(2):
        book()
    book(status="pending")
    ada = join()
    clock.move(minutes=15)

    refusal = api.as_(make.user()).post("/bookings", {"event_id": event.id}, status=409).json

    assert refusal["code"] == "sold_out"
    assert statuses(ada) == ["waiting"]  # what was refused changed nothing; the next minute offers it


def test_a_smaller_booking_lets_somebody_in(book, join, statuses, staff):
    booking = book(3)
    ada = join()
    staff.patch(f"/bookings/{booking}", {"quantity": 2})
    assert statuses(ada) == ["offered"]


def test_more_capacity_is_offered_in_turn(full, join, statuses, own, event, taken):
    people = [join(), join(2), join(), join()]
    own.patch(f"/events/{event.id}", {"capacity": 7})
    assert statuses(*people) == ["offered"] * 3 + ["waiting"]
    assert taken() == 7


def test_an_event_without_a_limit_any_more_has_places_for_all(full, join, statuses, own, event):
    people = [join(), join(2)]
    own.patch(f"/events/{event.id}", {"capacity": None})
    assert statuses(*people) == ["offered", "offered"]


def test_offers_count_as_taken_when_capacity_shrinks(full, cancel, join, own, event):
    join()
    cancel(*full)
    assert own.patch(f"/events/{event.id}", {"capacity": 1}).json["capacity"] == 1
    own.patch(f"/events/{event.id}", {"capacity": 3})
    join_refused = own.patch(f"/events/{event.id}", {"capacity": None})
    assert join_refused.json["extensions"]["waitlist"]["offered"] == 1


def test_many_are_offered_places_at_once(make, api, book, statuses, own, organizer, session):
    event = make.event(organizer=organizer, capacity=2, max_tickets_per_booking=5)
    book(2, at=event)
    people = [api.as_(make.user()) for _ in range(12)]
    for number, one in enumerate(people):
        one.post(f"/events/{event.id}/waitlist", {"quantity": 1 + number % 2}, status=201)
    own.patch(f"/events/{event.id}", {"capacity": 17})
    # 1 2 1 2 1 2 1 2 1 2: fifteen places.
    assert statuses(*people, at=event) == ["offered"] * 10 + ["waiting"] * 2


def test_nobody_waits_for_what_is_cancelled(full, cancel, join, mine, own, event, taken):
    people = [join(), join(3)]
    cancel(full[0])
    own.post(f"/events/{event.id}/cancel", {})
    assert [(mine(one)["status"], mine(one)["reason"]) for one in people] == [("cancelled", "event_cancelled")] * 2
    assert taken() == 2


def test_nobody_waits_for_what_has_begun(full, cancel, join, mine, event, clock, outbox, taken, hours_before):
    hours_before(event, 0.5)
    people = [join(), join(3)]
    cancel(full[0])
    clock.set(event.starts_at)
    outbox.run()
    assert [(mine(one)["status"], mine(one)["reason"]) for one in people] == [("expired", "event_began")] * 2
    assert taken() == 2


def test_nobody_goes_on_waiting_when_it_begins(full, join, mine, event, clock, outbox, hours_before):
    hours_before(event, 0.5)
    ada = join()
    clock.set(event.starts_at)
    outbox.run()
    assert (mine(ada)["status"], mine(ada)["reason"]) == ("expired", "event_began")


def test_an_event_that_begins_earlier_ends_its_offers_earlier(full, cancel, join, mine, accept, own, event, clock):
    ada = join()
    cancel(full[0])
    sooner = clock.now() + timedelta(hours=1)
    own.patch(f"/events/{event.id}", {"starts_at": sooner})
    assert mine(ada)["offer_expires_at"] == sooner.isoformat().replace("+00:00", "Z")
    clock.move(hours=1)
    assert accept(ada, 409)["code"] == "offer_expired"


def test_whoever_has_more_priority_comes_first(full, cancel, join, statuses, entry, own, event):
    first, second = join(), join()
    own.patch(f"/events/{event.id}/waitlist/{entry(second).id}", {"priority": 5})
    cancel(full[0])
    assert statuses(first, second) == ["waiting", "offered"]


def test_deleted_users_leave_what_they_were_offered_to_the_next(full, cancel, join, statuses, staff, session, taken):
    first, second, third = join(), join(), join()
    cancel(full[0], full[1])
    assert statuses(first, second, third) == ["offered", "offered", "waiting"]
    first.user.username, second.user.username = "goner1", "goner2"
    session.flush()
    staff.post("/users/bulk-delete", {"prefix": "goner"})
    assert statuses(third) == ["offered"]
    assert taken() == 2


def test_deleted_users_who_booked_and_waited(api, make, full, book, join, staff, session, statuses, taken):
    ada = api.as_(make.user(username="goner1"))
    staff.post(f"/bookings/{full[0]}/cancel")
    book(client=ada)
    join(2, client=ada)
    other = join()
    staff.post("/users/bulk-delete", {"prefix": "goner"})
    assert statuses(other) == ["offered"]
    assert taken() == 3
