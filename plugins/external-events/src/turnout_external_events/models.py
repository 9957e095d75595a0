"""Tables of events from elsewhere."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column
from turnout.plugin import NEVER_REUSED, Base, Id, UTCDateTime

LONGEST_ID = 255

RUNNING, WAITING, STOPPED, DONE, FAILED = "running", "waiting", "stopped", "done", "failed"
RUN_STATUSES = (RUNNING, WAITING, STOPPED, DONE, FAILED)
"""Of a run: it goes on; it goes on when the source can be asked again; somebody stopped it; it is over; it could not go on."""
RESUMABLE = (WAITING, STOPPED, FAILED)
"""The statuses from which a run can be told to go on."""
SEARCH, SELECTION, UPLOAD = "search", "selection", "upload"
RUN_KINDS = (SEARCH, SELECTION, UPLOAD)
"""Of what a run imports events: of everything that a search finds; of those that were ticked; of a file."""


class Origin(Base):
    """That an event here is one of elsewhere, and what that says of it.

    `applied` has, by the names of the event's fields, what was taken over from the source: a field is the source's as long as
    the event says just this, and otherwise somebody changed it by hand. `seen` has what the source says now, and the
    currency of the price that it says. Of several origins of one event the first leads: the others are only known, so that the
    event is not imported again.
    `copy` counts the origins that are the same event of elsewhere: it has another where somebody imports what is here only
    as somebody else's draft. `address` is where it was read with all else that is there, None: it is asked for by its id, or
    came in a file; it may be a secret between those who publish and who read.
    `is_price_known`: the price here is somebody's word, the source's or the organizer's; else 0 is nobody's.
    `asked_at` is when the source was asked last, `refreshed_at` when it last said how the event is,
    `refresh_at` when it is asked again, None: never more. `trouble` says why it could not be asked, or not be followed.
    """

    __tablename__ = "external_events_origins"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    provider: Mapped[str] = mapped_column(String(30))
    external_id: Mapped[str] = mapped_column(String(LONGEST_ID))
    copy: Mapped[int] = mapped_column(default=0)
    address: Mapped[str | None] = mapped_column(Text)
    is_leading: Mapped[bool] = mapped_column(default=True)
    url: Mapped[str | None] = mapped_column(String(1000))
    status: Mapped[str] = mapped_column(String(12))
    is_time_known: Mapped[bool] = mapped_column(default=True)
    is_price_known: Mapped[bool] = mapped_column(default=True)
    applied: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    seen: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    differs: Mapped[bool] = mapped_column(default=False)
    trouble: Mapped[str] = mapped_column(Text, default="")
    needs_look: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    refreshed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    refresh_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    __table_args__ = (
        CheckConstraint(
            "status IN ('scheduled', 'rescheduled', 'postponed', 'cancelled', 'gone')", name="status_known"
        ),
        Index("uq_external_events_origins_provider_external_id", "provider", "external_id", "copy", unique=True),
        Index("ix_external_events_origins_event_id", "event_id", "is_leading"),
        Index("ix_external_events_origins_due", "provider", "refresh_at", "id"),
        Index("ix_external_events_origins_look", "needs_look", "id"),
        NEVER_REUSED,
    )


class KnownVenue(Base):
    """Which venue here a venue of elsewhere is: to one user, or to all who import from its source (no `user_id`).

    `key` stands for whose it is and for its id at the source, or for its name, city and country: whoever makes a venue has
    its row first, so that nobody makes it twice. `venue_id` is None while it is being made.
    """

    __tablename__ = "external_events_venues"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(String(64))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    venue_id: Mapped[int | None] = mapped_column(ForeignKey("venues.id", ondelete="CASCADE"), index=True)

    __table_args__ = (Index("uq_external_events_venues_key", "key", unique=True), NEVER_REUSED)


class Deleted(Base):
    """An event of elsewhere that was imported for a user and then deleted here: no search imports it for them again."""

    __tablename__ = "external_events_deleted"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    provider: Mapped[str] = mapped_column(String(30))
    external_id: Mapped[str] = mapped_column(String(LONGEST_ID))

    __table_args__ = (
        Index("uq_external_events_deleted_user_id", "user_id", "provider", "external_id", unique=True),
        NEVER_REUSED,
    )


class SavedSearch(Base):
    """A search that imports by itself what it finds, every so many hours."""

    __tablename__ = "external_events_searches"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    provider: Mapped[str] = mapped_column(String(30))
    query: Mapped[str] = mapped_column(String(2000), default="")
    location: Mapped[str] = mapped_column(String(200), default="")
    category: Mapped[str] = mapped_column(String(100), default="")
    days_ahead: Mapped[int] = mapped_column(default=90)
    status: Mapped[str] = mapped_column(String(12))
    every_hours: Mapped[int] = mapped_column(default=24)
    is_active: Mapped[bool] = mapped_column(default=True)
    run_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own protocol
    __table_args__ = (
        CheckConstraint("every_hours > 0", name="every_hours_positive"),
        CheckConstraint("days_ahead > 0", name="days_ahead_positive"),
        Index("ix_external_events_searches_run_at", "run_at", "id"),
        NEVER_REUSED,
    )


class Run(Base):
    """Many events being imported, for one user: how far it is, and what came of it.

    `terms` say how what is new is made; `state` is where it goes on (`services.walking`). `total` is how many events there
    are, as far as that is known; `seen` how many of them were looked at: `made`, changed (`changed`), there already as they are,
    or deleted here by whose search it is (`same`), or `refused`. `error` says why it failed, or what it waits for; `waits` is
    how often in a row its source could not be reached, `goes_on_at` when it is asked again.
    """

    __tablename__ = "external_events_runs"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    search_id: Mapped[int | None] = mapped_column(
        ForeignKey("external_events_searches.id", ondelete="SET NULL"), index=True
    )
    kind: Mapped[str] = mapped_column(String(10))
    provider: Mapped[str] = mapped_column(String(30))
    title: Mapped[str] = mapped_column(String(300))
    terms: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    criteria: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    state: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    status: Mapped[str] = mapped_column(String(10), default=RUNNING)
    error: Mapped[str] = mapped_column(Text, default="")
    total: Mapped[int | None]
    seen: Mapped[int] = mapped_column(default=0)
    made: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    same: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    step: Mapped[int] = mapped_column(default=0)
    waits: Mapped[int] = mapped_column(default=0)
    goes_on_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    __table_args__ = (
        CheckConstraint("status IN ('running', 'waiting', 'stopped', 'done', 'failed')", name="status_known"),
        CheckConstraint("kind IN ('search', 'selection', 'upload')", name="kind_known"),
        Index("ix_external_events_runs_user_id_id", "user_id", "id"),
        Index("ix_external_events_runs_status_id", "status", "id"),
        NEVER_REUSED,
    )


class Candidate(Base):
    """An event that a run is to import: what it is (`document`), or None where the source is asked for it first."""

    __tablename__ = "external_events_candidates"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("external_events_runs.id", ondelete="CASCADE"))
    provider: Mapped[str] = mapped_column(String(30))
    external_id: Mapped[str] = mapped_column(String(LONGEST_ID))
    document: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    overrides: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)

    __table_args__ = (Index("ix_external_events_candidates_run_id_id", "run_id", "id"), NEVER_REUSED)


class Report(Base):
    """An event that a run could not import, and why."""

    __tablename__ = "external_events_reports"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("external_events_runs.id", ondelete="CASCADE"))
    external_id: Mapped[str] = mapped_column(String(LONGEST_ID))
    title: Mapped[str] = mapped_column(String(300))
    code: Mapped[str] = mapped_column(String(60))
    reason: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (Index("ix_external_events_reports_run_id_id", "run_id", "id"), NEVER_REUSED)


class Upload(Base):
    """A file with events that somebody is about to import; kept for a day."""

    __tablename__ = "external_events_uploads"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(3))
    filename: Mapped[str] = mapped_column(String(255))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    mapping: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (
        CheckConstraint("kind IN ('ics', 'csv')", name="kind_known"),
        Index("ix_external_events_uploads_user_id_created_at", "user_id", "created_at"),
        Index("ix_external_events_uploads_created_at", "created_at"),
        NEVER_REUSED,
    )
