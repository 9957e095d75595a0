"""What is sold changes while bookings pour in, and the same thing is done from many sides at once."""

import threading
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select
from tests.concurrency.crowd import at_once, outcomes

from turnout.bookings.services import BookingService
from turnout.clock import Clock
from turnout.system import system_request
from turnout.testing.applications import Application
from turnout.ticket_types.models import TicketType

PROCESSES = 2
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("crowds")]


class Pouring:
    """A crowd in which everybody books one place after another, until what is wanted has happened and they are refused."""

    def __init__(self, house, event, people=10):
        self.crowd = house.people(people)
        self.event = event
        self.begun, self.done = threading.Semaphore(0), threading.Event()

    def run(self, change):
        """Let `change()` happen once some have booked; return its result and all answers."""

        def pour(person):
            answers = []
            while True:
                is_last = self.done.is_set()
                answers.append(person.book(self.event))
                self.begun.release()
                if is_last and answers[-1].is_error:
                    return answers

        def change_once():
            for _ in range(6):
                self.begun.acquire(timeout=30)
            try:
                return change()
            finally:
                self.done.set()

        *answers, changed = at_once(*(lambda person=person: pour(person) for person in self.crowd), change_once)
        return changed, [answer for some in answers for answer in some]


@pytest.fixture
def organizer(house):
    [organizer] = house.people(1, is_organizer=True)
    return organizer


@pytest.fixture
def sold_to_all(house, organizer):
    """Make an event that anybody may book as often as they like."""
    return lambda **fields: house.event(organizer=organizer.user, bookings_per_attendee=None, **fields)


def test_the_capacity_changes_and_not_a_place_is_oversold_or_lost(house, organizer, sold_to_all):
    event = sold_to_all(capacity=8)

    def change():
        path = f"/events/{event.id}"
        return [organizer.send("PATCH", path, {"capacity": places}) for places in (12, 1, 30, 16, 24)] + [
            organizer.send("PATCH", path, {"capacity": 40})
        ]

    changed, answers = Pouring(house, event).run(change)

    assert set(outcomes(changed)) <= {200, (409, "capacity_below_taken")}
    assert changed[-1].json()["capacity"] == 40
    made = outcomes(answers)
    assert made.pop((409, "sold_out")) > 0
    assert made == {201: 40}
    assert house.taken(event) == 40
    house.check()


def test_a_ticket_type_gets_its_first_limit(house, organizer, sold_to_all):
    event = sold_to_all(capacity=None)
    kind = house.session.scalars(select(TicketType).where(TicketType.event_id == event.id)).one()
    house.session.commit()

    def change():
        limit = 10
        while True:
            path = f"/events/{event.id}/ticket-types/{kind.id}"
            answer = organizer.send("PATCH", path, {"capacity": limit})
            if answer.status_code == 200:
                return limit
            assert answer.json()["code"] == "capacity_below_taken"
            limit = answer.json()["taken"] + 10

    limit, answers = Pouring(house, event).run(change)

    made = outcomes(answers)
    assert made.pop((409, "sold_out")) > 0
    assert made == {201: limit}
    house.session.refresh(kind)
    house.session.commit()
    assert house.taken(event) == house.taken(kind) == limit
    house.check()


def test_nothing_is_booked_once_a_cancellation_was_answered(house, organizer, sold_to_all):
    event = sold_to_all(capacity=None)
    begun = {}
    pouring = Pouring(house, event)
    for person in pouring.crowd:

        def book(event, _send=person.book, **wanted):
            moment = Clock().now()
            answer = _send(event, **wanted)
            begun[id(answer)] = moment
            return answer

        person.book = book

    def cancel():
        answer = organizer.send("POST", f"/events/{event.id}/cancel")
        return answer, Clock().now()

    (cancelled, moment), answers = pouring.run(cancel)

    assert cancelled.json()["status"] == "cancelled"
    made = outcomes(answers)
    assert set(made) == {201, (409, "not_on_sale")}
    assert [answer for answer in answers if answer.status_code == 201 and begun[id(answer)] > moment] == []
    assert cancelled.json()["seats_taken"] == house.taken(event) == made[201] == len(house.bookings(event))
    house.check()


def test_a_key_makes_one_booking_however_many_send_it(house, sold_to_all):
    event = sold_to_all(capacity=None)
    [ada] = house.people(1)

    answers = at_once(
        *(lambda n=n: ada.book(event, server=house.servers[n % 2], key="the-only-one") for n in range(16))
    )

    made = outcomes(answers)
    assert set(made) <= {201, (409, "idempotency_key_in_use")}
    first, *others = [answer for answer in answers if answer.status_code == 201]
    assert all(answer.json() == first.json() for answer in others)
    replayed = [answer for answer in (first, *others) if "Idempotency-Replayed" in answer.headers]
    assert len(replayed) == len(others)
    assert list(house.bookings(event)) == [first.json()["id"]]
    house.check()


def test_one_attendee_gets_one_booking_and_a_newcomer_one_attendee(house):
    event, others = house.event(), [house.event() for _ in range(6)]
    ada, grace = house.people(2)

    same = at_once(*(lambda n=n: ada.book(event, server=house.servers[n % 2]) for n in range(10)))
    assert outcomes(same) == {201: 1, (409, "duplicate_booking"): 9}

    apart = at_once(*(lambda n=n, e=e: grace.book(e, server=house.servers[n % 2]) for n, e in enumerate(others)))
    assert outcomes(apart) == {201: 6}
    assert len({answer.json()["attendee_id"] for answer in apart}) == 1
    house.check()


@pytest.fixture
def expire(house, tmp_path):
    """Expire what is due in an hour: another process of the installation, whose clock is fast."""
    application = Application(house.servers[0].database_url, tmp_path)
    application.registry.clock.set(Clock().now() + timedelta(hours=1))

    def expire():
        with system_request(application.router) as request:
            return request.find_service(BookingService).expire_due()

    yield expire
    application.close()


def test_one_booking_is_confirmed_cancelled_resized_and_expired_at_once(house, expire, sold_to_all):
    event = sold_to_all(capacity=9, ticket_types=[{"capacity": 9}])
    ([ada], (one, other)) = house.people(1), house.servers
    for _ in range(6):
        path = f"/bookings/{ada.book(event, quantity=3, status='pending').json()['id']}"
        actions = [
            partial(ada.send, "POST", path + "/confirm", server=one),
            partial(ada.send, "POST", path + "/cancel", server=other),
            partial(ada.send, "DELETE", path, server=one),
            partial(ada.send, "PATCH", path, {"quantity": 1}, server=other),
            partial(ada.send, "PATCH", path, {"quantity": 5}, server=one),
            partial(ada.send, "PATCH", path, {"quantity": 2}, server=other),
            expire,
        ]
        *answers, expired = at_once(*actions)

        assert set(outcomes(answers)) <= {200, (409, "wrong_booking_status"), (409, "hold_expired")}
        final = ada.send("GET", path).json()
        assert final["status"] in {"cancelled", "expired"}
        assert (final["status"] == "expired") == (expired == 1)
        assert house.taken(event) == 0
        assert {ticket["status"] for ticket in final["tickets"]} == {"cancelled"}
    house.check()
