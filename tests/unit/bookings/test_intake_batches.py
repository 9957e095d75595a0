"""Accepted bookings are decided many at a time, in the order in which they came, each with its own outcome."""

import pytest
from sqlalchemy import select
from tests.unit.bookings import listening

from turnout.bookings import hooks
from turnout.bookings.models import Booking
from turnout.bookings.services import Intake
from turnout.bookings.services.intake import Wish, decide_bookings
from turnout.errors import Conflict
from turnout.outbox.handlers import name_of
from turnout.outbox.models import Job
from turnout.system import system_request


class Unpaid(Conflict):
    code = "unpaid"
    title = "Pay first"


@pytest.fixture
def application(workshop, database):
    return workshop.application(database, listening.includeme)


@pytest.fixture(autouse=True)
def heard():
    def forget():
        listening.heard.clear()
        listening.refusing.clear()
        listening.breaking.clear()
        listening.only = listening.anything

    forget()
    yield listening.heard
    forget()


@pytest.fixture
def told(heard):
    """Return what was announced of bookings since the last time."""

    def told():
        found = [event for event in heard if isinstance(event, (hooks.BookingEvent, hooks.PlacesClaimed))]
        heard.clear()
        return found

    return told


@pytest.fixture
def statuses(session):
    """Return the statuses of bookings, in the order given."""

    def statuses(bookings):
        rows = session.execute(select(Booking.id, Booking.status, Booking.failure_code))
        found = {row.id: row.failure_code or row.status for row in rows}
        return [found[booking["id"]] for booking in bookings]

    return statuses


@pytest.fixture
def decisions(session):
    """Return the ids of the decisions that were tried, by how often, in the order in which they were asked for."""

    def decisions():
        query = select(Job.attempts).where(Job.handler == name_of(decide_bookings)).order_by(Job.id)
        return session.scalars(query).all()

    return decisions


def test_the_last_places_go_to_those_who_came_first(accept, make, outbox, statuses, taken):
    event = make.event(capacity=3, bookings_per_attendee=None)
    people = [make.user() for _ in range(4)]
    bookings = [accept(person, event) for _ in range(2) for person in people]

    outbox.run()

    assert statuses(bookings) == ["confirmed"] * 3 + ["sold_out"] * 5
    assert taken(event) == 3


def test_a_large_wish_is_refused_and_later_smaller_ones_are_not(accept, make, outbox, statuses, taken, kinds):
    event = make.event(capacity=9, ticket_types=[{"name": "Seat", "capacity": 3}, {"name": "Standing"}])
    seat, standing = kinds(event)
    wishes = [(seat, 2), (seat, 2), (standing, 6), (standing, 2), (seat, 1), (standing, 1)]

    bookings = [accept(make.user(), event, quantity=n, ticket_type_id=kind.id) for kind, n in wishes]
    outbox.run()

    assert statuses(bookings) == ["confirmed", "sold_out", "confirmed", "sold_out", "confirmed", "sold_out"]
    assert (taken(event), taken(seat)) == (9, 3)


def test_one_attendee_gets_one_booking_the_first_one(accept, book, make, outbox, statuses):
    ada, event = make.user(), make.event()
    bookings = [accept(ada, event) for _ in range(3)]
    outbox.run()
    assert statuses(bookings) == ["confirmed", "duplicate_booking", "duplicate_booking"]
    book(ada, event, status=409)


def test_who_is_new_gets_one_attendee(accept, api, make, outbox, statuses):
    ada = make.user()
    bookings = [accept(ada, event) for event in (make.event(), make.event())]
    bookings += [accept(ada, make.event(bookings_per_attendee=None)) for _ in range(2)]
    outbox.run()
    assert statuses(bookings) == ["confirmed"] * 4
    assert api.as_(ada).get("/attendees").json["count"] == 1


def test_those_who_booked_at_once_meanwhile_came_first(accept, book, make, outbox, statuses, taken):
    event = make.event(capacity=2)
    bookings = [accept(make.user(), event) for _ in range(2)]
    book(make.user(), event)
    outbox.run()
    assert statuses(bookings) == ["confirmed", "sold_out"]
    assert taken(event) == 2


def test_what_has_expired_is_let_go_for_them(accept, hold, make, outbox, clock, statuses, taken):
    event = make.event(capacity=2)
    lapsed = hold(make.user(), event, quantity=2)
    bookings = [accept(make.user(), event) for _ in range(3)]
    clock.move(minutes=15)
    outbox.run()
    assert statuses([lapsed, *bookings]) == ["expired", "confirmed", "confirmed", "sold_out"]
    assert taken(event) == 2


def test_each_event_is_decided_apart(accept, make, outbox, statuses, decisions):
    events = [make.event(capacity=1), make.event(capacity=2), make.event(status="postponed")]
    bookings = [accept(make.user(), event) for _ in range(2) for event in events]
    outbox.run()
    assert statuses(bookings) == ["confirmed", "confirmed", "not_on_sale", "sold_out", "confirmed", "not_on_sale"]
    assert decisions() == [1] * 6


def test_what_comes_of_them_is_announced(accept, make, outbox, told):
    event = make.event(capacity=3)
    confirmed, failed = accept(make.user(), event, quantity=2), accept(make.user(), event, quantity=2)
    held, gone = accept(make.user(), event, status="pending"), accept(make.user(), event)
    assert told() == []

    outbox.run()

    claimed, about_confirmed, claimed_too, about_held, *about_failed = told()
    assert (claimed.places, claimed_too.places) == (2, 1)
    for event_told, kind, booking in (
        (about_confirmed, hooks.BookingConfirmed, confirmed),
        (about_held, hooks.BookingHeld, held),
    ):
        assert type(event_told) is kind
        assert (event_told.booking_id, event_told.quantity) == (booking["id"], booking["quantity"])
        assert event_told.attendee_id is not None
    assert about_failed == [
        hooks.BookingFailed(one["id"], event.id, one["user_id"], None, one["quantity"], "sold_out")
        for one in (failed, gone)
    ]


def test_a_cancellation_before_that_is_announced_without_places(accept, api, make, told):
    ada, event = make.user(), make.event()
    booking = accept(ada, event)
    api.as_(ada).delete(f"/bookings/{booking['id']}")
    assert told() == [hooks.BookingCancelled(booking["id"], event.id, ada.id, None, 1)]


def test_they_are_counted(accept, api, make, outbox):
    def counted():
        lines = [line.rpartition(" ") for line in api.get("/metrics").text.splitlines()]
        return {name: float(value) for name, _, value in lines if name.startswith("turnout_bookings_total{")}

    before, event = counted(), make.event(capacity=1)
    for _ in range(3):
        accept(make.user(), event)
    outbox.run()

    change = {name: value - before.get(name, 0) for name, value in counted().items() if value != before.get(name, 0)}
    assert change == {
        'turnout_bookings_total{code="",outcome="confirmed"}': 1,
        'turnout_bookings_total{code="sold_out",outcome="failed"}': 2,
    }


@pytest.mark.parametrize("kind", [hooks.PlacesClaimed, hooks.BookingConfirmed])
def test_a_subscriber_refuses_one_and_the_others_are_decided(
    accept, make, outbox, clock, statuses, decisions, taken, session, kind
):
    event = make.event(capacity=10)
    bookings = [accept(make.user(), event, quantity=quantity) for quantity in (1, 2, 1, 1)]
    listening.refusing[kind] = Unpaid("No money came.")
    listening.only = lambda told: getattr(told, "quantity", getattr(told, "places", None)) == 2

    for _ in range(5):
        outbox.run()
        clock.move(seconds=1)

    assert statuses(bookings) == ["confirmed", "unpaid", "confirmed", "confirmed"]
    assert session.get(Booking, bookings[1]["id"]).failure_detail == "No money came."
    assert decisions() == [2] * 4
    assert (taken(event), outbox.dead) == (3, [])


def test_one_that_breaks_is_tried_alone_and_the_others_are_decided(
    accept, api, make, outbox, clock, statuses, decisions, taken
):
    event, others = make.event(capacity=10), make.event()
    bookings = [accept(make.user(), event, quantity=quantity) for quantity in (1, 2, 1, 1)]
    elsewhere = accept(make.user(), others)
    listening.breaking[hooks.BookingConfirmed] = RuntimeError("Nobody foresaw this.")
    listening.only = lambda told: told.quantity == 2

    outbox.run()
    assert statuses([*bookings, elsewhere]) == ["processing"] * 4 + ["confirmed"]
    for _ in range(60):
        clock.move(seconds=1)
        outbox.run()

    assert statuses(bookings) == ["confirmed", "not_decided", "confirmed", "confirmed"]
    failed = api.as_(make.staff()).get(f"/bookings/{bookings[1]['id']}").json
    assert failed["failure"] == {"code": "not_decided", "detail": "The booking could not be decided; book again"}
    assert decisions() == [2, 8, 2, 2, 1]
    assert taken(event) == 3
    assert (outbox.dead, outbox.waiting) == ([], [])


def test_decided_twice_they_are_decided_once(accept, application, make, outbox, session, statuses, taken, told):
    event = make.event(capacity=2)
    bookings = [accept(make.user(), event) for _ in range(3)]
    wishes = [Wish(one["id"], one["user_id"], False, None, False, []) for one in bookings]
    outbox.run()
    before = statuses(bookings)
    told()

    session.commit()
    with system_request(application.router) as request:
        request.find_service(Intake).decide(wishes)
    session.expire_all()

    assert statuses(bookings) == before == ["confirmed", "confirmed", "sold_out"]
    assert (taken(event), told()) == (2, [])


def test_one_that_is_asked_for_twice_at_once_is_decided_once(accept, make, outbox, session, statuses, taken):
    event = make.event(capacity=5)
    booking = accept(make.user(), event)
    job = session.scalars(select(Job)).one()
    copied = {name: getattr(job, name) for name in ("queue", "handler", "stream", "payload", "due_at", "created_at")}
    session.add(Job(**copied))
    session.commit()
    outbox.run()
    assert (statuses([booking]), taken(event)) == (["confirmed"], 1)
