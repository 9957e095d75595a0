"""A state machine does to bookings whatever the API allows, in any order; after each step nothing is oversold or lost."""

from collections import Counter, defaultdict
from contextlib import ExitStack
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from turnout.attendees.models import Attendee
from turnout.bookings.models import ACTIVE, CONFIRMED, FAILED, PENDING, PROCESSING, VALID, Booking, Ticket
from turnout.bookings.services import BookingService
from turnout.events.models import Event
from turnout.outbox.worker import Worker
from turnout.pools.models import Pool
from turnout.pools.services import PoolService
from turnout.system import system_request
from turnout.testing.clients import Api
from turnout.testing.clocks import ManualClock
from turnout.testing.factories import Make
from turnout.ticket_types.models import TicketType

OK, CREATED, ACCEPTED, INVALID, CONFLICT = 200, 201, 202, 400, 409
FEW = st.one_of(st.none(), st.integers(1, 8))
EVENTS, USERS, TYPES = st.integers(0, 1), st.integers(0, 1), st.integers(0, 1)


class BookingMachine(RuleBasedStateMachine):
    """Two events with two ticket types each, two users, a guest without an account, and a clock."""

    bookings = Bundle("bookings")

    def __init__(self, application):
        super().__init__()
        self.application = application
        self.clock = application.registry.clock = ManualClock()
        self.exits = ExitStack()
        connection = self.exits.enter_context(application.rolled_back())
        self.session = self.exits.enter_context(
            Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False)
        )
        self.made = {}
        self.wishes = {}

    def teardown(self):
        self.exits.close()

    @initialize(capacity=FEW, limit=FEW, slots=st.one_of(st.none(), st.integers(1, 3)))
    def open_house(self, capacity, limit, slots):
        make = Make(self.session, self.clock)
        kinds = [{"name": "Seat", "price": "12.50", "capacity": limit}, {"name": "Standing", "price": 5}]
        rules = {"max_tickets_per_booking": 6, "bookings_per_attendee": slots}
        self.events = [
            make.event(capacity=capacity, ticket_types=kinds, **rules),
            make.event(capacity=3, ticket_types=kinds),
        ]
        self.kinds = [
            self.session.scalars(
                select(TicketType).where(TicketType.event_id == event.id).order_by(TicketType.id)
            ).all()
            for event in self.events
        ]
        api = Api(self.application, self.session)
        users = [make.user() for _ in range(2)]
        self.user_ids = [user.id for user in users]
        self.users = [api.as_(user) for user in users]
        self.guests = [None, make.attendee().id]
        self.staff = api.as_(make.staff())

    def send(self, client, method, path, body=None, headers=None):
        """Send a request, which is answered or refused, and never fails; a refusal changes nothing."""
        before = self.state()
        send = client.browser.post_json if method == "POST" else client.browser.patch_json
        self.session.commit()
        sent = client.headers | (headers or {})
        answer = send("/api/v1" + path, {} if body is None else body, headers=sent, expect_errors=True)
        assert answer.status_int in {OK, CREATED, ACCEPTED, INVALID, CONFLICT}, answer.text
        if answer.status_int >= INVALID:
            assert self.state() == before
        return answer

    def state(self):
        self.session.expire_all()
        return [
            self.session.execute(
                select(Booking.id, Booking.status, Booking.quantity, Booking.version).order_by(Booking.id)
            ).all(),
            self.session.execute(select(Ticket.id, Ticket.status).order_by(Ticket.id)).all(),
            self.session.execute(select(Pool.id, Pool.taken, Pool.capacity).order_by(Pool.id)).all(),
        ]

    def used(self, event):
        """Return the places in use, of all types and of each, once what has expired is let go."""
        used, by_type = 0, Counter()
        held = select(Booking).where(Booking.event_id == event.id, Booking.status.in_(ACTIVE))
        for booking in self.session.scalars(held):
            if booking.status == PENDING and booking.expires_at <= self.clock.now():
                continue
            used += booking.quantity
            types = select(Ticket.ticket_type_id).where(Ticket.booking_id == booking.id, Ticket.status == VALID)
            by_type.update(self.session.scalars(types))
        return used, by_type

    def has_room(self, event, wanted):
        """Tell whether so many places of each type are free, once what has expired is let go."""
        return self.fits(event, wanted, *self.used(event))

    def fits(self, event, wanted, used, by_type):
        """Tell whether so many places of each type are free beside those in use."""
        capacity = self.session.get(Pool, event.pool_id).capacity
        if capacity is not None and used + wanted.total() > capacity:
            return False
        for type_id, places in wanted.items():
            pool_id = self.session.get(TicketType, type_id).pool_id
            limit = None if pool_id is None else self.session.get(Pool, pool_id).capacity
            if limit is not None and by_type[type_id] + places > limit:
                return False
        return True

    def is_booked(self, event, user, guest, further=0):
        """Tell whether the attendee has as many bookings as the event allows, besides what has expired."""
        limit = self.session.get(Event, event.id).bookings_per_attendee
        return limit is not None and self.booked(event, user, guest) + further >= limit

    def booked(self, event, user, guest):
        """Count the attendee's bookings, besides what has expired."""
        own = select(Attendee.id).where(Attendee.user_id == self.user_ids[user])
        attendee_id = self.guests[guest] or self.session.scalar(own)
        live = or_(Booking.status == CONFIRMED, Booking.expires_at > self.clock.now())
        theirs = select(func.count()).where(
            Booking.event_id == event.id, Booking.attendee_id == attendee_id, Booking.status.in_(ACTIVE), live
        )
        return self.session.scalar(theirs)

    @rule(
        target=bookings,
        user=USERS,
        event=EVENTS,
        kinds=st.lists(TYPES, min_size=1, max_size=3),
        guest=USERS,
        hold=st.sampled_from([True, True, False]),
        minutes=st.sampled_from([0, 0, 7, 15]),
    )
    def book(self, user, event, kinds, guest, hold, minutes):
        self.clock.move(minutes=minutes)
        tickets = [{"ticket_type_id": self.kinds[event][kind].id} for kind in kinds]
        body = {"event_id": self.events[event].id, "tickets": tickets, "attendee_id": self.guests[guest]}
        answer = self.send(self.users[user], "POST", "/bookings", body | ({"status": "pending"} if hold else {}))
        fits = self.has_room(self.events[event], Counter(ticket["ticket_type_id"] for ticket in tickets))
        if answer.status_int == CREATED:
            self.made[answer.json["id"]] = self.users[user]
            return answer.json["id"]
        assert answer.json["code"] in {"sold_out", "duplicate_booking"}, answer.json
        assert answer.json["code"] != "sold_out" or not fits, answer.json
        assert answer.json["code"] != "duplicate_booking" or self.is_booked(self.events[event], user, guest), (
            answer.json
        )
        return multiple()

    @rule(
        target=bookings,
        user=USERS,
        event=EVENTS,
        kinds=st.lists(TYPES, min_size=1, max_size=3),
        guest=USERS,
        hold=st.booleans(),
    )
    def accept(self, user, event, kinds, guest, hold):
        tickets = [{"ticket_type_id": self.kinds[event][kind].id} for kind in kinds]
        body = {"event_id": self.events[event].id, "tickets": tickets, "attendee_id": self.guests[guest]}
        wanted, headers = body | ({"status": "pending"} if hold else {}), {"Prefer": "respond-async"}
        answer = self.send(self.users[user], "POST", "/bookings", wanted, headers)
        assert answer.status_int == ACCEPTED
        booking = answer.json["id"]
        self.made[booking] = self.users[user]
        self.wishes[booking] = (event, user, guest, Counter(ticket["ticket_type_id"] for ticket in tickets), hold)
        return booking

    def expected(self):
        """Return what is to become of everything that waits, decided one by one in the order of arrival."""
        found, used, mine = {}, {}, Counter()
        waiting = select(Booking.id).where(Booking.status == PROCESSING).order_by(Booking.id)
        for booking in self.session.scalars(waiting):
            number, user, guest, kinds, hold = self.wishes[booking]
            event, who = self.events[number], (number, guest, guest or user)
            places, by_type = used.setdefault(number, self.used(event))
            if self.is_booked(event, user, guest, mine[who]):
                found[booking] = "duplicate_booking"
            elif not self.fits(event, kinds, places, by_type):
                found[booking] = "sold_out"
            else:
                found[booking] = PENDING if hold else CONFIRMED
                used[number] = places + kinds.total(), by_type + kinds
                mine[who] += 1
        return found

    @rule(minutes=st.sampled_from([0, 0, 7, 15]))
    def decide(self, minutes):
        self.clock.move(minutes=minutes)
        self.session.expire_all()
        expected = self.expected()
        self.session.commit()
        Worker(self.application.registry).drain()
        self.session.expire_all()
        rows = self.session.scalars(select(Booking).where(Booking.id.in_(expected)))
        assert {booking.id: booking.failure_code or booking.status for booking in rows} == expected

    @rule(booking=bookings)
    def cancel(self, booking):
        answer = self.send(self.made[booking], "POST", f"/bookings/{booking}/cancel")
        assert answer.json.get("status_now", answer.json["status"]) in {"cancelled", "expired", "failed"}

    @rule(booking=bookings)
    def confirm(self, booking):
        answer = self.send(self.made[booking], "POST", f"/bookings/{booking}/confirm")
        assert answer.json["status"] == "confirmed" or answer.json["code"] in {"hold_expired", "wrong_booking_status"}

    @rule(booking=bookings, quantity=st.integers(1, 7))
    def resize(self, booking, quantity):
        answer = self.send(self.made[booking], "PATCH", f"/bookings/{booking}", {"quantity": quantity})
        assert answer.status_int >= INVALID or answer.json["quantity"] == quantity

    @rule(minutes=st.sampled_from([0, 7, 15]))
    def expire(self, minutes):
        self.clock.move(minutes=minutes)
        self.session.commit()
        with system_request(self.application.router) as request:
            request.find_service(BookingService).expire_due()
        self.session.expire_all()
        due = select(Booking).where(Booking.status == PENDING, Booking.expires_at <= self.clock.now())
        assert self.session.scalars(due).all() == []

    @rule(event=EVENTS, capacity=FEW)
    def change_capacity(self, event, capacity):
        answer = self.send(self.staff, "PATCH", f"/events/{self.events[event].id}", {"capacity": capacity})
        assert (
            answer.json["capacity"] == capacity
            if answer.status_int == OK
            else answer.json["code"] == "capacity_below_taken"
        )

    @rule(event=EVENTS, kind=TYPES, limit=FEW, price=st.sampled_from(["12.50", "5.00", "0.10"]))
    def change_type(self, event, kind, limit, price):
        path = f"/events/{self.events[event].id}/ticket-types/{self.kinds[event][kind].id}"
        answer = self.send(self.staff, "PATCH", path, {"capacity": limit, "price": price})
        assert (
            answer.json["capacity"] == limit
            if answer.status_int == OK
            else answer.json["code"] == "capacity_below_taken"
        )

    @rule(event=EVENTS, slots=st.one_of(st.none(), st.integers(1, 3)))
    def change_slots(self, event, slots):
        self.send(self.staff, "PATCH", f"/events/{self.events[event].id}", {"bookings_per_attendee": slots})

    @invariant()
    def counters_equal_rows_and_nothing_is_oversold(self):
        self.session.expire_all()
        assert PoolService(self.session, self.application.registry.claim_sources).check() == []
        for pool in self.session.scalars(select(Pool)):
            assert pool.taken >= 0
            assert pool.capacity is None or pool.taken <= pool.capacity

    @invariant()
    def bookings_agree_with_their_tickets(self):
        tickets = defaultdict(list)
        for ticket in self.session.scalars(select(Ticket)):
            tickets[ticket.booking_id].append(ticket)
        slots = Counter()
        for booking in self.session.scalars(select(Booking)):
            valid = [ticket for ticket in tickets[booking.id] if ticket.status == VALID]
            if booking.status in ACTIVE:
                assert len(valid) == booking.quantity
                assert sum((ticket.price for ticket in valid), Decimal(0)) == booking.total_amount
                if booking.attendee_slot is not None:
                    slots[booking.event_id, booking.attendee_id, booking.attendee_slot] += 1
            else:
                assert valid == []
            assert booking.status != PROCESSING or tickets[booking.id] == []
            assert (booking.failure_code is not None) == (booking.status == FAILED)
        assert set(slots.values()) <= {1}

    @invariant()
    def what_was_answered_is_there(self):
        assert set(self.session.scalars(select(Booking.id))) == set(self.made)

    @invariant()
    def events_show_their_lowest_price(self):
        for event in self.session.scalars(select(Event)):
            prices = self.session.scalars(select(TicketType.price).where(TicketType.event_id == event.id)).all()
            assert event.price == min(prices)


@pytest.mark.slow
def test_nothing_is_ever_oversold_or_lost(application):
    run_state_machine_as_test(
        lambda: BookingMachine(application),
        settings=settings(
            max_examples=30,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
