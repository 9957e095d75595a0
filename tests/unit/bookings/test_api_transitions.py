"""What happens to a booking over REST after it was made, and who may do it."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from turnout.bookings.models import Booking, Ticket


@pytest.fixture
def path():
    return lambda booking, verb=None: f"/bookings/{booking['id']}" + (f"/{verb}" if verb else "")


def test_a_hold_is_confirmed_once(api, make, hold, path, taken):
    ada, event = make.user(), make.event(price=10)
    booking, client = hold(ada, event, quantity=2), api.as_(ada)

    confirmed = client.post(path(booking, "confirm"))

    assert confirmed.json == booking | {"status": "confirmed", "expires_at": None}
    assert client.get(path(booking)).json == confirmed.json
    again = client.post(path(booking, "confirm"))
    assert (again.json, again.headers["ETag"]) == (confirmed.json, confirmed.headers["ETag"])
    assert taken(event) == 2


def test_a_confirmed_booking_no_longer_expires(api, make, hold, path, clock, book):
    ada, event = make.user(), make.event(capacity=1)
    booking = hold(ada, event)
    api.as_(ada).post(path(booking, "confirm"))

    clock.move(days=1)

    assert book(make.user(), event, status=409)["code"] == "sold_out"
    assert api.as_(ada).get(path(booking)).json["status"] == "confirmed"


def test_a_hold_is_confirmed_in_time_or_not_at_all(api, make, hold, path, clock):
    ada, event = make.user(), make.event()
    in_time, late = hold(ada, event), hold(make.user(), event)
    staff = api.as_(make.staff())

    clock.move(minutes=15, seconds=-1)
    staff.post(path(in_time, "confirm"))
    clock.move(seconds=1)
    answer = staff.post(path(late, "confirm"), status=409).json
    assert (answer["code"], answer["expired_at"]) == ("hold_expired", late["expires_at"])
    assert staff.get(path(late)).json["status"] == "pending"


@pytest.mark.parametrize("transition", ["cancel", "postpone"])
def test_a_hold_for_an_event_that_is_called_off_cannot_be_confirmed(api, make, hold, path, transition):
    ada, event = make.user(), make.event()
    booking = hold(ada, event)
    api.as_(make.staff()).post(f"/events/{event.id}/{transition}")

    assert api.as_(ada).post(path(booking, "confirm"), status=409).json["code"] == "not_on_sale"

    api.as_(ada).post(path(booking, "cancel"))


@pytest.mark.parametrize("verb", ["cancel", None])
def test_cancelling_gives_places_back_once(api, make, book, path, taken, kinds, verb):
    ada = make.user()
    event = make.event(ticket_types=[{"name": "Seat", "price": 10, "capacity": 9}, {"name": "Standing", "price": 5}])
    seat, standing = kinds(event)
    booking = book(ada, event, tickets=[{}, {"ticket_type_id": standing.id}, {}])
    book(make.user(), event)
    client = api.as_(ada)

    def cancel():
        return client.post(path(booking, verb)) if verb else client.delete(path(booking))

    cancelled = cancel()

    assert (taken(event), taken(seat)) == (1, 1)
    assert cancelled.json["status"] == "cancelled"
    assert {ticket["status"] for ticket in cancelled.json["tickets"]} == {"cancelled"}
    assert (cancelled.json["quantity"], cancelled.json["total_amount"]) == (3, "25.00")
    again = cancel()
    assert (again.json, again.headers["ETag"]) == (cancelled.json, cancelled.headers["ETag"])
    assert client.get(path(booking)).json == cancelled.json
    assert (taken(event), taken(seat)) == (1, 1)
    assert book(ada, event)["status"] == "confirmed"


def test_a_hold_is_cancelled_and_then_neither_confirmed_nor_expired(api, make, hold, path, clock, taken, session):
    ada, event = make.user(), make.event(capacity=2)
    booking, client = hold(ada, event), api.as_(ada)

    client.post(path(booking, "cancel"))

    answer = client.post(path(booking, "confirm"), status=409).json
    assert (answer["code"], answer["status_now"]) == ("wrong_booking_status", "cancelled")
    clock.move(days=1)
    hold(ada, event, quantity=2)
    assert taken(event) == 2
    assert session.get(Booking, booking["id"]).status == "cancelled"


def test_what_has_expired_is_over(api, make, hold, book, path, clock, session):
    ada, event = make.user(), make.event(capacity=1)
    booking, client = hold(ada, event), api.as_(ada)
    clock.move(minutes=15)
    book(make.user(), event)

    assert client.get(path(booking)).json["status"] == "expired"
    for answer in (
        client.post(path(booking, "confirm"), status=409),
        client.post(path(booking, "cancel"), status=409),
        client.delete(path(booking), status=409),
        client.patch(path(booking), {"quantity": 2}, status=409),
    ):
        assert (answer.json["code"], answer.json["status_now"]) == ("wrong_booking_status", "expired")


def test_shrinking_gives_back_the_last_tickets_once(api, make, book, path, taken, kinds, session):
    ada = make.user()
    event = make.event(
        ticket_types=[{"name": "Seat", "price": 10, "capacity": 9}, {"name": "Child", "price": 4, "capacity": 9}]
    )
    seat, child = kinds(event)
    holders = [{"name": "A"}, {"ticket_type_id": child.id, "name": "B"}, {"name": "C"}, {"ticket_type_id": child.id}]
    booking, client = book(ada, event, tickets=holders), api.as_(ada)

    for _ in range(2):
        shrunk = client.patch(path(booking), {"quantity": 2}).json
        assert (shrunk["quantity"], shrunk["total_amount"]) == (2, "14.00")
        assert [ticket["status"] for ticket in shrunk["tickets"]] == ["valid", "valid", "cancelled", "cancelled"]
        assert (taken(event), taken(seat), taken(child)) == (2, 1, 1)

    client.post(path(booking, "cancel"))
    assert (taken(event), taken(seat), taken(child)) == (0, 0, 0)


def test_growing_claims_more_at_the_price_of_now(api, make, book, path, taken, kinds):
    owner, ada = make.organizer(), make.user()
    event = make.event(capacity=4, organizer=owner, ticket_types=[{"price": 10, "capacity": 9}])
    [seat] = kinds(event)
    booking, client = book(ada, event), api.as_(ada)
    api.as_(owner).patch(f"/events/{event.id}", {"price": "12.00"})

    grown = client.patch(path(booking), {"quantity": 3}).json

    assert (grown["quantity"], grown["total_amount"]) == (3, "34.00")
    assert [ticket["price"] for ticket in grown["tickets"]] == ["10.00", "12.00", "12.00"]
    assert len({ticket["secret"] for ticket in grown["tickets"]}) == 3
    assert (taken(event), taken(seat)) == (3, 3)
    client.post(path(booking, "cancel"))
    assert (taken(event), taken(seat)) == (0, 0)


@pytest.mark.parametrize(("of_event", "of_type"), [(3, 9), (9, 3)])
def test_growing_past_the_places_is_refused_whole(api, make, book, path, taken, kinds, of_event, of_type):
    ada, event = make.user(), make.event(capacity=of_event, ticket_types=[{"capacity": of_type}])
    booking, client = book(ada, event), api.as_(ada)
    book(make.user(), event)

    assert client.patch(path(booking), {"quantity": 3}, status=409).json["code"] == "sold_out"
    assert (taken(event), taken(kinds(event)[0])) == (2, 2)
    assert client.get(path(booking)).json == booking
    assert client.patch(path(booking), {"quantity": 2}).json["quantity"] == 2


@pytest.mark.parametrize(("of_event", "of_type"), [(3, 3), (50, 3), (3, 50)])
def test_growing_releases_what_has_expired_first(api, make, book, hold, path, taken, clock, session, of_event, of_type):
    ada, event = make.user(), make.event(capacity=of_event, ticket_types=[{"capacity": of_type}])
    booking, lapsed = book(ada, event), hold(make.user(), event, quantity=2)
    clock.move(minutes=15)

    assert api.as_(ada).patch(path(booking), {"quantity": 3}).json["quantity"] == 3
    assert session.get(Booking, lapsed["id"]).status == "expired"
    assert taken(event) == 3


def test_growing_stays_within_the_limits(api, make, book, path, kinds, clock):
    event = make.event(max_tickets_per_booking=4, ticket_types=[{"max_per_booking": 3}, {"name": "Other"}])
    ada, other = make.user(), kinds(event)[1]
    booking, client = book(ada, event, quantity=2), api.as_(ada)

    assert client.patch(path(booking), {"quantity": 4}, status=400).json["code"] == "validation_failed"
    assert client.patch(path(booking), {"quantity": 3}).json["quantity"] == 3
    for wrong in (0, -1, "2", 1001, None):
        client.patch(path(booking), {"quantity": wrong}, status=400)
    mixed = book(make.user(), event, tickets=[{}, {"ticket_type_id": other.id}])
    answer = api.as_(make.staff()).patch(path(mixed), {"quantity": 3}, status=400).json
    assert [error["field"] for error in answer["errors"]] == ["quantity"]


@pytest.mark.parametrize("status", ["cancelled", "postponed", "published"])
def test_nothing_grows_that_is_not_on_sale(api, make, book, path, clock, status):
    ada, event = make.user(), make.event()
    booking, client = book(ada, event, quantity=2), api.as_(ada)
    event.status = status
    if status == "published":
        clock.set(event.ends_at)

    assert client.patch(path(booking), {"quantity": 3}, status=409).json["code"] == "not_on_sale"
    assert client.patch(path(booking), {"quantity": 1}).json["quantity"] == 1


@pytest.mark.parametrize("window", [{"sale_ends_at": timedelta(0)}, {"sale_starts_at": timedelta(hours=1)}])
def test_nothing_grows_outside_its_sale(api, make, book, path, kinds, clock, window):
    ada, event = make.user(), make.event()
    booking, client = book(ada, event), api.as_(ada)
    for name, value in window.items():
        setattr(kinds(event)[0], name, clock.now() + value)

    assert client.patch(path(booking), {"quantity": 2}, status=409).json["code"] == "not_on_sale"


def test_nothing_shrinks_below_what_its_type_sells(api, make, book, path, kinds):
    ada, event = make.user(), make.event(ticket_types=[{"name": "Pair", "min_per_booking": 2}, {"name": "Single"}])
    single = kinds(event)[1]
    booking, client = book(ada, event, tickets=[{"ticket_type_id": single.id}, {}, {}]), api.as_(ada)

    answer = client.patch(path(booking), {"quantity": 2}, status=400).json

    assert [error["field"] for error in answer["errors"]] == ["quantity"]
    assert client.get(path(booking)).json == booking
    client.patch(path(booking), {"quantity": 1})


def test_a_hold_is_resized_until_it_expires(api, make, hold, path, clock, taken):
    ada, event = make.user(), make.event()
    booking, client = hold(ada, event, quantity=2), api.as_(ada)

    assert client.patch(path(booking), {"quantity": 3}).json["expires_at"] == booking["expires_at"]
    clock.move(minutes=15)
    assert client.patch(path(booking), {"quantity": 1}, status=409).json["code"] == "hold_expired"
    assert taken(event) == 3


def test_a_used_ticket_is_not_taken_away(api, make, book, path, session, clock):
    ada, event = make.user(), make.event()
    booking, client = book(ada, event, quantity=3), api.as_(ada)
    session.get(Ticket, booking["tickets"][2]["id"]).checked_in_at = clock.now()

    client.patch(path(booking), {"quantity": 2}, status=400)


def test_holders_are_renamed(api, make, book, path):
    ada, event = make.user(), make.event()
    booking, client = book(ada, event, tickets=[{"name": "A", "email": "a@example.com"}, {"name": "B"}]), api.as_(ada)
    first, second = (ticket["id"] for ticket in booking["tickets"])

    renamed = client.patch(
        path(booking), {"tickets": [{"id": second, "name": "Grace 🎟", "email": "grace@example.com"}]}
    )

    assert [(ticket["name"], ticket["email"]) for ticket in renamed.json["tickets"]] == [
        ("A", "a@example.com"), ("Grace 🎟", "grace@example.com"),
    ]  # fmt: skip
    assert [ticket["secret"] for ticket in renamed.json["tickets"]] == [t["secret"] for t in booking["tickets"]]
    foreign = book(make.user(), event)["tickets"][0]["id"]
    for wrong in (foreign, 999_999):
        changes = {"tickets": [{"id": first, "name": "Other"}, {"id": wrong, "name": "Other"}]}
        answer = client.patch(path(booking), changes, status=400).json
        assert [error["field"] for error in answer["errors"]] == ["tickets"]
    assert client.get(path(booking)).json == renamed.json
    client.patch(path(booking), {"quantity": 1})
    client.patch(path(booking), {"tickets": [{"id": second, "name": "Gone"}]}, status=400)


@pytest.mark.parametrize("field", ["status", "user_id", "event_id", "attendee_id", "total_amount", "expires_at"])
def test_nothing_else_is_changed_by_patch(api, make, book, path, field):
    ada = make.user()
    booking = book(ada, make.event())

    answer = api.as_(ada).patch(path(booking), {field: booking[field]}, status=400).json
    assert answer["errors"] == [{"field": field, "message": "is not known here"}]


def test_put_is_not_possible(api, make, book, path):
    ada = make.user()
    assert api.as_(ada).put(path(book(ada, make.event())), {}, status=405).json["code"] == "method_not_allowed"


def test_nobody_overwrites_what_they_have_not_seen(api, make, hold, path, taken):
    ada, event = make.user(), make.event()
    booking, client = hold(ada, event, quantity=3), api.as_(ada)
    old = {"If-Match": client.get(path(booking)).headers["ETag"]}
    new = {"If-Match": client.patch(path(booking), {"quantity": 2}, headers=old).headers["ETag"]}

    for send in (
        lambda **options: client.patch(path(booking), {"quantity": 1}, **options),
        lambda **options: client.post(path(booking, "confirm"), **options),
        lambda **options: client.post(path(booking, "cancel"), **options),
        lambda **options: client.delete(path(booking), **options),
    ):
        assert send(headers=old, status=412).json["code"] == "version_mismatch"
    assert taken(event) == 2
    newer = {"If-Match": client.post(path(booking, "confirm"), headers=new).headers["ETag"]}
    client.delete(path(booking), headers=new, status=412)
    client.delete(path(booking), headers=newer)
    assert taken(event) == 0


def test_what_is_unchanged_is_not_sent_again(api, make, book, path):
    ada = make.user()
    booking, client = book(ada, make.event()), api.as_(ada)
    tag = client.get(path(booking)).headers["ETag"]

    assert client.get(path(booking), headers={"If-None-Match": tag}, status=304).body == b""
    client.post(path(booking, "cancel"))
    client.get(path(booking), headers={"If-None-Match": tag}, status=200)


def test_a_key_cancels_and_resizes_once(api, make, book, path, taken):
    ada, event = make.user(), make.event(bookings_per_attendee=None)
    booking, client = book(ada, event, quantity=3), api.as_(ada)

    for _ in range(2):
        client.patch(path(booking), {"quantity": 2}, headers={"Idempotency-Key": "smaller"})
    for _ in range(2):
        client.post(path(booking, "cancel"), headers={"Idempotency-Key": "over"})
    assert taken(event) == 0


def test_who_may_see_and_change_a_booking(api, make, hold, path):
    owner, ada, grace = make.organizer(), make.user(), make.user()
    event = make.event(organizer=owner)
    guest = make.attendee(user=grace)
    booking = api.as_(make.staff()).post("/bookings", {"event_id": event.id, "attendee_id": guest.id}, status=201).json

    of_ada = hold(ada, event)
    for stranger in (make.user(), make.organizer(), grace):
        client = api.as_(stranger)
        for send in (
            lambda client: client.get(path(of_ada), status=404),
            lambda client: client.patch(path(of_ada), {"quantity": 2}, status=404),
            lambda client: client.delete(path(of_ada), status=404),
            lambda client: client.post(path(of_ada, "confirm"), status=404),
            lambda client: client.post(path(of_ada, "cancel"), status=404),
        ):
            assert send(client).json["code"] == "not_found"
    for client in (api.as_(ada), api.as_(owner), api.as_(make.staff())):
        assert client.get(path(of_ada)).json["id"] == of_ada["id"]
    assert api.as_(owner).patch(path(of_ada), {"quantity": 2}).json["quantity"] == 2
    assert api.as_(owner).post(path(of_ada, "confirm")).json["status"] == "confirmed"
    assert api.as_(make.staff()).post(path(of_ada, "cancel")).json["status"] == "cancelled"
    assert api.as_(grace).get(path(booking)).json["id"] == booking["id"], "whoever comes may see their booking"
    api.as_(grace).patch(path(booking), {"quantity": 2}, status=404)
    api.as_(grace).post(path(booking, "confirm"), status=404)
    assert api.as_(grace).delete(path(booking)).json["status"] == "cancelled", "and decline it"
    api.as_(ada).get(path(booking), status=404)
    for method in ("get", "patch", "delete"):
        getattr(api, method)(path(of_ada), status=401)


def test_a_booking_that_does_not_exist(api, make):
    client = api.as_(make.staff())
    client.get("/bookings/999999", status=404)
    client.delete("/bookings/999999", status=404)
    client.post("/bookings/999999/confirm", status=404)


def test_places_go_back_when_users_are_deleted(api, make, book, hold, taken, session, kinds):
    ada, grace = make.user(username="test-ada"), make.user(username="test-grace")
    staying = make.user(username="other")
    event = make.event(ticket_types=[{"capacity": 20}])
    guest = make.attendee()
    book(ada, event, quantity=2)
    book(ada, event, quantity=3, attendee_id=guest.id)
    hold(grace, event, quantity=4)
    kept = book(staying, event)
    cancelled = book(grace, make.event())
    api.as_(grace).delete(f"/bookings/{cancelled['id']}")
    assert taken(event) == 10

    assert api.as_(make.staff()).post("/users/bulk-delete", {"prefix": "test-"}).json == {"deleted": 2}

    assert (taken(event), taken(kinds(event)[0])) == (1, 1)
    assert session.scalars(select(Booking.id)).all() == [kept["id"]]
    assert len(session.scalars(select(Ticket)).all()) == 1


def test_nobody_is_deleted_whose_event_others_have_booked(api, make, book, taken):
    owner, ada = make.organizer(username="test-owner"), make.user(username="test-ada")
    event, elsewhere = make.event(organizer=owner), make.event()
    book(make.user(), event)
    book(ada, elsewhere)

    api.as_(make.staff()).post("/users/bulk-delete", {"prefix": "test-"}, status=409)

    assert (taken(event), taken(elsewhere)) == (1, 1)
