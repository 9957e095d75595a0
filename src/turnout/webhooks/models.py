"""Tables of webhooks and their deliveries."""

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from turnout.db import NEVER_REUSED, Base, Id, UTCDateTime

EVERYTHING = "*"
"""The event type that stands for all of them."""

BY_HAND, GONE, FAILING = "by_hand", "gone", "failing"
REASONS = (BY_HAND, GONE, FAILING)
"""Why a webhook is off: somebody switched it off; its receiver answered 410; nothing got through for days."""

WAITING, DELIVERED, FAILED = "waiting", "delivered", "failed"
STATUSES = (WAITING, DELIVERED, FAILED)

LONGEST_URL = 1000
MOST_OF_ERROR = 300
MOST_OF_RESPONSE = 1024
"""How much of a receiver's answer is kept."""


class Webhook(Base):
    """Where somebody wants to be told of what happens. Secrets are kept sealed (`turnout.security.sealing`).

    `failures` counts the attempts that failed since the last that did not, `failing_since` is when the first of these
    was, and until `paused_until` nothing is tried that is not asked for by hand. These are no part of `version`.
    """

    __tablename__ = "webhooks"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    url: Mapped[str] = mapped_column(String(LONGEST_URL))
    description: Mapped[str] = mapped_column(String(200), default="")
    event_types: Mapped[list[str]] = mapped_column(JSON)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    previous_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    previous_secret_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    is_active: Mapped[bool] = mapped_column(default=True)
    disabled_reason: Mapped[str | None] = mapped_column(String(10))
    disabled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    failures: Mapped[int] = mapped_column(default=0)
    failing_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    paused_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own protocol
    __table_args__ = (
        CheckConstraint("disabled_reason IN ('by_hand', 'gone', 'failing')", name="reason_known"),
        CheckConstraint("is_active = (disabled_reason IS NULL)", name="off_for_a_reason"),
        NEVER_REUSED,
    )


class Delivery(Base):
    """One message on its way to one webhook. `payload` is the text that is signed and sent, to the letter.

    `organizer_id` is whose event it is about, and None for what only staff hear of; whoever may no longer know of it is
    neither sent nor shown it. A message that is replayed is a delivery of its own with the same `message_id`.
    """

    __tablename__ = "webhook_deliveries"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    message_id: Mapped[str] = mapped_column(String(40))
    event_type: Mapped[str] = mapped_column(String(100))
    organizer_id: Mapped[int | None] = mapped_column(Id)
    payload: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(10), default=WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    last_status: Mapped[int | None]
    last_response: Mapped[str] = mapped_column(String(MOST_OF_RESPONSE), default="")
    last_error: Mapped[str] = mapped_column(String(MOST_OF_ERROR), default="")
    last_attempt_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    next_attempt_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)

    __table_args__ = (
        CheckConstraint("status IN ('waiting', 'delivered', 'failed')", name="status_known"),
        CheckConstraint("(status = 'waiting') = (next_attempt_at IS NOT NULL)", name="waiting_for_a_moment"),
        Index("ix_webhook_deliveries_webhook_id_id", "webhook_id", "id"),
        NEVER_REUSED,
    )


_WAITING = text("status = 'waiting'")
Index("ix_webhook_deliveries_waiting", Delivery.webhook_id, postgresql_where=_WAITING, sqlite_where=_WAITING)
