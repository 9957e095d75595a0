"""What plugins let bookings wait for, and what becomes of it when that comes: in time, late, or too late."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from tests.unit.bookings import holding

from turnout.bookings.errors import DuplicateBooking, HoldExpired, NotOnSale, WrongBookingStatus
from turnout.bookings.models import VALID, Booking, Ticket
from turnout.bookings.services import BookingService
from turnout.errors import NotFound
from turnout.pools.errors import SoldOut
from turnout.system import system_request


@pytest.fixture
def application(workshop, database):
    return workshop.application(database, holding.includeme)


@pytest.fixture
def do(application, session):
    """Return what calls a method of the service, in a transaction of its own."""

    def do(method, *given):
        session.commit()
        with system_request(application.router) as request:
            return getattr(request.find_service(BookingService), method)(*given)

    return do


@pytest.fixture
def late(book, clock, do):
    """Return what makes a booking that has expired."""

    def late(user, event, **wanted):
        booking = book(user, event, **wanted)
        clock.move(hours=3)
        do("expire_due")
        return booking

    return late


@pytest.fixture
def status(session):
    def status(booking):
        found = select(Booking.status).where(Booking.id == booking["id"])
        valid = select(func.count()).where(Ticket.booking_id == booking["id"], Ticket.status == VALID)
        return session.scalar(found), session.scalar(valid)

    return status


def test_what_costs_something_is_held_for_as_long_as_was_asked(api, book, make, clock):
    ada, event = make.user(), make.event(price="7.50")
    booking = book(ada, event)
    assert booking["status"] == "pending"
    assert booking["expires_at"] == (clock.now() + holding.HELD).isoformat().replace("+00:00", "Z")
    assert book(make.user(), make.event(price=0))["status"] == "confirmed"
    answer = api.as_(ada).post(f"/bookings/{booking['id']}/confirm", status=409)
    assert answer.json["code"] == "not_paid"
    assert api.as_(ada).get(f"/bookings/{booking['id']}").json["status"] == "pending"


def test_the_longest_hold_counts(hold, make, clock):
    booking = hold(make.user(), make.event(price=0))
    assert booking["expires_at"] == (clock.now() + timedelta(minutes=15)).isoformat().replace("+00:00", "Z")
    booking = hold(make.user(), make.event(price=5))
    assert booking["expires_at"] == (clock.now() + holding.HELD).isoformat().replace("+00:00", "Z")


def test_what_is_decided_later_is_held_too(accept, make, outbox, show):
    booking = accept(make.user(), make.event(price=5))
    outbox.run()
    assert show(booking)["status"] == "pending"


def test_it_is_fulfilled_in_time_and_once(book, make, do, status):
    booking = book(make.user(), make.event(price=5, capacity=2), quantity=2)
    for _ in range(2):
        assert do("fulfil", booking["id"]).expires_at is None
        assert status(booking) == ("confirmed", 2)


def test_it_is_fulfilled_when_its_time_is_over_and_nobody_has_noticed(book, make, do, clock, status):
    booking = book(make.user(), make.event(price=5))
    clock.move(hours=3)
    do("fulfil", booking["id"])
    assert status(booking) == ("confirmed", 1)


def test_one_that_has_expired_takes_its_places_again(late, book, make, do, status, taken, session):
    event = make.event(price=5, capacity=3, ticket_types=[{"price": 5, "capacity": 2}])
    booking = late(make.user(), event, quantity=2)
    assert (taken(event), status(booking)) == (0, ("expired", 0))
    assert do("fulfil", booking["id"]).attendee_slot == 1
    assert (taken(event), status(booking)) == (2, ("confirmed", 2))
    book(make.user(), event, status=409)  # its type is full again


def test_one_that_has_expired_and_whose_places_are_gone_is_not(late, book, make, do, status, taken):
    event = make.event(price=5, capacity=2)
    booking = late(make.user(), event, quantity=2)
    book(make.user(), event)
    with pytest.raises(SoldOut):
        do("fulfil", booking["id"])
    assert (taken(event), status(booking)) == (1, ("expired", 0))


def test_of_the_type_alone_the_places_may_be_gone(late, book, make, do, taken):
    event = make.event(capacity=9, ticket_types=[{"price": 5, "capacity": 1}, {"name": "Standing", "price": 5}])
    booking = late(make.user(), event)
    book(make.user(), event)
    with pytest.raises(SoldOut):
        do("fulfil", booking["id"])
    assert taken(event) == 1


def test_holds_that_are_over_make_room(late, book, make, do, clock, status):
    event = make.event(price=5, capacity=1)
    booking = late(make.user(), event)
    other = book(make.user(), event)
    clock.move(hours=3)
    do("fulfil", booking["id"])
    assert (status(booking), status(other)) == (("confirmed", 1), ("expired", 0))


def test_a_ticket_that_it_gave_up_for_a_cheaper_one_stays_given_up(api, book, make, do, clock, session):
    kinds = [{"name": "Standing", "price": 10}, {"name": "Box", "price": 500, "capacity": 1}]
    ada, event = make.user(), make.event(ticket_types=kinds)
    cheap, dear = (kind["id"] for kind in api.get(f"/events/{event.id}/ticket-types").json["results"])
    booking = book(ada, event, tickets=[{"ticket_type_id": cheap}, {"ticket_type_id": dear}])
    for quantity in (1, 2):
        changed = api.as_(ada).patch(f"/bookings/{booking['id']}", {"quantity": quantity}).json
    assert changed["total_amount"] == "20.00"
    clock.move(hours=3)
    do("expire_due")
    do("fulfil", booking["id"])
    prices = select(Ticket.price).where(Ticket.booking_id == booking["id"], Ticket.status == VALID)
    assert [int(price) for price in session.scalars(prices)] == [10, 10]
    book(make.user(), event, ticket_type_id=dear)


def test_only_the_tickets_that_it_kept_are_good_again(late, api, book, make, do, clock, status, session):
    ada, event = make.user(), make.event(price=5)
    booking = book(ada, event, quantity=3)
    api.as_(ada).patch(f"/bookings/{booking['id']}", {"quantity": 1})
    clock.move(hours=3)
    do("expire_due")
    do("fulfil", booking["id"])
    assert status(booking) == ("confirmed", 1)
    first = session.get(Ticket, booking["tickets"][0]["id"], populate_existing=True)
    assert first.status == VALID


def test_whoever_has_booked_again_has_no_slot_for_it(late, book, make, do, status):
    ada, event = make.user(), make.event(price=5)
    booking = late(ada, event)
    book(ada, event)
    with pytest.raises(DuplicateBooking):
        do("fulfil", booking["id"])
    assert status(booking) == ("expired", 0)


@pytest.mark.parametrize(("limit", "slot"), [(2, 2), (None, None)])
def test_where_the_event_allows_more_it_takes_a_free_slot(late, book, make, do, limit, slot):
    ada, event = make.user(), make.event(price=5, bookings_per_attendee=limit)
    booking = late(ada, event)
    book(ada, event)
    assert do("fulfil", booking["id"]).attendee_slot == slot


@pytest.mark.parametrize("is_late", [False, True])
def test_nobody_comes_to_an_event_that_is_off(api, late, book, make, do, is_late):
    event = make.event(price=5)
    booking = (late if is_late else book)(make.user(), event)
    api.as_role("staff").post(f"/events/{event.id}/cancel")
    with pytest.raises(NotOnSale):
        do("fulfil", booking["id"])


def test_what_was_given_up_stays_so(api, book, make, do):
    ada = make.user()
    booking = book(ada, make.event(price=5))
    api.as_(ada).post(f"/bookings/{booking['id']}/cancel")
    with pytest.raises(WrongBookingStatus):
        do("fulfil", booking["id"])
    with pytest.raises(NotFound):
        do("fulfil", 12345)


def test_a_hold_is_made_longer_never_shorter(book, make, do, clock, show):
    booking = book(make.user(), make.event(price=5))
    until = clock.now() + timedelta(days=2)
    assert do("extend_hold", booking["id"], until) == until
    assert do("extend_hold", booking["id"], until - timedelta(days=1)) == until
    assert show(booking)["expires_at"] == until.isoformat().replace("+00:00", "Z")


def test_a_hold_that_is_over_stays_over(book, make, do, clock):
    booking, free = book(make.user(), make.event(price=5)), book(make.user(), make.event(price=0))
    until = clock.now() + timedelta(days=2)
    clock.move(hours=3)
    with pytest.raises(HoldExpired):
        do("extend_hold", booking["id"], until)
    with pytest.raises(WrongBookingStatus):
        do("extend_hold", free["id"], until)


class TestExtensions:
    def test_bookings_show_it_everywhere(self, api, book, make, show):
        ada, event = make.user(), make.event(price=5, bookings_per_attendee=9)
        made = [book(ada, event) for _ in range(2)]
        assert {booking["id"]: booking["extensions"] for booking in made} == {
            booking["id"]: {"dues": {"count": booking["id"]}} if booking["id"] % 2 == 0 else {} for booking in made
        }
        assert [show(booking)["extensions"] for booking in made] == [booking["extensions"] for booking in made]
        listed = api.as_(ada).get("/bookings").json["results"]
        assert {one["id"]: one["extensions"] for one in listed} == {one["id"]: one["extensions"] for one in made}

    def test_a_list_reads_it_once(self, api, book, make):
        ada, event = make.user(), make.event(price=5, bookings_per_attendee=None)
        for _ in range(5):
            book(ada, event)
        holding.read_with.clear()
        api.as_(ada).get("/bookings")
        assert [len(ids) for ids in holding.read_with] == [5]

    def test_an_empty_list_does_not_read_it(self, api):
        holding.read_with.clear()
        api.as_role("user").get("/bookings")
        assert holding.read_with == []

    def test_openapi_describes_it(self, api):
        schemas = api.get("/openapi.json").json["components"]["schemas"]
        view = schemas["BookingView"]["properties"]["extensions"]
        assert list(view["properties"]) == ["dues"]


def test_who_says_twice_that_they_come_has_what_is_held(api, make):
    ada, event = api.as_(make.user()), make.event(price=5)
    said = [ada.post(f"/events/{event.id}/rsvp", {"status": "going"}).json["booking"] for _ in range(2)]
    assert [booking["status"] for booking in said] == ["pending", "pending"]
    assert said[0]["id"] == said[1]["id"]
