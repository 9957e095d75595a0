"""The state of jobs, as workers move it: each move is one short transaction, and guarded by the lease in its statement.

A job is taken by putting a new lease on it; whoever has the lease finishes it, fails it or gives it back. A lease that
ended is nobody's, so what a dead worker had is taken by another. PostgreSQL's workers pass over each other's rows
(SKIP LOCKED); SQLite lets one writer in at a time (BEGIN IMMEDIATE), which is the same to a row.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, case, exists, func, literal_column, or_, select, update
from sqlalchemy.orm import Session, aliased

from turnout.outbox.models import DEAD, DONE, HANDED, OPEN, RUNNING, WAITING, Job

MOST_OF_ERROR = 2000
WINDOW = 100
"""How many due jobs are looked at for some that no older one of their stream holds back."""
_Older = aliased(Job)
AS_LITERALS: list[ColumnElement[str]] = [literal_column(f"'{status}'") for status in OPEN]
"""The open statuses, written out: a prepared statement's plan can use a partial index only if it knows the values."""

_is_open = Job.status.in_(AS_LITERALS)
_is_due = and_(Job.queue == bindparam("queue"), _is_open, Job.due_at <= bindparam("now"))
_first = (
    select(Job.id, Job.handler, Job.stream).where(_is_due).order_by(Job.due_at, Job.id).limit(WINDOW).subquery("first")
)
_has_older = exists().where(
    _Older.handler == _first.c.handler,
    _Older.stream == _first.c.stream,
    _Older.id < _first.c.id,
    _Older.status.in_(AS_LITERALS),
)
_FREE_AMONG_FIRST = select(_first.c.id).where(or_(_first.c.stream.is_(None), ~_has_older)).limit(bindparam("limit"))
_OLDEST_OF_STREAMS = (
    select(func.min(Job.id))
    .where(Job.queue == bindparam("queue"), _is_open, Job.stream.is_not(None))
    .group_by(Job.handler, Job.stream)
)
_FREE_ANYWHERE = (
    select(Job.id)
    .where(_is_due, or_(Job.stream.is_(None), Job.id.in_(_OLDEST_OF_STREAMS)))
    .order_by(Job.due_at, Job.id)
    .limit(bindparam("limit"))
)
_IS_WINDOW_FULL = select(Job.id).where(_is_due).order_by(Job.due_at, Job.id).offset(WINDOW - 1).limit(1)
_LOCKED = (
    select(Job.id, Job.handler, Job.stream, Job.attempts, Job.status)
    # Open is what has not finished; by its status, another index would be read than that of the ids.
    .where(Job.id.in_(bindparam("ids", expanding=True)), Job.finished_at.is_(None), Job.due_at <= bindparam("now"))
    .order_by(Job.due_at, Job.id)
    .with_for_update(skip_locked=True)
)


class LeaseLost(Exception):
    """The lease ended before the work did, and another worker has taken it: what was done here must not count."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A job that a worker has taken."""

    id: int
    handler: str
    stream: str | None
    payload: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Work:
    """Jobs that are done together: one, or a batch of one handler and stream. What was taken together has one `lease`."""

    handler: str
    jobs: Sequence[Taken]
    lease: str

    @property
    def ids(self) -> list[int]:
        """The ids of the jobs."""
        return [job.id for job in self.jobs]


class Queue:
    """The open jobs, as one worker's transaction sees them."""

    def __init__(self, session: Session, now: datetime, lease_for: timedelta) -> None:
        self.session = session
        self.now = now
        self.lease_for = lease_for

    def take(self, queue: str, limit: int, batch_of: Callable[[str], int], new_lease: Callable[[], str]) -> list[Work]:
        """Take up to `limit` jobs that are due; with each, as many more of its stream as `batch_of` its handler allows.

        All that is taken together has one lease.
        """
        free = self._free(queue, limit)
        due = self.session.execute(_LOCKED, {"ids": free, "now": self.now}).all() if free else []
        found = _not_with_the_dangerous(due)
        if not found:
            return []
        groups = []
        for first in found:
            size = batch_of(first.handler)
            # What has failed before is tried alone, so that one bad job does not spoil a batch again and again.
            is_batch = size > 1 and first.stream is not None and first.attempts == 0
            more = self._followers(first, size - 1) if is_batch else []
            groups.append([first.id, *more])
        lease = new_lease()
        ids = [job_id for group in groups for job_id in group]
        # A job whose transaction took longer than those of its followers may find them taken since we looked.
        is_free = and_(Job.id.in_(ids), Job.due_at <= self.now)
        jobs = {job.id: job for job in self._lease(is_free, lease, attempts=Job.attempts + 1)}
        groups = [[jobs[job_id] for job_id in group if job_id in jobs] for group in groups]
        return [Work(group[0].handler, group, lease) for group in groups]

    def _free(self, queue: str, limit: int) -> Sequence[int]:
        """Return jobs that are due and that no older one of their stream holds back."""
        which = {"queue": queue, "now": self.now, "limit": limit}
        free = self.session.scalars(_FREE_AMONG_FIRST, which).all()
        if not free and self.session.execute(_IS_WINDOW_FULL, which).first() is not None:
            # A stream with very much work is at the front, and somebody has its oldest.
            free = self.session.scalars(_FREE_ANYWHERE, which).all()
        return free

    def _followers(self, first: Any, limit: int) -> list[int]:
        """Return the jobs that may be done with the first of their stream; nobody else takes them while that is ours."""
        rows = self.session.execute(
            select(Job.id, Job.attempts, Job.due_at)
            .where(
                Job.handler == first.handler, Job.stream == first.stream, Job.id > first.id, Job.status.in_(AS_LITERALS)
            )
            .order_by(Job.id)
            .limit(limit)
        )
        ready = takewhile(lambda row: row.attempts == 0 and row.due_at <= self.now, rows)
        return [row.id for row in ready]

    def _lease(self, which: ColumnElement[bool], lease: str, **values: Any) -> list[Taken]:
        rows = self.session.execute(
            update(Job)
            .where(which)
            .values(status=RUNNING, lease=lease, due_at=self.now + self.lease_for, **values)
            .returning(Job.id, Job.handler, Job.stream, Job.payload, Job.attempts)
            .execution_options(synchronize_session=False)
        )
        return sorted((Taken(*row) for row in rows), key=lambda job: job.id)

    def finish(self, work: Work) -> None:
        """Mark work as done. Raises `LeaseLost`, so that the transaction that did it is undone."""
        if self._move(work, status=DONE, finished_at=self.now, error="") != len(work.jobs):
            raise LeaseLost

    def fail(self, work: Work, error: str, pause: timedelta | None) -> None:
        """Let work be tried again after `pause`, or, if there is none, bury it."""
        message = error[:MOST_OF_ERROR]
        if pause is None:
            self._move(work, status=DEAD, finished_at=self.now, error=message)
        else:
            self._move(work, status=WAITING, due_at=self.now + pause, error=message)

    def give_back(self, work: Work, pause: timedelta = timedelta(0)) -> None:
        """Put back what was taken and not begun, as if it had not been taken."""
        self._move(work, status=WAITING, due_at=self.now + pause, attempts=Job.attempts - 1)

    def hand_over(self, work: Work, redeliver_after: timedelta) -> None:
        """Note that a broker has the work. If it has not been begun by then, it goes out again: that is no attempt."""
        due_at = self.now + redeliver_after
        self._move(work, status=HANDED, lease=work.lease, due_at=due_at, attempts=Job.attempts - 1)

    def claim(self, ids: Sequence[int], lease: str, new_lease: str) -> Work | None:
        """Take work that came through a broker, whether its handing over is noted already or not; None: it is not due."""
        is_meant = and_(Job.id.in_(ids), Job.lease == lease, Job.status.in_([RUNNING, HANDED]))
        # What was handed over before that was noted has been counted as an attempt already.
        attempts = Job.attempts + case((Job.status == HANDED, 1), else_=0)
        jobs = self._lease(is_meant, new_lease, attempts=attempts)
        return Work(jobs[0].handler, jobs, new_lease) if jobs else None

    def renew(self, leases: Sequence[str]) -> None:
        """Let leases last longer. What is being finished at this moment needs it no more, and is not waited for."""
        held = select(Job.id).where(Job.status == RUNNING, Job.lease.in_(leases)).with_for_update(skip_locked=True)
        ids = self.session.scalars(held).all()
        if ids:
            renewed = update(Job).where(Job.id.in_(ids)).values(due_at=self.now + self.lease_for)
            self.session.execute(renewed.execution_options(synchronize_session=False))

    def _move(self, work: Work, **values: Any) -> int:
        moved: Any = self.session.execute(
            update(Job)
            .where(Job.id.in_(work.ids), Job.lease == work.lease, Job.status == RUNNING)
            .values({"lease": None} | values)
            .execution_options(synchronize_session=False)
        )
        return int(moved.rowcount)


def _not_with_the_dangerous(jobs: Sequence[Any]) -> Sequence[Any]:
    """Return those up to the first whose worker died, or that one alone: if it ends its workers, then not others' work."""
    left = next((place for place, job in enumerate(jobs) if job.status == RUNNING), len(jobs))
    return jobs[: max(left, 1)]
