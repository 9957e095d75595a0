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

from sqlalchemy import ColumnElement, and_, bindparam, exists, literal_column, or_, select, update
from sqlalchemy.orm import Session, aliased

from turnout.outbox.models import DEAD, DONE, HANDED, OPEN, RUNNING, WAITING, Job

MOST_OF_ERROR = 2000
_Older = aliased(Job)
AS_LITERALS: list[ColumnElement[str]] = [literal_column(f"'{status}'") for status in OPEN]
"""The open statuses, written out: a prepared statement's plan can use a partial index only if it knows the values."""

_DUE = (
    select(Job.id, Job.handler, Job.stream, Job.attempts)
    .where(Job.queue == bindparam("queue"), Job.status.in_(AS_LITERALS), Job.due_at <= bindparam("now"))
    .where(
        or_(
            Job.stream.is_(None),
            ~exists().where(
                _Older.handler == Job.handler,
                _Older.stream == Job.stream,
                _Older.id < Job.id,
                _Older.status.in_(AS_LITERALS),
            ),
        )
    )
    .order_by(Job.due_at, Job.id)
    .limit(bindparam("limit"))
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
    """Jobs that are done together: one, or a batch of one handler and stream. `lease` is theirs alone."""

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
        found = self.session.execute(_DUE, {"queue": queue, "now": self.now, "limit": limit}).all()
        if not found:
            return []
        groups = []
        for first in found:
            size = batch_of(first.handler)
            # What has failed before is tried alone, so that one bad job does not spoil a batch again and again.
            more = self._followers(first, size - 1) if size > 1 and first.attempts == 0 else []
            groups.append([first.id, *more])
        lease = new_lease()
        ids = [job_id for group in groups for job_id in group]
        jobs = {job.id: job for job in self._lease(Job.id.in_(ids), lease, attempts=Job.attempts + 1)}
        return [Work(jobs[group[0]].handler, [jobs[job_id] for job_id in group], lease) for group in groups]

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
        """Note that a broker has the work. If it has not been begun by then, it goes out again."""
        self._move(work, status=HANDED, lease=work.lease, due_at=self.now + redeliver_after)

    def claim(self, ids: Sequence[int], lease: str, new_lease: str) -> Work | None:
        """Take work that came through a broker, whether its handing over is noted already or not; None: it is not due."""
        is_meant = and_(Job.id.in_(ids), Job.lease == lease, Job.status.in_([RUNNING, HANDED]))
        jobs = self._lease(is_meant, new_lease)
        return Work(jobs[0].handler, jobs, new_lease) if jobs else None

    def renew(self, leases: Sequence[str]) -> None:
        """Let leases last longer."""
        self.session.execute(
            update(Job)
            .where(Job.lease.in_(leases), Job.status == RUNNING)
            .values(due_at=self.now + self.lease_for)
            .execution_options(synchronize_session=False)
        )

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
