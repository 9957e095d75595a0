"""Handlers, domain events and an endpoint that exist for the tests of background work.

What a handler does beside noting that it was called, a test says in `doing`; writing is making a pool.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from turnout import schema as fields
from turnout.api.errors import KeyReused
from turnout.api.service import Service
from turnout.errors import Conflict, Invalid, TryAgain
from turnout.hooks import DomainEvent
from turnout.injection import Announce
from turnout.outbox.handlers import CurrentJob
from turnout.outbox.retries import Retry
from turnout.outbox.services import Outbox
from turnout.pools.models import Pool
from turnout.pools.services import PoolService
from turnout.schema import Schema
from turnout.security.actors import ANYONE

ATTEMPTS = 3
PATIENCE = 30
"""Seconds."""
calls: list[tuple] = []
"""Each call of a handler: its name, and what it was given."""
doing: dict[str, Callable[..., None]] = {}
"""What handlers do, by name; it gets what they got."""
requests: list[str] = []
"""Each time that a request came as far as its view."""


def includeme(config) -> None:
    for listener in (hear, hear_too):
        config.add_listener(listener, Poured)
    config.add_listener(hear_stirred, PouredAndStirred)
    config.add_task(write)
    config.add_task(note_down)
    config.add_task(note_each, batch=4)
    config.add_task(elsewhere, queue="elsewhere")
    config.add_task(thrice, retry=Retry(ATTEMPTS, first=10, longest=15))
    config.add_task(chain)
    config.add_task(announce_more)
    config.declare_permission("probe-jobs:create", "Put work there", ANYONE)
    config.add_api_service(probe_jobs)


@dataclass(frozen=True, slots=True)
class Poured(DomainEvent):
    """Everything that an event may hold."""

    number: int
    places: frozenset[int] = frozenset()
    at: datetime | None = None
    words: tuple[str, ...] = ()
    price: Decimal | None = None

    @property
    def stream(self) -> str | None:
        """One for each number."""
        return f"glass:{self.number}"


@dataclass(frozen=True, slots=True)
class PouredAndStirred(Poured):
    """A kind of it."""

    stirs: int = 1


@dataclass(frozen=True, slots=True)
class NotHeard(DomainEvent):
    """Nobody listens to it."""


def _call(name: str, *given) -> None:
    calls.append((name, *given))
    if name in doing:
        doing[name](*given)


def hear(event: Poured) -> None:
    _call("hear", event)


def hear_too(event: Poured, pools: PoolService) -> None:
    _call("hear_too", event)


def hear_stirred(event: PouredAndStirred) -> None:
    _call("hear_stirred", event)


def write(capacity: int, session: Session, job: CurrentJob) -> None:
    """Make a pool, in the transaction of the job."""
    session.add(Pool(capacity=capacity, taken=0))
    session.flush()
    _call("write", capacity, session, job)


def note_down(number: int = 0) -> None:
    _call("note_down", number)


def note_each(many: list[dict], job: CurrentJob) -> None:
    _call("note_each", [one["number"] for one in many], job)


def elsewhere(number: int) -> None:
    _call("elsewhere", number)


def thrice(number: int, job: CurrentJob) -> None:
    _call("thrice", number, job)


def chain(left: int, session: Session, outbox: Outbox) -> None:
    """Put the next of a chain, until none is left."""
    session.add(Pool(capacity=left, taken=0))
    if left:
        outbox.put(chain, {"left": left - 1})
    _call("chain", left)


def announce_more(number: int, announce: Announce) -> None:
    announce(Poured(number))
    _call("announce_more", number)


class ProbeBody(Schema):
    """How to go on after work was put."""

    how = fields.text(20)
    number = fields.whole(missing=1)


class ProbeView(Schema):
    """What was written."""

    id = fields.whole()


probe_jobs = Service("probe-jobs", "/probe-jobs", "Probes")


@probe_jobs.post(permission="probe-jobs:create", body=ProbeBody, answer=ProbeView, refuses=(Conflict,))
def put_work(request):
    """Put work, write, and go on as told."""
    how, number = request.validated["body"]["how"], request.validated["body"]["number"]
    requests.append(how)
    outbox = request.find_service(Outbox)
    pool = Pool(capacity=number, taken=0)
    request.db.add(pool)
    for n in range(number):
        outbox.put(note_down, {"number": n}, delay=timedelta(0))
    announce(request, Poured(number))
    request.db.flush()
    if how == "conflict":
        raise Conflict
    if how == "invalid":
        raise Invalid({"how": "like this"})
    if how == "unprocessable":
        raise KeyReused
    if how == "again" and requests.count("again") == 1:
        raise TryAgain
    if how == "break":
        raise RuntimeError("broken")
    return {"id": pool.id}


def announce(request, event: DomainEvent) -> None:
    object.__setattr__(event, "request", request)
    request.registry.notify(event)


def eventually(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)
