"""Booking over REST: what is made, and what is refused."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from turnout.attendees.models import Attendee
from turnout.bookings.models import Booking

MINUTES = timedelta(minutes=15)


def test_little_has_to_be_said(api, make, clock, taken, kinds):
    ada, event = make.user(first_name="Ada", last_name="Moreira"), make.event(capacity=5)

    made = api.as_(ada).post("/bookings", {"event_id": event.id}, status=201)

    booking = made.json
    [ticket] = booking.pop("tickets")
    own = api.as_(ada).get("/attendees").json["results"]
    assert [(a["first_name"], a["last_name"], a["email"], a["user_id"]) for a in own] == [
        ("Ada", "Moreira", ada.email, ada.id)
    ]
    assert re.fullmatch("[0-9A-HJKMNP-TV-Z]{10}", booking.pop("code"))
    assert booking == {
        "id": booking["id"],
        "event_id": event.id,
        "user_id": ada.id,
        "attendee_id": own[0]["id"],
        "quantity": 1,
        "total_amount": "0.00",
        "currency": "EUR",
        "status": "confirmed",
        "failure": None,
        "expires_at": None,
        "booking_date": "2027-03-01T12:00:00Z",
    } | {"extensions": {}}
    assert len(ticket.pop("secret")) >= 24
    assert ticket == {
        "id": ticket["id"],
        "ticket_type_id": kinds(event)[0].id,
        "price": "0.00",
        "name": "",
        "email": "",
        "status": "valid",
        "checked_in_at": None,
    }
    assert made.headers["Location"].endswith(f"/api/v1/bookings/{booking['id']}")
    assert taken(event) == 1


def test_what_was_answered_is_what_is_read(api, make):
    ada, event = make.user(), make.event(price="12.50")
    client = api.as_(ada)

    made = client.post("/bookings", {"event_id": event.id, "quantity": 3, "status": "pending"}, status=201)

    read = client.get(f"/bookings/{made.json['id']}")
    assert read.json == made.json
    assert read.headers["ETag"] == made.headers["ETag"]
    assert client.get("/bookings").json["results"] == [made.json]


def test_several_places_cost_so_many_times_the_price(book, make, taken):
    event = make.event(price="12.50", capacity=10)

    booking = book(make.user(), event, quantity=4)

    assert (booking["quantity"], booking["total_amount"], booking["status"]) == (4, "50.00", "confirmed")
    assert [ticket["price"] for ticket in booking["tickets"]] == ["12.50"] * 4
    assert len({ticket["secret"] for ticket in booking["tickets"]}) == 4
    assert taken(event) == 4


@pytest.mark.parametrize(
    ("currency", "price", "total"), [("EUR", "0.10", "0.30"), ("JPY", "1500", "4500"), ("KWD", "0.005", "0.015")]
)
def test_a_total_has_the_decimals_of_its_currency(book, make, currency, price, total):
    booking = book(make.user(), make.event(price=price, currency=currency), quantity=3)

    assert (booking["total_amount"], booking["currency"]) == (total, currency)
    assert booking["tickets"][0]["price"] == price


def test_a_ticket_type_is_named(book, make, taken, kinds):
    event = make.event(ticket_types=[{"name": "Standing", "price": 20}, {"name": "Seat", "price": 30, "capacity": 5}])
    standing, seat = kinds(event)

    assert book(make.user(), event)["tickets"][0]["ticket_type_id"] == standing.id
    booking = book(make.user(), event, ticket_type_id=seat.id, quantity=2)

    assert booking["total_amount"] == "60.00"
    assert {ticket["ticket_type_id"] for ticket in booking["tickets"]} == {seat.id}
    assert (taken(event), taken(seat)) == (3, 2)


def test_a_ticket_for_each_holder(book, make, taken, kinds):
    event = make.event(
        ticket_types=[{"name": "Adult", "price": 20, "capacity": 8}, {"name": "Child", "price": 5, "capacity": 9}]
    )
    adult, child = kinds(event)
    holders = [
        {"ticket_type_id": child.id, "name": "Noor 🎈"},
        {"name": "Ada Moreira", "email": "ada@example.com"},
        {"ticket_type_id": child.id, "name": "نور"},
    ]

    booking = book(make.user(), event, ticket_type_id=adult.id, tickets=holders)

    assert (booking["quantity"], booking["total_amount"]) == (3, "30.00")
    assert [(t["ticket_type_id"], t["name"], t["email"], t["price"]) for t in booking["tickets"]] == [
        (child.id, "Noor 🎈", "", "5.00"),
        (adult.id, "Ada Moreira", "ada@example.com", "20.00"),
        (child.id, "نور", "", "5.00"),
    ]
    assert (taken(event), taken(adult), taken(child)) == (3, 1, 2)


def test_quantity_may_repeat_how_many_tickets_there_are_but_not_contradict_it(book, refused, make):
    event = make.event()

    assert book(make.user(), event, quantity=2, tickets=[{"name": "A"}, {"name": "B"}])["quantity"] == 2
    answer = refused(make.user(), event, "validation_failed", status=400, quantity=3, tickets=[{"name": "A"}])
    assert [error["field"] for error in answer["errors"]] == ["quantity"]


def test_a_hold_keeps_its_places_for_a_quarter_of_an_hour(hold, make, clock, taken):
    event = make.event(price=10)

    booking = hold(make.user(), event, quantity=2)

    assert booking["status"] == "pending"
    assert booking["expires_at"] == (clock.now() + MINUTES).isoformat().replace("+00:00", "Z")
    assert taken(event) == 2


@pytest.mark.parametrize(
    ("wanted", "field", "message"),
    [
        ({"event_id": None}, "event_id", "must not be null"),
        ({"event_id": "1"}, "event_id", "must be a whole number"),
        ({"event_id": 2**63}, "event_id", "must be at most"),
        ({"quantity": 0}, "quantity", "must be at least 1"),
        ({"quantity": -1}, "quantity", "must be at least 1"),
        ({"quantity": 1.5}, "quantity", "must be a whole number"),
        ({"quantity": True}, "quantity", "must be a whole number"),
        ({"quantity": 10**30}, "quantity", "must be at most"),
        ({"status": "confirmed"}, "status", "must be"),
        ({"ticket_type_id": 0}, "ticket_type_id", "must be at least 1"),
        ({"tickets": {}}, "tickets", "must be a list"),
        ({"tickets": [{"name": "x" * 201}]}, "tickets[0].name", "must have at most 200 characters"),
        ({"tickets": [{"name": "x\x00y"}]}, "tickets[0].name", "must not contain a NUL character"),
        ({"tickets": [{"email": "nobody"}]}, "tickets[0].email", "must be an email address"),
        ({"tickets": [{"price": "0"}]}, "tickets[0].price", "is not known here"),
        ({"user_id": 1}, "user_id", "is not known here"),
        ({"total_amount": "0.00"}, "total_amount", "is not known here"),
    ],
)
def test_bad_values_are_named(api, make, rows, wanted, field, message):
    client, body = api.as_(make.user()), {"event_id": make.event(price=10).id} | wanted
    before = rows()

    [error] = client.post("/bookings", body, status=400).json["errors"]

    assert rows() == before
    assert error["field"] == field
    assert message in error["message"]


def test_only_the_signed_in_book(api, make):
    assert api.post("/bookings", {"event_id": make.event().id}, status=401).json["code"] == "unauthenticated"


def test_an_event_that_does_not_exist(api, make):
    answer = api.as_(make.user()).post("/bookings", {"event_id": 999_999}, status=404)
    assert answer.json["code"] == "not_found"


def test_a_ticket_type_of_another_event_is_none(refused, make, kinds):
    event, [foreign] = make.event(), kinds(make.event())
    ada = make.user()

    refused(ada, event, "validation_failed", status=400, ticket_type_id=foreign.id)
    refused(ada, event, "validation_failed", status=400, tickets=[{}, {"ticket_type_id": foreign.id}])


@pytest.mark.parametrize("status", ["cancelled", "postponed", "archived"])
def test_what_is_not_published_is_not_on_sale(refused, make, status):
    answer = refused(make.user(), make.event(status=status), "not_on_sale")
    assert status in answer["detail"]


def test_a_draft_is_for_its_organizer_alone_to_know_of(refused, make):
    owner = make.organizer()
    event = make.event(status="draft", organizer=owner)

    refused(make.user(), event, "not_found", status=404)
    refused(make.organizer(), event, "not_found", status=404)
    refused(owner, event, "not_on_sale")
    refused(make.staff(), event, "not_on_sale")


def test_an_event_is_sold_until_it_ends(book, refused, make, clock):
    event = make.event(starts_at=clock.now() + timedelta(hours=1), ends_at=clock.now() + timedelta(hours=2))

    clock.move(hours=2, seconds=-1)
    book(make.user(), event)
    clock.move(seconds=1)
    refused(make.user(), event, "not_on_sale")


def test_a_ticket_type_is_sold_in_its_window(book, refused, make, clock, kinds):
    opens, closes = clock.now() + timedelta(days=1), clock.now() + timedelta(days=2)
    event = make.event(ticket_types=[{"sale_starts_at": opens, "sale_ends_at": closes}, {"name": "Door", "price": 9}])
    early, door = kinds(event)

    assert refused(make.user(), event, "not_on_sale")["sale_starts_at"] == "2027-03-02T12:00:00Z"
    refused(make.user(), event, "not_on_sale", tickets=[{"ticket_type_id": door.id}, {"ticket_type_id": early.id}])
    book(make.user(), event, ticket_type_id=door.id)
    clock.set(opens)
    book(make.user(), event)
    clock.set(closes - timedelta(seconds=1))
    book(make.user(), event)
    clock.set(closes)
    assert refused(make.user(), event, "not_on_sale")["sale_ends_at"] == "2027-03-03T12:00:00Z"


def test_as_many_in_one_booking_as_the_event_allows(book, refused, make):
    event = make.event(max_tickets_per_booking=3)

    book(make.user(), event, quantity=3)
    answer = refused(make.user(), event, "validation_failed", status=400, quantity=4)
    assert answer["errors"] == [{"field": "quantity", "message": "must be at most 3 in one booking for this event"}]
    refused(make.user(), event, "validation_failed", status=400, tickets=[{}] * 4)


def test_as_many_of_a_type_as_it_allows(book, refused, make, kinds):
    event = make.event(
        ticket_types=[{"name": "Pair", "min_per_booking": 2, "max_per_booking": 4}, {"name": "Single", "price": 1}]
    )
    pair, single = kinds(event)

    refused(make.user(), event, "validation_failed", status=400, quantity=1)
    book(make.user(), event, quantity=2)
    book(make.user(), event, quantity=4)
    refused(make.user(), event, "validation_failed", status=400, quantity=5)
    mixed = [{"ticket_type_id": pair.id}, *[{"ticket_type_id": single.id}] * 3]
    refused(make.user(), event, "validation_failed", status=400, tickets=mixed)
    book(make.user(), event, tickets=[*mixed, {"ticket_type_id": pair.id}])


def test_sold_out_says_how_many_are_left(book, refused, make, taken):
    event = make.event(capacity=3)
    book(make.user(), event, quantity=2)

    assert refused(make.user(), event, "sold_out", quantity=2)["seats_available"] == 1
    book(make.user(), event)
    assert refused(make.user(), event, "sold_out")["seats_available"] == 0
    assert taken(event) == 3


def test_a_type_sells_out_before_the_event_and_the_event_before_a_type(book, refused, make, kinds, taken):
    event = make.event(capacity=5, ticket_types=[{"name": "Seat", "capacity": 2}, {"name": "Standing", "capacity": 9}])
    seat, standing = kinds(event)

    book(make.user(), event, ticket_type_id=seat.id, quantity=2)
    assert "Seat" in refused(make.user(), event, "sold_out", ticket_type_id=seat.id)["detail"]
    mixed = [{"ticket_type_id": standing.id}, {"ticket_type_id": seat.id}]
    refused(make.user(), event, "sold_out", tickets=mixed)
    book(make.user(), event, ticket_type_id=standing.id, quantity=3)
    refused(make.user(), event, "sold_out", ticket_type_id=standing.id)
    assert (taken(event), taken(seat), taken(standing)) == (5, 2, 3)


def test_an_event_without_limit_never_sells_out(book, make, taken):
    event = make.event(capacity=None, max_tickets_per_booking=1000)

    for _ in range(2):
        book(make.user(), event, quantity=1000)
    assert taken(event) == 2000


def test_one_booking_for_an_attendee(book, refused, make):
    ada, event = make.user(), make.event()

    book(ada, event)
    refused(ada, event, "duplicate_booking")
    book(ada, make.event())
    book(make.user(), event)


def test_as_many_bookings_for_an_attendee_as_the_event_allows(book, refused, make, api):
    ada, event = make.user(), make.event(bookings_per_attendee=2)

    first = book(ada, event)
    book(ada, event)
    refused(ada, event, "duplicate_booking")
    api.as_(ada).post(f"/bookings/{first['id']}/cancel")
    book(ada, event)
    refused(ada, event, "duplicate_booking")


def test_any_number_of_bookings_where_the_event_sets_no_limit(book, make, session, api):
    ada, owner = make.user(), make.organizer()
    event = make.event(bookings_per_attendee=None, organizer=owner)

    for _ in range(3):
        book(ada, event)
    assert set(session.scalars(select(Booking.attendee_slot))) == {None}

    # A limit that comes later counts them, too.
    api.as_(owner).patch(f"/events/{event.id}", {"bookings_per_attendee": 3})
    assert book(ada, event, status=409)["code"] == "duplicate_booking"
    api.as_(owner).patch(f"/events/{event.id}", {"bookings_per_attendee": 4})
    book(ada, event)


def test_ones_own_attendee_is_made_once(book, make, session):
    ada = make.user(first_name="", last_name="", username="ada")

    bookings = [book(ada, make.event()) for _ in range(3)]

    [own] = session.scalars(select(Attendee)).all()
    assert {booking["attendee_id"] for booking in bookings} == {own.id}
    assert (own.first_name, own.email, own.user_id) == ("ada", ada.email, ada.id)


def test_an_attendee_that_one_has_already_is_taken(book, make, session):
    ada = make.user()
    own = make.attendee(user=ada, email="other@example.com")

    assert book(ada, make.event())["attendee_id"] == own.id
    assert book(ada, make.event(), attendee_id=own.id)["attendee_id"] == own.id
    assert len(session.scalars(select(Attendee)).all()) == 1


def test_for_somebody_without_an_account(book, refused, make):
    ada, event, guest = make.user(), make.event(), make.attendee()

    booking = book(ada, event, attendee_id=guest.id)

    assert (booking["attendee_id"], booking["user_id"]) == (guest.id, ada.id)
    refused(ada, event, "duplicate_booking", attendee_id=guest.id)
    refused(make.user(), event, "duplicate_booking", attendee_id=guest.id)
    book(ada, event)


def test_somebody_elses_attendee_cannot_be_booked_for(book, refused, make):
    owner, grace = make.organizer(), make.user()
    event = make.event(organizer=owner)
    attendee = make.attendee(user=grace)

    for stranger in (make.user(), make.organizer(), owner):  # who is shown who comes
        refused(stranger, event, "validation_failed", status=400, attendee_id=attendee.id)
    refused(make.user(), event, "validation_failed", status=400, attendee_id=999_999)
    refused(owner, event, "validation_failed", status=400, attendee_id=make.attendee().id)
    book(grace, make.event(organizer=owner))
    assert book(owner, event, attendee_id=attendee.id)["user_id"] == owner.id
    assert book(make.staff(), make.event(), attendee_id=attendee.id)["attendee_id"] == attendee.id


def test_a_disabled_user_books_nothing(api, make):
    ada, event = make.user(), make.event()
    client = api.as_(ada)
    ada.is_active = False

    client.post("/bookings", {"event_id": event.id}, status=401)


def test_a_key_makes_one_booking(api, make, taken, rows):
    client, event = api.as_(make.user()), make.event(bookings_per_attendee=None)
    key = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}

    first = client.post("/bookings", {"event_id": event.id}, status=201, headers=key)
    again = client.post("/bookings", {"event_id": event.id}, status=201, headers=key)

    assert again.json == first.json
    assert {name: again.headers[name] for name in ("ETag", "Location")} == {
        name: first.headers[name] for name in ("ETag", "Location")
    }
    assert again.headers["Idempotency-Replayed"] == "true"
    assert taken(event) == 1
    assert client.post("/bookings", {"event_id": event.id, "quantity": 2}, status=422, headers=key).json["code"] == (
        "idempotency_key_reused"
    )
    other = api.as_(make.user()).post("/bookings", {"event_id": event.id}, status=201, headers=key)
    assert other.json["id"] != first.json["id"]


def test_a_refusal_may_be_tried_again_with_its_key(api, book, make):
    ada, grace, event = make.user(), make.user(), make.event(capacity=1)
    booking = book(grace, event)
    key = {"Idempotency-Key": "again"}

    api.as_(ada).post("/bookings", {"event_id": event.id}, status=409, headers=key)
    api.as_(grace).post(f"/bookings/{booking['id']}/cancel")
    made = api.as_(ada).post("/bookings", {"event_id": event.id}, status=201, headers=key)
    assert "Idempotency-Replayed" not in made.headers
