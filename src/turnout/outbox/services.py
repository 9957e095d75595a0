"""Putting work into the outbox, and looking after it."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy import event, select, text, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import Session, SessionTransaction
from transaction import Transaction

from turnout.clock import Clock
from turnout.errors import NotFound
from turnout.hooks import DomainEvent
from turnout.outbox.bell import Bell
from turnout.outbox.errors import NotDead
from turnout.outbox.handlers import Function, Handlers, encode, name_of
from turnout.outbox.models import DEAD, WAITING, Job
from turnout.paging import Ordering, Paging, Slice, fetch

_ON_SQLITE = sqlite.insert(Job).on_conflict_do_nothing(index_elements=[Job.key])
# One statement and one set of parameters however many rows there are: every booking waits for this one.
_ON_POSTGRESQL = text("""
    INSERT INTO jobs (queue, handler, stream, key, payload, status, due_at, attempts, error, created_at)
    SELECT new.queue, new.handler, new.stream, new.key, new.payload, new.status, new.due_at, new.attempts, new.error,
        new.created_at
    FROM ROWS FROM (jsonb_to_recordset(CAST(:rows AS jsonb)) AS (queue text, handler text, stream text, key text,
        payload text, status text, due_at timestamptz, attempts integer, error text, created_at timestamptz))
        WITH ORDINALITY AS new (queue, handler, stream, key, payload, status, due_at, attempts, error, created_at, place)
    ORDER BY new.place
    ON CONFLICT (key) DO NOTHING
""")


class Outbox:
    """Takes work that is to be done after the commit, and only if it commits. All of a transaction is written at once."""

    def __init__(
        self, session: Session, clock: Clock, transaction: Transaction, handlers: Handlers, bell: Bell
    ) -> None:
        self.session = session
        self.clock = clock
        self.transaction = transaction
        self.handlers = handlers
        self.bell = bell
        self._rows: list[dict[str, Any]] = []
        self._marks: dict[SessionTransaction, int] = {}
        event.listen(session, "after_transaction_create", self._mark)
        event.listen(session, "after_soft_rollback", self._go_back)

    def _mark(self, _session: Session, begun: SessionTransaction) -> None:
        """Note how much there was when a savepoint began."""
        if begun.nested:
            self._marks[begun] = len(self._rows)

    def _go_back(self, _session: Session, undone: SessionTransaction) -> None:
        """Drop what was put since a savepoint that is undone now: it did not happen."""
        if undone.nested:
            del self._rows[self._marks.pop(undone, 0) :]

    def put(
        self,
        task: Function,
        arguments: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        stream: str | None = None,
        delay: timedelta = timedelta(0),
    ) -> None:
        """Let a task, added by ``config.add_task``, be called with `arguments` (what JSON can say) after the commit.

        What has a `key` that was used before, within ``outbox.keep_days``, is dropped. Tasks of one `stream` are done in
        the order in which they were put. Raises `KeyError` for a function that nobody added, and `ValueError` for
        arguments without an ``event_id`` for a task in batches of a plugin that is switched by event.
        """
        self.handlers[name_of(task)].require_event(arguments or {})
        self._put(name_of(task), orjson.dumps(arguments or {}).decode(), key, stream, delay)

    def put_event(self, listener: Function, happened: DomainEvent) -> None:
        """Let a listener hear of what happened."""
        self._put(name_of(listener), encode(happened), None, happened.stream, timedelta(0))

    def forget(self) -> None:
        """Drop what this transaction put, as if nobody listened."""
        self._rows.clear()

    def _put(self, name: str, payload: str, key: str | None, stream: str | None, delay: timedelta) -> None:
        if not self._rows:
            self.transaction.addBeforeCommitHook(self._write)
        now = self.clock.now()
        self._rows.append(
            {
                "queue": self.handlers[name].queue,
                "handler": name,
                "stream": stream,
                "key": key,
                "payload": payload,
                "status": WAITING,
                "due_at": now + delay,
                "attempts": 0,
                "error": "",
                "created_at": now,
            }
        )

    def _write(self) -> None:
        rows, self._rows = self._rows, []
        if rows:
            connection = self.session.connection()
            if connection.dialect.name == "postgresql":
                connection.execute(_ON_POSTGRESQL, {"rows": orjson.dumps(rows).decode()})
            else:
                connection.execute(_ON_SQLITE, rows)
            self.transaction.addAfterCommitHook(self._ring, args=({row["queue"] for row in rows},))

    def _ring(self, committed: bool, queues: Iterable[str]) -> None:  # noqa: FBT001 - transaction's protocol
        if committed:
            self.bell.ring(queues)


class JobService:
    """Shows background work to staff, and lets them try again what failed for good."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self.session = session
        self.clock = clock

    def find(self, filters: Mapping[str, Any], paging: Paging) -> Slice:
        """Return jobs, newest first, filtered by what of `JobQuery` is given."""
        query = select(*Job.__table__.columns)
        if filters.get("status") is not None:
            query = query.where(Job.status == filters["status"])
        if filters.get("queue") is not None:
            query = query.where(Job.queue == filters["queue"])
        if filters.get("handler") is not None:
            query = query.where(Job.handler.contains(filters["handler"], autoescape=True))
        return fetch(self.session, query, Ordering("-id", Job.id, Job.id, descending=True), paging)

    def get(self, job_id: int) -> Job:
        """Return a job. Raises `NotFound`."""
        job = self.session.get(Job, job_id, populate_existing=True)
        if job is None:
            raise NotFound("There is no such job.")
        return job

    def retry(self, job_id: int) -> Job:
        """Let a dead job be tried again, as often as a new one. Raises `NotFound`, `NotDead`."""
        now = self.clock.now()
        revived: Any = self.session.execute(
            update(Job)
            .where(Job.id == job_id, Job.status == DEAD)
            .values(status=WAITING, due_at=now, attempts=0, finished_at=None)
            .execution_options(synchronize_session=False)
        )
        job = self.get(job_id)
        if not revived.rowcount:
            raise NotDead(
                f"The job is {job.status}; only what has failed for good is tried again.", status_now=job.status
            )
        return job
