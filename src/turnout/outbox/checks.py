"""How background work is doing, for ``/health`` and ``/metrics``."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pyramid.registry import Registry
from pyramid.request import Request
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from turnout.db import open_read_session
from turnout.outbox.handlers import queues_of
from turnout.outbox.models import CELERY_WORKER, DEAD, HANDED, RUNNING, WAITING, WORKER, Job, WorkerSeen
from turnout.outbox.queue import AS_LITERALS

OK, NO_WORKER, NO_CELERY = "ok", "no_worker", "no_celery"
MOST_COUNTED = 10_000
"""Nobody needs to know a backlog more exactly, and counting it must not make it worse."""


@dataclass(frozen=True, slots=True)
class State:
    """How many workers live, how many jobs there are in each status (at most `MOST_COUNTED`), and how late we are."""

    workers: int
    celery_workers: int
    waiting: int
    running: int
    dead: int
    oldest_waiting_seconds: float


def state(session: Session, queues: Iterable[str], now: datetime, lease: timedelta) -> State:
    """Return how background work is doing."""

    def count(*statuses: str) -> int:
        some = select(Job.id).where(Job.status.in_(statuses)).limit(MOST_COUNTED).subquery()
        return session.scalar(select(func.count()).select_from(some)) or 0

    alive = select(WorkerSeen.kind, func.count()).where(WorkerSeen.is_alive(now, lease)).group_by(WorkerSeen.kind)
    workers: dict[str, int] = dict(session.execute(alive).all())
    late = max((_late(session, queue, now) for queue in queues), default=0.0)
    return State(
        workers.get(WORKER, 0),
        workers.get(CELERY_WORKER, 0),
        count(WAITING),
        count(RUNNING, HANDED),
        count(DEAD),
        late,
    )


def _late(session: Session, queue: str, now: datetime) -> float:
    """Return for how many seconds the first job of a queue should have begun; what runs is due when its lease ends."""
    first = select(Job.due_at).where(Job.queue == queue, Job.status.in_(AS_LITERALS)).order_by(Job.due_at).limit(1)
    due = session.scalar(first)
    return max((now - due).total_seconds(), 0.0) if due else 0.0


def read_state(registry: Registry) -> State:
    """Return how background work is doing, read apart from any request's transaction."""
    lease = timedelta(seconds=registry.settings["outbox.lease_seconds"])
    with open_read_session(registry) as session:
        return state(session, queues_of(registry.handlers), registry.clock.now(), lease)


def check_worker(request: Request) -> dict[str, Any]:
    """Tell whether a worker lives, how late it is, and what has failed for good.

    With Celery it takes two: a worker that hands over, and a process of Celery's that runs what was handed over.
    """
    found = read_state(request.registry)
    halves = {"workers": found.workers}
    if request.registry.outbox_engine is not None:
        halves["celery_workers"] = found.celery_workers
    return {
        "status": OK if all(halves.values()) else NO_CELERY if found.workers else NO_WORKER,
        **halves,
        "waiting": found.waiting,
        "oldest_waiting_seconds": round(found.oldest_waiting_seconds, 1),
        "dead": found.dead,
    }
