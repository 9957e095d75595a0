"""Holds whose time is over: their places come back on the way, and by `expire_due`."""

import pytest

from turnout.bookings.hooks import PlacesReleased
from turnout.bookings.models import Booking, Ticket
from turnout.bookings.services import BookingService, expiry
from turnout.bookings.services.expiry import expire_holds
from turnout.system import system_request


@pytest.fixture
def expire(application, session):
    def expire():
        session.commit()
        with system_request(application.router) as request:
            number = request.find_service(BookingService).expire_due()
        session.expire_all()
        return number

    return expire


@pytest.fixture
def status(session):
    return lambda booking: session.get(Booking, booking["id"]).status


def test_a_claim_that_finds_the_pool_full_releases_what_has_expired(book, hold, make, clock, taken, status, session):
    event = make.event(capacity=5)
    lapsed = [hold(make.user(), event, quantity=2), hold(make.user(), event, quantity=2)]
    kept = book(make.user(), event)

    clock.move(minutes=15, seconds=-1)
    assert book(make.user(), event, status=409)["code"] == "sold_out"
    clock.move(seconds=1)
    booking = book(make.user(), event, quantity=3)

    assert [status(one) for one in (*lapsed, kept, booking)] == ["expired", "expired", "confirmed", "confirmed"]
    assert session.get(Ticket, lapsed[0]["tickets"][0]["id"]).status == "cancelled"
    assert taken(event) == 4


def test_a_claim_that_finds_a_type_full_releases_what_has_expired(book, hold, make, clock, taken, kinds, status):
    event = make.event(capacity=50, ticket_types=[{"name": "Seat", "capacity": 2}, {"name": "Standing"}])
    seat, standing = kinds(event)
    lapsed = hold(make.user(), event, tickets=[{}, {"ticket_type_id": standing.id}, {}])
    clock.move(minutes=15)

    book(make.user(), event, quantity=2)

    assert status(lapsed) == "expired"
    assert (taken(event), taken(seat)) == (2, 2)


def test_a_claim_that_finds_room_leaves_holds_alone(book, hold, make, clock, taken, status):
    event = make.event(capacity=3)
    lapsed = hold(make.user(), event, quantity=2)
    clock.move(minutes=15)

    book(make.user(), event)

    assert (status(lapsed), taken(event)) == ("pending", 3)


def test_holds_of_other_events_are_left_alone(book, hold, make, clock, taken, status):
    event, other = make.event(capacity=1), make.event(capacity=1)
    lapsed, elsewhere = hold(make.user(), event), hold(make.user(), other)
    clock.move(minutes=15)

    book(make.user(), event)

    assert (status(lapsed), status(elsewhere)) == ("expired", "pending")
    assert (taken(event), taken(other)) == (1, 1)


def test_who_did_not_confirm_in_time_books_again(book, hold, make, clock, taken, status):
    """The places suffice; what stands in the way is the attendee's own hold, which has expired."""
    ada, event = make.user(), make.event(capacity=50)
    lapsed = hold(ada, event, quantity=2)
    book(ada, event, status=409)
    clock.move(minutes=15)

    booking = book(ada, event)

    assert (status(lapsed), status(booking), taken(event)) == ("expired", "confirmed", 1)


def test_a_refusal_stays_one_if_what_expires_does_not_suffice(book, hold, make, clock, status):
    event = make.event(capacity=4)
    book(make.user(), event, quantity=2)
    lapsed = hold(make.user(), event)
    clock.move(minutes=15)

    answer = book(make.user(), event, quantity=3, status=409)

    assert (answer["code"], answer["seats_available"]) == ("sold_out", 2)
    book(make.user(), event, quantity=2)
    assert status(lapsed) == "expired"


@pytest.mark.parametrize("change", ["book", "grow"])
def test_a_sale_releases_more_than_one_statement_expires(
    api, book, hold, make, clock, taken, status, monkeypatch, change
):
    monkeypatch.setattr(expiry, "MOST_AT_ONCE", 2)
    ada, event = make.user(), make.event(capacity=6)
    own = book(ada, event)
    lapsed = [hold(make.user(), event) for _ in range(5)]
    clock.move(minutes=15)

    if change == "book":
        book(make.user(), event, quantity=5)
    else:
        api.as_(ada).patch(f"/bookings/{own['id']}", {"quantity": 6})

    assert {status(one) for one in lapsed} == {"expired"}
    assert taken(event) == 6


def test_all_that_is_due_expires_once(book, hold, make, clock, taken, kinds, status, expire):
    event = make.event(ticket_types=[{"name": "Seat", "capacity": 10}, {"name": "Standing"}])
    other, (seat, standing) = make.event(), kinds(event)
    due = [
        hold(make.user(), event, tickets=[{}, {"ticket_type_id": standing.id}]),
        hold(make.user(), event, quantity=3),
        hold(make.user(), other),
    ]
    kept = [book(make.user(), event), book(make.user(), other)]
    clock.move(minutes=1)
    later = hold(make.user(), event)
    clock.move(minutes=14, seconds=-1)
    assert expire() == 0
    clock.move(seconds=1)

    assert expire() == 3
    assert expire() == 0

    assert [status(one) for one in due] == ["expired"] * 3
    assert [status(one) for one in (*kept, later)] == ["confirmed", "confirmed", "pending"]
    assert (taken(event), taken(seat), taken(other)) == (2, 2, 1)


def test_many_expire_in_parts(hold, make, session, clock, taken):
    event = make.event()
    for _ in range(3):
        hold(make.user(), event, quantity=2)
    clock.move(minutes=15)
    announced = []

    assert [expire_holds(session, clock.now(), announced.append, limit=2) for _ in range(3)] == [2, 1, 0]

    assert taken(event) == 0
    assert [type(one).__name__ for one in announced].count("BookingExpired") == 3
    assert sum(one.places for one in announced if isinstance(one, PlacesReleased)) == 6
