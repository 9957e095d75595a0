"""Tables of background work."""

from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, ColumnElement, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from turnout.db import Base, Id, UTCDateTime

WAITING, RUNNING, HANDED, DONE, DEAD = "waiting", "running", "handed", "done", "dead"
STATUSES = (WAITING, RUNNING, HANDED, DONE, DEAD)
OPEN = (WAITING, RUNNING, HANDED)
"""The statuses of work that is still to be done."""


class Job(Base):
    """A piece of work for after the commit, written in the transaction that caused it.

    `due_at` is when to start it or, while a worker has it, when that worker's lease ends and another may take it.
    `handed` means that a broker has it. Of one `handler` and `stream`, only the oldest open job is ever taken. `key` is
    unique among all jobs that are kept: what is put a second time under one key is dropped.
    """

    __tablename__ = "jobs"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    queue: Mapped[str] = mapped_column(String(40))
    handler: Mapped[str] = mapped_column(String(200))
    stream: Mapped[str | None] = mapped_column(String(100))
    key: Mapped[str | None] = mapped_column(String(200), unique=True)
    payload: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(10), default=WAITING)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    lease: Mapped[str | None] = mapped_column(String(40))
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    __table_args__ = (
        CheckConstraint("status IN ('waiting', 'running', 'handed', 'done', 'dead')", name="status_known"),
        Index("ix_jobs_status_id", "status", "id"),
        Base.__table_args__,
    )


_OPEN = text("status IN ('waiting', 'running', 'handed')")
Index("ix_jobs_due", Job.queue, Job.due_at, Job.id, postgresql_where=_OPEN, sqlite_where=_OPEN)
Index("ix_jobs_stream", Job.handler, Job.stream, Job.id, postgresql_where=_OPEN, sqlite_where=_OPEN)


class Schedule(Base):
    """When a periodic task is due next. Whoever moves `next_at` on puts the task into the outbox, and nobody else."""

    __tablename__ = "schedules"

    handler: Mapped[str] = mapped_column(String(200), primary_key=True)
    next_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = {}  # noqa: RUF012 - no id that could be reused


WORKER, CELERY_WORKER = "worker", "celery"


class WorkerSeen(Base):
    """A worker or, where `kind` says so, a process of Celery's, and when it was last known to be alive.

    `plugins` are the names of those enabled in it, with spaces between.
    """

    __tablename__ = "workers"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10), default=WORKER)
    host: Mapped[str] = mapped_column(String(255))
    pid: Mapped[int]
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    seen_at: Mapped[datetime] = mapped_column(UTCDateTime)
    plugins: Mapped[str] = mapped_column(Text, default="", server_default="")

    __table_args__ = {}  # noqa: RUF012 - no id that could be reused

    @classmethod
    def is_alive(cls, now: datetime, lease: timedelta) -> ColumnElement[bool]:
        """Tell of a worker whether it lives: it beats four times within a lease."""
        return cls.seen_at > now - lease
