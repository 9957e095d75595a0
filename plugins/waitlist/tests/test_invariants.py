"""A state machine does to bookings and waiting lists whatever the API allows, in any order.

After each step nothing is oversold, every counter equals its rows, and no place is left unoffered while somebody waits for it.
"""

from collections import Counter
from contextlib import ExitStack
from datetime import timedelta

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
from sqlalchemy import select
from sqlalchemy.orm import Session
from turnout.bookings.models import ACTIVE as HOLDING
from turnout.bookings.models import Booking
from turnout.bookings.services import BookingService
from turnout.events.models import Event
from turnout.pools.models import Pool
from turnout.pools.services import PoolService
from turnout.system import system_request
from turnout.testing.clients import Api
from turnout.testing.clocks import ManualClock
from turnout.testing.factories import Make
from turnout.ticket_types.models import TicketType

from turnout_waitlist.models import ACCEPTED, ACTIVE, OFFERED, WAITING, WaitlistEntry, WaitlistEvent
from turnout_waitlist.services import OfferService, WaitlistRegister
from turnout_waitlist.tasks import look_after_list

PATIENCE = st.sampled_from([0, 1])
"""Little, so that it ends soon, and places are saved."""
EVENTS, USERS, TYPES = st.integers(0, 1), st.integers(0, 4), st.integers(0, 1)
SIZES = st.integers(1, 3)
FEW = st.one_of(st.none(), st.integers(1, 8))


class WaitlistMachine(RuleBasedStateMachine):
    """Two events with two ticket types each, one of which begins soon; five users, and a clock."""

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

    def teardown(self):
        self.exits.close()

    @initialize(capacity=st.integers(2, 5), limit=st.one_of(st.none(), st.integers(1, 3)), patience=PATIENCE)
    def open_house(self, capacity, limit, patience):
        self.patience = self.application.registry.settings["waitlist.patience"] = patience
        make = Make(self.session, self.clock)
        kinds = [{"name": "Seat", "capacity": limit}, {"name": "Standing"}]
        now = self.clock.now()
        self.events = [
            make.event(
                capacity=capacity,
                ticket_types=kinds,
                bookings_per_attendee=slots,
                max_tickets_per_booking=3,
                starts_at=now + begins,
                ends_at=now + begins + timedelta(hours=3),
            )
            for slots, begins in ((None, timedelta(days=300)), (1, timedelta(days=4)))
        ]
        self.kinds = [
            self.session.scalars(
                select(TicketType).where(TicketType.event_id == event.id).order_by(TicketType.id)
            ).all()
            for event in self.events
        ]
        api = Api(self.application, self.session)
        self.users = [api.as_(make.user()) for _ in range(5)]
        self.staff = api.as_(make.staff())
        # Both are full, or nearly, from the beginning: there is something to wait for.
        for event, kinds in zip(self.events, self.kinds, strict=True):
            for _ in range(capacity):
                client = api.as_(make.user())
                made = client.send("POST", "/bookings", {"event_id": event.id, "ticket_type_id": kinds[1].id})
                self.made[made.json["id"]] = client
        self.first = sorted(self.made)

    def send(self, client, method, path, body=None):
        """Send a request, which is answered or refused, and never fails; a refusal changes nothing."""
        before = self.state()
        answer = client.send(method, path, {} if body is None and method != "DELETE" else body)
        assert answer.status_int in {200, 201, 204, 400, 404, 409}, answer.text
        if answer.status_int >= 400:
            assert self.state() == before
        return answer

    def state(self):
        self.session.expire_all()
        return [
            self.session.execute(select(model.__table__).order_by(*model.__table__.primary_key)).all()
            for model in (Booking, Pool, WaitlistEntry, WaitlistEvent)
        ]

    def has_begun(self, event):
        return self.session.get(Event, self.events[event].id).starts_at <= self.clock.now()

    def event_id(self, event):
        return None if event is None else self.events[event].id

    def is_on_sale(self, kind):
        begins = self.session.get(TicketType, kind).sale_starts_at
        return begins is None or begins <= self.clock.now()

    def wanted(self, event, kind, quantity):
        return {"quantity": quantity, "ticket_type_id": self.kinds[event][kind].id}

    @rule(target=bookings, user=USERS, event=EVENTS, kind=TYPES, quantity=SIZES, hold=st.booleans())
    def book(self, user, event, kind, quantity, hold):
        client, wanted = self.users[user], self.wanted(event, kind, quantity)
        body = {"event_id": self.events[event].id} | wanted | ({"status": "pending"} if hold else {})
        answer = self.send(client, "POST", "/bookings", body)
        if answer.status_int == 201:
            self.made[answer.json["id"]] = client
            return answer.json["id"]
        refusals = {"sold_out", "duplicate_booking", "not_on_sale", "validation_failed"}
        assert answer.json["code"] in refusals, answer.json
        if answer.json["code"] == "sold_out" and not self.has_begun(event):
            joined = self.send(client, "POST", f"/events/{self.events[event].id}/waitlist", wanted)
            assert joined.status_int in {201, 400} or joined.json["code"] == "already_waiting", joined.json
        return multiple()

    @rule(target=bookings, user=USERS, event=EVENTS, kind=TYPES, quantity=SIZES)
    def join(self, user, event, kind, quantity):
        client, wanted = self.users[user], self.wanted(event, kind, quantity)
        answer = self.send(client, "POST", f"/events/{self.events[event].id}/waitlist", wanted)
        if answer.status_int == 201:
            assert answer.json["status"] == OFFERED or answer.json["position"] >= 1
            return multiple()
        code = answer.json["code"]
        assert code in {"not_full", "already_waiting", "duplicate_booking", "not_on_sale", "validation_failed"}, code
        is_on_sale = self.is_on_sale(self.kinds[event][kind].id)
        assert (code == "not_on_sale") == (self.has_begun(event) or not is_on_sale)
        if code != "not_full":
            return multiple()
        # What one is told to book can be booked.
        booked = self.send(client, "POST", "/bookings", {"event_id": self.events[event].id} | wanted)
        assert booked.status_int == 201, booked.json
        self.made[booked.json["id"]] = client
        return booked.json["id"]

    @rule(event=EVENTS, wishes=st.lists(st.tuples(TYPES, SIZES), min_size=3, max_size=5))
    def all_join(self, event, wishes):
        """Make a line, so that there is somebody to be offered what comes free."""
        for client, (kind, quantity) in zip(self.users, wishes, strict=False):
            path = f"/events/{self.events[event].id}/waitlist"
            self.send(client, "POST", path, self.wanted(event, kind, quantity))

    @rule(target=bookings, user=USERS, event=EVENTS)
    def accept_perhaps(self, user, event):
        return self.accept(user, event)

    @rule(target=bookings, place=st.integers(0, 9))
    def accept_an_offer(self, place):
        self.session.expire_all()
        offered = select(WaitlistEntry.user_id, WaitlistEntry.event_id).where(WaitlistEntry.status == OFFERED)
        found = self.session.execute(offered.order_by(WaitlistEntry.id)).all()
        if not found:
            return multiple()
        user_id, event_id = found[place % len(found)]
        user = next(number for number, client in enumerate(self.users) if client.user.id == user_id)
        return self.accept(user, next(number for number, event in enumerate(self.events) if event.id == event_id))

    def accept(self, user, event):
        client, event_id = self.users[user], self.events[event].id
        entry = self.latest(user, event)
        answer = self.send(client, "POST", f"/events/{event_id}/waitlist/mine/accept")
        if answer.status_int == 200:
            made = answer.json["booking"]["id"]
            if entry.status == OFFERED:
                assert answer.json["booking"]["quantity"] == entry.quantity
            self.made.setdefault(made, client)
            return made
        if entry is None:
            assert answer.status_int == 404
        elif entry.status == OFFERED and entry.offer_expires_at > self.clock.now():
            expected = "duplicate_booking" if self.is_on_sale(entry.ticket_type_id) else "not_on_sale"
            assert answer.json["code"] == expected, answer.json
        else:
            assert answer.json["code"] in {"not_offered", "offer_expired"}, answer.json
        return multiple()

    def latest(self, user, event):
        query = select(
            WaitlistEntry.status, WaitlistEntry.quantity, WaitlistEntry.offer_expires_at, WaitlistEntry.ticket_type_id
        ).where(WaitlistEntry.user_id == self.users[user].user.id, WaitlistEntry.event_id == self.events[event].id)
        return self.session.execute(query.order_by(WaitlistEntry.id.desc()).limit(1)).first()

    @rule(user=USERS, event=EVENTS)
    def leave(self, user, event):
        answer = self.send(self.users[user], "DELETE", f"/events/{self.events[event].id}/waitlist/mine")
        assert answer.status_int in {204, 404} or answer.json["code"] == "not_waiting"

    @rule(user=USERS, event=EVENTS, priority=st.integers(-2, 2))
    def prioritize(self, user, event, priority):
        self.session.expire_all()
        query = select(WaitlistEntry.id).where(
            WaitlistEntry.user_id == self.users[user].user.id, WaitlistEntry.event_id == self.events[event].id
        )
        entry_id = self.session.scalar(query.order_by(WaitlistEntry.id.desc()).limit(1))
        if entry_id is not None:
            path = f"/events/{self.events[event].id}/waitlist/{entry_id}"
            answer = self.send(self.staff, "PATCH", path, {"priority": priority})
            assert answer.status_int == 200 or answer.json["code"] == "not_waiting"

    @rule(booking=bookings)
    def cancel_another(self, booking):
        self.cancel(booking)

    def cancel(self, booking):
        self.send(self.made[booking], "POST", f"/bookings/{booking}/cancel")

    @rule(places=st.lists(st.integers(0, 9), min_size=1, max_size=3))
    def cancel_some_of_the_first(self, places):
        for place in places[: len(self.first)]:
            self.cancel(self.first.pop(place % len(self.first)))

    @rule(booking=bookings)
    def confirm(self, booking):
        self.send(self.made[booking], "POST", f"/bookings/{booking}/confirm")

    @rule(booking=bookings, quantity=st.integers(1, 3))
    def resize(self, booking, quantity):
        self.send(self.made[booking], "PATCH", f"/bookings/{booking}", {"quantity": quantity})

    @rule(event=EVENTS, capacity=FEW)
    def change_capacity(self, event, capacity):
        answer = self.send(self.staff, "PATCH", f"/events/{self.events[event].id}", {"capacity": capacity})
        assert answer.status_int == 200 or answer.json["code"] == "capacity_below_taken", answer.json

    @rule(event=EVENTS, kind=TYPES, limit=FEW)
    def limit_type(self, event, kind, limit):
        path = f"/events/{self.events[event].id}/ticket-types/{self.kinds[event][kind].id}"
        answer = self.send(self.staff, "PATCH", path, {"capacity": limit})
        assert answer.status_int == 200 or answer.json["code"] == "capacity_below_taken", answer.json

    @rule(event=EVENTS, most=st.sampled_from([1, 2, 3, 4]))
    def limit_bookings(self, event, most):
        """Let bookings have fewer places than some in line wait for, or as many again."""
        self.all_join(event, [(1, 3), (1, 2), (0, 1)])
        body = {"max_tickets_per_booking": most}
        assert self.send(self.staff, "PATCH", f"/events/{self.events[event].id}", body).status_int == 200

    @rule(event=EVENTS, kind=TYPES, minutes=st.sampled_from([None, 10, 60]))
    def move_sale(self, event, kind, minutes):
        begins = None if minutes is None else self.clock.now() + timedelta(minutes=minutes)
        path = f"/events/{self.events[event].id}/ticket-types/{self.kinds[event][kind].id}"
        assert self.send(self.staff, "PATCH", path, {"sale_starts_at": begins}).status_int in {200, 400}

    @rule(event=EVENTS, hours=st.sampled_from([1, 25]))
    def postpone_for_a_while(self, event, hours):
        path = f"/events/{self.events[event].id}"
        self.send(self.staff, "POST", f"{path}/postpone")
        if self.first:
            self.cancel(self.first.pop())
        offered = select(WaitlistEntry.id).where(
            WaitlistEntry.event_id == self.events[event].id, WaitlistEntry.status == OFFERED
        )
        before = set(self.session.scalars(offered))
        self.time_passes_and_work_is_done(60 * hours, postponed=event)
        assert set(self.session.scalars(offered)) == before
        assert self.send(self.staff, "POST", f"{path}/publish").status_int == 200

    @rule(minutes=st.sampled_from([1, 16]))
    def time_passes(self, minutes):
        self.clock.move(minutes=minutes)

    @rule(minutes=st.sampled_from([0, 0, 16, 60 * 24]))
    def work_is_done(self, minutes):
        self.time_passes_and_work_is_done(minutes)

    def time_passes_and_work_is_done(self, minutes, postponed=None):
        self.clock.move(minutes=minutes)
        self.session.commit()
        with system_request(self.application.router) as request:
            request.find_service(BookingService).expire_due()
        with system_request(self.application.router) as request:
            for event_id in request.find_service(WaitlistRegister).take_due():
                look_after_list(event_id, request.find_service(OfferService))
        self.session.expire_all()
        for entry in self.session.scalars(select(WaitlistEntry).where(WaitlistEntry.status == OFFERED)):
            assert entry.offer_expires_at > self.clock.now() or entry.event_id == self.event_id(postponed)
        for number, event in enumerate(self.events):
            if number == postponed:
                continue
            active = select(WaitlistEntry.id).where(
                WaitlistEntry.event_id == event.id, WaitlistEntry.status.in_(ACTIVE)
            )
            assert not self.has_begun(number) or self.session.scalars(active).all() == []

    def free(self, pool_id):
        if pool_id is None:
            return 1000
        pool = self.session.get(Pool, pool_id)
        return 1000 if pool.capacity is None else pool.capacity - pool.taken

    @invariant()
    def counters_equal_rows_and_nothing_is_oversold(self):
        self.session.expire_all()
        assert PoolService(self.session, self.application.registry.claim_sources).check() == []
        for pool in self.session.scalars(select(Pool)):
            assert pool.taken >= 0
            assert pool.capacity is None or pool.taken <= pool.capacity

    @invariant()
    def no_place_is_left_unoffered_while_somebody_waits_for_it(self):
        for number, event in enumerate(self.events):
            if self.has_begun(number):
                continue
            saves = self.clock.now() < event.starts_at - timedelta(hours=24)
            waiting = select(WaitlistEntry).where(WaitlistEntry.event_id == event.id, WaitlistEntry.status == WAITING)
            line = sorted(self.session.scalars(waiting), key=lambda entry: (-entry.priority, entry.id))
            booked = select(Booking.user_id).where(Booking.event_id == event.id, Booking.status.in_(HOLDING))
            # Who has as many bookings as the event allows could not accept, and is passed by.
            full = set() if event.bookings_per_attendee is None else set(self.session.scalars(booked))
            for place, entry in enumerate(line):
                if entry.user_id in full:
                    continue
                kind = self.session.get(TicketType, entry.ticket_type_id)
                # What is saved for somebody behind is no less within reach than what is free.
                behind = line[place:]
                whole = self.free(event.pool_id) + sum(one.held for one in behind)
                own = self.free(kind.pool_id) + sum(
                    one.held for one in behind if one.ticket_type_id == entry.ticket_type_id
                )
                assert min(whole, own) < entry.quantity, f"{entry.quantity} could be offered to {entry.id}"
                if saves and entry.passed_over >= self.patience:
                    left = min(self.free(event.pool_id), self.free(kind.pool_id))
                    assert left == 0, f"{left} could be saved for {entry.id}"

    @invariant()
    def nobody_waits_or_is_saved_for_who_can_never_be_served(self):
        for entry in self.session.scalars(select(WaitlistEntry).where(WaitlistEntry.status.in_(ACTIVE))):
            event, kind = self.session.get(Event, entry.event_id), self.session.get(TicketType, entry.ticket_type_id)
            pools = [self.session.get(Pool, pool) for pool in (event.pool_id, kind.pool_id) if pool is not None]
            limits = [pool.capacity for pool in pools if pool.capacity is not None]
            assert entry.quantity <= min([event.max_tickets_per_booking, *limits])

    @invariant()
    def lists_show_how_many_wait(self):
        counted = Counter(map(tuple, self.session.execute(select(WaitlistEntry.event_id, WaitlistEntry.status))))
        for row in self.session.scalars(select(WaitlistEvent)):
            assert row.waiting == counted[row.event_id, WAITING]
            assert row.offered == counted[row.event_id, OFFERED]
            assert (row.look_at is not None) == bool(row.waiting + row.offered)

    @invariant()
    def entries_hold_what_their_status_says(self):
        active = Counter()
        for entry in self.session.scalars(select(WaitlistEntry)):
            assert (entry.booking_id is not None) == (entry.status == ACCEPTED)
            if entry.status in ACTIVE:
                active[entry.event_id, entry.user_id] += 1
            if entry.held:
                kind = self.session.get(TicketType, entry.ticket_type_id)
                assert entry.type_pool_id == kind.pool_id
        assert set(active.values()) <= {1}


@pytest.fixture
def impatient(application, monkeypatch):
    monkeypatch.setitem(application.registry.settings, "waitlist.patience", 1)  # and set back in the end
    return application


@pytest.mark.slow
def test_nothing_is_oversold_and_no_place_is_left_unoffered(impatient):
    run_state_machine_as_test(
        lambda: WaitlistMachine(impatient),
        settings=settings(
            max_examples=10,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
