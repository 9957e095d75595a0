"""The API: what it answers, whom it refuses, and why."""

from datetime import timedelta

import pytest


@pytest.fixture
def path(event):
    return f"/events/{event.id}/waitlist"


@pytest.fixture
def ada(api, make):
    return api.as_(make.user(first_name="Ada", last_name="Lovelace"))


def refused(client, path, body=None, status=409):
    return client.post(path, body or {}, status=status).json["code"]


def test_joining_answers_the_entry(full, ada, path, event, clock):
    answer = ada.post(path, {"quantity": 2}, status=201)
    entry = answer.json
    assert answer.headers["Location"].endswith(f"{path}/mine")
    assert entry == ada.get(f"{path}/mine").json
    assert entry | {"id": 0, "ticket_type_id": 0} == {
        "id": 0,
        "event_id": event.id,
        "ticket_type_id": 0,
        "ticket_type": "General admission",
        "quantity": 2,
        "status": "waiting",
        "reason": None,
        "position": 1,
        "offered_at": None,
        "offer_expires_at": None,
        "decided_at": None,
        "booking_id": None,
        "created_at": clock.now().isoformat().replace("+00:00", "Z"),
    }


def test_who_can_book_is_told_to(full, cancel, ada, path):
    cancel(full[0])
    problem = ada.post(path, {"quantity": 1}, status=409).json
    assert (problem["code"], problem["seats_available"]) == ("not_full", 1)
    assert ada.post(path, {"quantity": 2}, status=201).json["position"] == 1


def test_what_an_expired_hold_keeps_is_free(book, ada, path, clock):
    for _ in range(3):
        book(status="pending")
    clock.move(minutes=15)
    assert refused(ada, path, {"quantity": 3}) == "not_full"


def test_nobody_waits_twice(full, ada, path, cancel, accept):
    ada.post(path)
    assert refused(ada, path) == "already_waiting"
    cancel(full[0])
    assert refused(ada, path) == "already_waiting"
    accept(ada)
    ada.post(path, status=201)


def test_who_has_let_an_offer_lapse_may_join_again_at_once(full, ada, path, cancel, clock, taken):
    first = ada.post(path).json["id"]
    cancel(full[0])
    clock.move(hours=24)
    # Until somebody has let it lapse the place is taken; nobody else waits for it.
    again = ada.post(path, status=201).json
    assert again["id"] > first
    assert (again["status"], again["position"]) == ("offered", None)
    assert taken() == 3


def test_who_is_told_to_book_can(full, cancel, join, api, make, path, event, clock):
    join()
    cancel(full[0])
    clock.move(hours=24)
    bob = api.as_(make.user())
    assert refused(bob, "/bookings", {"event_id": event.id}) == "sold_out"
    assert bob.post(path, status=201).json["status"] == "offered"


def test_who_has_booked_what_the_event_allows_waits_for_nothing(make, api, book, join):
    event = make.event(capacity=1, bookings_per_attendee=1)
    ada = api.as_(make.user())
    booking = book(client=ada, at=event)
    assert refused(ada, f"/events/{event.id}/waitlist") == "duplicate_booking"
    ada.post(f"/bookings/{booking}/cancel")
    book(at=event)
    join(client=ada, at=event)


@pytest.mark.parametrize("status", ["cancelled", "postponed", "archived"])
def test_nobody_waits_for_what_is_not_sold(full, ada, path, event, session, status):
    event.status = status
    session.flush()
    assert refused(ada, path) == "not_on_sale"


def test_nobody_waits_for_what_is_only_shown_here(full, ada, path, event, session):
    event.is_bookable = False
    session.flush()
    assert refused(ada, path) == "not_on_sale"
    shown = ada.get(f"/events/{event.id}").json["extensions"]["waitlist"]
    assert shown == {"is_open": False, "waiting": 0, "offered": 0}


def test_nobody_waits_for_what_has_begun(full, ada, path, event, clock):
    clock.set(event.starts_at)
    assert refused(ada, path) == "not_on_sale"


def test_drafts_are_there_for_their_organizers_alone(ada, own, path, event, session):
    event.status = "draft"
    session.flush()
    assert refused(ada, path, status=404) == "not_found"
    assert refused(own, path) == "not_on_sale"


def test_there_is_no_event(ada):
    for method, path in (("POST", ""), ("GET", "/mine"), ("DELETE", "/mine"), ("POST", "/mine/accept")):
        ada.request(method, f"/events/999999/waitlist{path}", {} if method == "POST" else None, status=404)


def test_the_organizer_closes_the_list(full, ada, path, own, event, join, cancel, statuses):
    assert own.get(f"/events/{event.id}").json["extensions"]["waitlist"]["is_open"] is True
    waiting = join()
    own.patch(f"/events/{event.id}", {"extensions": {"waitlist": {"is_open": False}}})
    assert refused(ada, path) == "waitlist_closed"
    cancel(full[0])
    assert statuses(waiting) == ["offered"]
    shown = own.patch(f"/events/{event.id}", {"extensions": {"waitlist": {"is_open": True}}}).json
    assert shown["extensions"]["waitlist"] == {"is_open": True, "waiting": 0, "offered": 1}
    ada.post(path, status=201)


def test_a_list_stays_closed_of_which_nothing_is_said(own, ada, path, event, full):
    own.patch(f"/events/{event.id}", {"extensions": {"waitlist": {"is_open": False}}})
    shown = own.patch(f"/events/{event.id}", {"extensions": {"waitlist": {}}}).json
    assert shown["extensions"]["waitlist"]["is_open"] is False
    own.patch(f"/events/{event.id}", {"title": "Fado", "extensions": {}})
    assert refused(ada, path) == "waitlist_closed"


def test_a_new_event_may_begin_with_a_closed_list(own, ada, clock):
    starts = clock.now() + timedelta(days=9)
    new = {"title": "Jazz", "starts_at": starts, "ends_at": starts, "extensions": {"waitlist": {"is_open": False}}}
    made = own.post("/events", new | {"status": "published"}, status=201).json
    assert made["extensions"]["waitlist"]["is_open"] is False
    assert refused(ada, f"/events/{made['id']}/waitlist") == "waitlist_closed"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"quantity": 0}, "quantity"),
        ({"quantity": "many"}, "quantity"),
        ({"quantity": 6}, "quantity"),
        ({"quantity": 4}, "quantity"),
        ({"ticket_type_id": 999_999}, "ticket_type_id"),
        ({"ticket_type_id": "first"}, "ticket_type_id"),
        ({"places": 1}, "places"),
    ],
)
def test_bad_input_names_its_field(full, ada, path, body, field):
    problem = ada.post(path, body, status=400).json
    assert [error["field"] for error in problem["errors"]] == [field]
    ada.get(f"{path}/mine", status=404)


def test_a_type_has_its_own_limits(make, api, own, organizer, book, clock):
    kinds = [
        {"name": "Pair", "min_per_booking": 2, "max_per_booking": 2},
        {"name": "Late", "sale_ends_at": clock.now()},
    ]
    event = make.event(organizer=organizer, capacity=2, ticket_types=kinds)
    pair, late = (kind["id"] for kind in own.get(f"/events/{event.id}").json["ticket_types"])
    book(2, at=event, ticket_type_id=pair)
    ada, path = api.as_(make.user()), f"/events/{event.id}/waitlist"
    assert refused(ada, path, {"ticket_type_id": pair, "quantity": 1}, 400) == "validation_failed"
    assert refused(ada, path, {"ticket_type_id": pair, "quantity": 3}, 400) == "validation_failed"
    assert refused(ada, path, {"ticket_type_id": late}) == "not_on_sale"
    ada.post(path, {"ticket_type_id": pair, "quantity": 2}, status=201)


def test_what_is_not_offered_cannot_be_accepted(full, ada, path, accept):
    assert accept(ada, 404)["code"] == "not_found"
    ada.post(path)
    assert accept(ada, 409)["code"] == "not_offered"
    ada.delete(f"{path}/mine")
    assert accept(ada, 409)["code"] == "not_offered"


def test_what_is_accepted_is_not_left(full, cancel, join, accept, path):
    ada = join()
    cancel(full[0])
    accept(ada)
    assert ada.delete(f"{path}/mine", status=409).json["code"] == "not_waiting"


def test_accepting_though_one_of_ones_own_holds_has_expired(make, api, book, join, accept, cancel, clock, statuses):
    """The booking is refused at first, lets the hold go, and what comes free by that is not what the offer holds."""
    event = make.event(capacity=2, bookings_per_attendee=1, organizer=make.organizer())
    ada = api.as_(make.user())
    other, filler = book(at=event), book(at=event)
    join(client=ada, at=event)
    cancel(other)
    assert statuses(ada, at=event) == ["offered"]
    cancel(filler)
    book(client=ada, at=event, status="pending")
    others = [join(at=event), join(at=event)]
    clock.move(minutes=15)

    assert accept(ada, at=event)["booking"]["status"] == "confirmed"

    assert statuses(ada, *others, at=event) == ["accepted", "offered", "waiting"]


def test_who_may_not(api, ada, full, path, own, event, make, entry, join):
    waiting = join()
    one = f"{path}/{entry(waiting).id}"
    stranger = api.as_role("organizer")
    for method, where, body in (
        ("GET", path, None),
        ("GET", f"{path}/statistics", None),
        ("GET", one, None),
        ("PATCH", one, {"priority": 1}),
        ("DELETE", one, None),
    ):
        api.request(method, where, body, status=401)
        ada.request(method, where, body, status=403)
        stranger.request(method, where, body, status=403)
    for method, where in (("POST", path), ("GET", f"{path}/mine"), ("POST", f"{path}/mine/accept")):
        api.request(method, where, {} if method == "POST" else None, status=401)
    ada.get(f"{path}/mine", status=404)
    assert entry(waiting).status == "waiting"


def test_the_organizer_sees_who_waits_in_order(full, cancel, join, own, path, entry, api):
    people = [join(), join(2), join()]
    own.patch(f"{path}/{entry(people[2]).id}", {"priority": 7})
    listed = own.get(path).json
    assert listed["count"] == 3
    assert [one["user"]["id"] for one in listed["results"]] == [people[place].user.id for place in (2, 0, 1)]
    assert listed["results"][0]["priority"] == 7
    assert listed["results"][0]["user"]["email"] == people[2].user.email
    cancel(full[0])
    assert [one["quantity"] for one in own.get(path, status="waiting").json["results"]] == [1, 2]
    assert own.get(path, page_size=1, page=2).json["results"][0]["user"]["id"] == people[0].user.id
    walked, following = [], own.get(path, cursor="", page_size=2).json
    while True:
        walked += following["results"]
        if not following["next"]:
            break
        following = own.get(following["next"]).json
    assert len({one["id"] for one in walked}) == 3


def test_priority_honours_if_match(full, join, own, path, entry):
    one = f"{path}/{entry(join()).id}"
    etag = own.get(one).headers["ETag"]
    assert own.patch(one, {"priority": 1}, headers={"If-Match": etag}).headers["ETag"] != etag
    own.patch(one, {"priority": 2}, headers={"If-Match": etag}, status=412)
    own.patch(one, {"priority": 101}, status=400)
    assert own.patch(one, {}).json["priority"] == 1


def test_the_organizer_takes_somebody_off(full, cancel, join, own, path, entry, mine):
    first, second = join(), join()
    cancel(full[0])
    one = f"{path}/{entry(first).id}"
    own.delete(one, status=204)
    assert (mine(first)["status"], mine(first)["reason"]) == ("cancelled", "removed")
    assert mine(second)["status"] == "offered"
    assert own.patch(one, {"priority": 1}, status=409).json["code"] == "not_waiting"
    own.delete(f"{path}/999999", status=404)


def test_an_entry_of_another_event_is_not_there(full, join, own, entry, make, organizer):
    other = make.event(organizer=organizer)
    one = entry(join()).id
    own.get(f"/events/{other.id}/waitlist/{one}", status=404)
    own.delete(f"/events/{other.id}/waitlist/{one}", status=404)


def test_statistics(full, cancel, join, accept, own, path, day_passes, clock, event):
    empty = own.get(f"{path}/statistics").json
    assert empty["acceptance_rate"] is None
    assert (empty["offers"], empty["counts"]["waiting"]) == (0, 0)
    first, _, third = join(), join(), join(3)
    clock.move(hours=1)
    cancel(full[0])
    clock.move(hours=2)
    accept(first)
    cancel(full[1])
    day_passes(hours=24)
    third.delete(f"{path}/mine")

    assert own.get(f"{path}/statistics").json == {
        "counts": {"waiting": 0, "offered": 0, "accepted": 1, "expired": 1, "cancelled": 1},
        "offers": 2,
        "acceptance_rate": "0.50",
        "mean_wait_seconds": 2 * 3600,
        "longest_wait_seconds": 3 * 3600,
        "mean_seconds_to_accept": 2 * 3600,
    }


def test_a_booking_that_is_deleted_leaves_the_entry(full, cancel, join, accept, mine, make, api, staff, session):
    ada = join()
    cancel(full[0])
    accept(ada)
    assert mine(ada)["booking_id"] is not None
