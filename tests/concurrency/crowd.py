"""Several server processes on one database, people who are signed in, and crowds of threads."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from turnout.auth.models import SignInSession
from turnout.auth.tokens import ACCESS, Claims, TokenSigner
from turnout.bookings import HELD_OF_EVENTS, HELD_OF_TYPES
from turnout.bookings.models import Booking
from turnout.clock import Clock
from turnout.db import make_engine
from turnout.pools.models import Pool
from turnout.pools.services import ClaimSources, PoolService
from turnout.testing.applications import SECRET
from turnout.testing.factories import Make
from turnout.testing.live import Live
from turnout.users.models import User


class Person:
    """Somebody signed in, who speaks to a server."""

    def __init__(self, user: User, token: str, server: Live) -> None:
        self.user = user
        self.headers = {"Authorization": f"Bearer {token}"}
        self.server = server

    def send(self, method: str, path: str, body=None, *, server: Live | None = None, key: str | None = None):
        headers = self.headers | ({"Idempotency-Key": key} if key else {})
        return (server or self.server).client.request(method, path, json=body, headers=headers)

    def book(self, event, **wanted):
        options = {name: wanted.pop(name) for name in ("server", "key") if name in wanted}
        return self.send("POST", "/bookings", {"event_id": event.id} | wanted, **options)


class House:
    """The servers, and the database behind them."""

    def __init__(self, servers: Sequence[Live]) -> None:
        self.servers = servers
        self.engine = make_engine(servers[0].database_url)
        self.session = Session(self.engine, expire_on_commit=False)
        self.make = Make(self.session, Clock())
        self._people = 0

    def people(self, number: int, **fields) -> list[Person]:
        """Make users and sign them in, each at a server, in turn."""
        now, signer, found = Clock().now(), TokenSigner(SECRET), []
        for _ in range(number):
            user = self.make.user(**fields)
            row = SignInSession(user_id=user.id, created_at=now, expires_at=now + timedelta(days=1))
            self.session.add(row)
            self.session.flush()
            token = signer.sign(ACCESS, Claims(user.id, row.id, 1, (now + timedelta(days=1)).timestamp()))
            found.append(Person(user, token, self.servers[self._people % len(self.servers)]))
            self._people += 1
        self.session.commit()
        return found

    def event(self, **fields):
        event = self.make.event(**fields)
        self.session.commit()
        return event

    def taken(self, owner) -> int:
        with Session(self.engine) as session:
            return session.scalar(select(Pool.taken).where(Pool.id == owner.pool_id))

    def bookings(self, event) -> dict[int, str]:
        """Return the status of each booking of an event."""
        with Session(self.engine) as session:
            rows = session.execute(select(Booking.id, Booking.status).where(Booking.event_id == event.id))
            return {row.id: row.status for row in rows}

    def check(self) -> None:
        """Prove that the counters equal the rows."""
        sources = {"bookings of events": HELD_OF_EVENTS, "tickets of types": HELD_OF_TYPES}
        with Session(self.engine) as session:
            assert PoolService(session, ClaimSources(sources)).check() == []

    def turnout_check(self) -> None:
        """Let the command line prove it."""
        assert "equals its rows" in self.servers[0].run("check").stdout

    def close(self) -> None:
        self.session.close()
        self.engine.dispose()


def at_once(*actions: Callable[[], object]) -> list:
    """Do all at the same moment, each in a thread of its own; return what they return."""
    gate = threading.Barrier(len(actions))

    def run(action: Callable[[], object]) -> object:
        gate.wait()
        return action()

    with ThreadPoolExecutor(len(actions)) as threads:
        return [future.result() for future in [threads.submit(run, action) for action in actions]]


def outcomes(answers: Iterable) -> Counter:
    """Count answers by status and, for refusals, code."""
    return Counter(
        (answer.status_code, answer.json()["code"]) if answer.is_error else answer.status_code for answer in answers
    )
