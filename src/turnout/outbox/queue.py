"""The state of jobs, as workers move it: each move is one short transaction, and guarded by the lease in its statement.

A job is taken by putting a new lease on it; whoever has the lease finishes it, fails it or gives it back. A lease that
ended is nobody's, so what a dead worker had is taken by another. PostgreSQL's workers pass over each other's rows
(SKIP LOCKED); SQLite lets one writer in at a time (BEGIN IMMEDIATE), which is the same to a row.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, literal_column, or_, select, update
from sqlalchemy.orm import Session, aliased

from turnout.outbox.models import DEAD, DONE, HANDED, OPEN, RUNNING, WAITING, Job

MOST_OF_ERROR = 2000
_Older = aliased(Job)
AS_LITERALS: list[ColumnElement[str]] = [literal_column(f"'{status}'") for status in OPEN]
"""The open statuses, written out: a prepared statement's plan can use a partial index only if it knows the values."""


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
        """Take up to `limit` jobs that are due; with each, as many more of its stream as `batch_of` its handler allows."""
        older = select(_Older.id).where(
            _Older.handler == Job.handler,
            _Older.stream == Job.stream,
            _Older.id < Job.id,
            _Older.status.in_(AS_LITERALS),
        )
        due = (
            select(Job.id, Job.handler, Job.stream, Job.attempts)
            .where(Job.queue == queue, Job.status.in_(AS_LITERALS), Job.due_at <= self.now)
            .where(or_(Job.stream.is_(None), ~older.exists()))
            .order_by(Job.due_at, Job.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        taken = []
        for first in self.session.execute(due).all():
            ids = [first.id]
            size = batch_of(first.handler)
            # What has failed before is tried alone, so that one bad job does not spoil a batch again and again.
            if size > 1 and first.attempts == 0:
                ids += self._followers(first, size - 1)
            taken.append(self._lease(first.handler, ids, new_lease()))
        return taken

    def _followers(self, first: Any, limit: int) -> Sequence[int]:
        # Nobody else takes these: only the oldest of a stream is taken, and that is ours.
        query = (
            select(Job.id)
            .where(
                Job.handler == first.handler, Job.stream == first.stream, Job.id > first.id, Job.status.in_(AS_LITERALS)
            )
            .where(Job.attempts == 0, Job.due_at <= self.now)
            .order_by(Job.id)
            .limit(limit)
        )
        return self.session.scalars(query).all()

    def _lease(self, handler: str, ids: Sequence[int], lease: str) -> Work:
        rows = self.session.execute(
            update(Job)
            .where(Job.id.in_(ids))
            .values(status=RUNNING, lease=lease, due_at=self.now + self.lease_for, attempts=Job.attempts + 1)
            .returning(Job.id, Job.handler, Job.stream, Job.payload, Job.attempts)
            .execution_options(synchronize_session=False)
        ).all()
        return Work(handler, _in_order(rows), lease)

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
        rows = self.session.execute(
            update(Job)
            .where(Job.id.in_(ids), Job.lease == lease, Job.status.in_([RUNNING, HANDED]))
            .values(status=RUNNING, lease=new_lease, due_at=self.now + self.lease_for)
            .returning(Job.id, Job.handler, Job.stream, Job.payload, Job.attempts)
            .execution_options(synchronize_session=False)
        ).all()
        if not rows:
            return None
        return Work(rows[0].handler, _in_order(rows), new_lease)

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


def _in_order(rows: Sequence[Any]) -> list[Taken]:
    return [Taken(*row) for row in sorted(rows, key=lambda row: row.id)]
