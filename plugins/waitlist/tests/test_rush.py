"""A rush with cancellations: everybody books, cancels, joins, accepts and leaves at once, at two servers that really commit.

In the end every counter equals its rows, nobody met an internal error, no two waited for each other in a circle, and no place
is left unoffered.
"""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session
from turnout.auth.models import SignInSession
from turnout.auth.tokens import ACCESS, Claims, TokenSigner
from turnout.bookings.models import PENDING, Booking
from turnout.clock import Clock
from turnout.db import make_engine
from turnout.pools.models import Pool
from turnout.testing.applications import SECRET
from turnout.testing.factories import Make
from turnout.ticket_types.models import TicketType

from turnout_waitlist.models import ACCEPTED, OFFERED, WAITING, WaitlistEntry

pytestmark = pytest.mark.slow
PEOPLE, GONERS, ROUNDS = 12, 3, 15
ANSWERS = {200, 201, 204, 400, 401, 404, 409}
"""401 is for those who are deleted meanwhile."""
ANSWERED_TO_WHO_ACCEPTS = {None, "not_found", "not_offered", "offer_expired", "unauthenticated", "invalid_token"}
"""Never that it is sold out."""


class Person:
    """Somebody signed in at one of the servers, who does one thing after the other."""

    def __init__(self, server, headers, event_id, kinds, *, luck):
        self.server, self.headers, self.event_id, self.kinds = server, headers, event_id, kinds
        self.luck = luck
        self.path = f"/events/{event_id}/waitlist"
        self.bookings = []
        self.met = Counter()

    def send(self, method, path, body=None):
        answer = self.server.client.request(method, path, json=body, headers=self.headers)
        code = answer.json().get("code") if answer.is_error else None
        self.met[method, path.rsplit("/", 1)[-1] if "mine" in path else path, answer.status_code, code] += 1
        return answer

    def act_often(self):
        for _ in range(ROUNDS):
            self.act()

    def act(self):
        wanted = {"quantity": self.luck.choice([1, 1, 2, 3]), "ticket_type_id": self.luck.choice(self.kinds)}
        match self.luck.randrange(8):
            case 0 | 1:
                hold = {"status": "pending"} if self.luck.random() < 0.5 else {}
                self.keep(self.send("POST", "/bookings", {"event_id": self.event_id} | wanted | hold))
            case 2 | 3 if self.bookings:
                booking = self.bookings.pop(self.luck.randrange(len(self.bookings)))
                self.send("POST", f"/bookings/{booking}/cancel", {})
            case 4 if self.bookings:
                self.send("PATCH", f"/bookings/{self.bookings[0]}", {"quantity": wanted["quantity"]})
            case 7 if self.luck.random() < 0.3:
                self.send("DELETE", f"{self.path}/mine")
            case 6 | 7:
                self.keep(self.send("POST", f"{self.path}/mine/accept", {}))
            case _:
                self.send("POST", self.path, wanted)

    def keep(self, answer):
        if not answer.is_error:
            made = answer.json()
            self.bookings.append(made.get("booking", made)["id"])


class House:
    """Two servers, the database behind them, and an event that is too small."""

    def __init__(self, live):
        self.servers = [live, live.another()]
        self.engine = make_engine(live.database_url)
        with Session(self.engine, expire_on_commit=False) as session:
            make = Make(session, Clock())
            self.organizer = make.organizer()
            kinds = [{"name": "Seat", "capacity": 3}, {"name": "Standing"}]
            self.event = make.event(
                organizer=self.organizer,
                capacity=6,
                ticket_types=kinds,
                bookings_per_attendee=None,
                max_tickets_per_booking=3,
            )
            types = select(TicketType.id).where(TicketType.event_id == self.event.id)
            self.kinds = session.scalars(types.order_by(TicketType.id)).all()
            users = [make.user() for _ in range(PEOPLE)] + [make.user(username=f"goner{n}") for n in range(GONERS)]
            self.owner, self.staff, *self.people = (
                self.person(session, user, number) for number, user in enumerate([self.organizer, make.staff(), *users])
            )
            session.commit()

    def person(self, session, user, number):
        now = Clock().now()
        row = SignInSession(user_id=user.id, created_at=now, expires_at=now + timedelta(days=1))
        session.add(row)
        session.flush()
        token = TokenSigner(SECRET).sign(ACCESS, Claims(user.id, row.id, 1, (now + timedelta(days=1)).timestamp()))
        headers = {"Authorization": f"Bearer {token}"}
        return Person(self.servers[number % 2], headers, self.event.id, self.kinds, luck=random.Random(number))

    def organize(self):
        luck = random.Random(99)
        for _ in range(ROUNDS):
            self.owner.send("PATCH", f"/events/{self.event.id}", {"capacity": luck.randrange(4, 9)})
            listed = self.owner.send("GET", f"{self.owner.path}?status=waiting").json()["results"]
            if listed:
                path = f"{self.owner.path}/{luck.choice(listed)['id']}"
                self.owner.send("PATCH", path, {"priority": luck.randrange(-3, 4)})

    def delete_users(self):
        for _ in range(3):
            self.staff.send("POST", "/users/bulk-delete", {"prefix": "goner"})

    def let_time_fly(self):
        for _ in range(ROUNDS):
            self.time_flies()

    def time_flies(self):
        """Let some holds and offers be due, as if time had passed for them."""
        past = Clock().now() - timedelta(seconds=1)
        with Session(self.engine) as session:
            session.execute(
                update(Booking)
                .where(
                    Booking.id.in_(
                        select(Booking.id).where(Booking.status == PENDING).limit(1).with_for_update(skip_locked=True)
                    )
                )
                .values(expires_at=past)
            )
            session.commit()
            session.execute(
                update(WaitlistEntry)
                .where(
                    WaitlistEntry.id.in_(
                        select(WaitlistEntry.id)
                        .where(WaitlistEntry.status == OFFERED)
                        .limit(1)
                        .with_for_update(skip_locked=True)
                    )
                )
                .values(offer_expires_at=past)
            )
            session.commit()

    def deadlocks(self):
        with self.engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                return 0
            return connection.scalar(text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"))

    def free(self, session, pool_id):
        pool = session.get(Pool, pool_id) if pool_id is not None else None
        return 1000 if pool is None or pool.capacity is None else pool.capacity - pool.taken

    def require_nothing_unoffered(self):
        with Session(self.engine) as session:
            waiting = select(WaitlistEntry).where(WaitlistEntry.status == WAITING)
            for entry in session.scalars(waiting):
                kind = session.get(TicketType, entry.ticket_type_id)
                free = min(self.free(session, self.event.pool_id), self.free(session, kind.pool_id))
                assert free + entry.held < entry.quantity


@pytest.fixture
def house(live):
    house = House(live)
    yield house
    house.engine.dispose()


def rush(house):
    """Let all do what they do, at once; return what they were answered."""
    actions = [person.act_often for person in house.people]
    actions += [house.organize, house.let_time_fly, house.delete_users]
    gate = threading.Barrier(len(actions))

    def run(action):
        gate.wait()
        action()

    with ThreadPoolExecutor(len(actions)) as threads:
        for done in [threads.submit(run, action) for action in actions]:
            done.result()
    return sum((one.met for one in [*house.people, house.owner, house.staff]), Counter())


def test_a_rush_with_cancellations(house):
    met = rush(house)

    assert {status for _, _, status, _ in met} <= ANSWERS, met
    assert {code for _, path, _, code in met if path == "accept"} <= ANSWERED_TO_WHO_ACCEPTS, met
    assert house.deadlocks() == 0
    assert "equals its rows" in house.servers[0].run("check").stdout
    # Whoever comes next lets go what is due; then nothing is left that somebody waits for.
    house.owner.send("PATCH", f"/events/{house.event.id}", {"capacity": 9})
    house.require_nothing_unoffered()
    with Session(house.engine) as session:
        assert session.scalar(select(WaitlistEntry.id).where(WaitlistEntry.status == ACCEPTED).limit(1)) is not None
        for pool in session.scalars(select(Pool)):
            assert pool.capacity is None or 0 <= pool.taken <= pool.capacity
