"""Tables of the audit log."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from turnout.db import NEVER_REUSED, Base, Id, UTCDateTime

ADMIN, API, COMMAND_LINE, BACKGROUND = "admin", "api", "command line", "background work"
SOURCES = (ADMIN, API, COMMAND_LINE, BACKGROUND)

LONGEST_LABEL = 200
LONGEST_PATH = 300


class AuditEntry(Base):
    """Something that somebody did.

    It outlives what it is about: `user_id` and `subject_id` are no foreign keys (no id is ever given twice), and `username`
    and `label` say what they were called then. `before` and `after` hold only what changed, and no secrets. `user_id` is
    None for what the installation did itself.
    """

    __tablename__ = "audit_entries"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    user_id: Mapped[int | None] = mapped_column(Id)
    username: Mapped[str] = mapped_column(String(150))
    action: Mapped[str] = mapped_column(String(100))
    subject: Mapped[str] = mapped_column(String(100))
    subject_id: Mapped[int | None] = mapped_column(Id)
    label: Mapped[str] = mapped_column(String(LONGEST_LABEL))
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    source: Mapped[str] = mapped_column(String(20))
    path: Mapped[str] = mapped_column(String(LONGEST_PATH))
    request_id: Mapped[str] = mapped_column(String(64))

    __table_args__ = (
        CheckConstraint("source IN ('admin', 'api', 'command line', 'background work')", name="source_known"),
        Index("ix_audit_entries_at_id", "at", "id"),
        Index("ix_audit_entries_user_id_at_id", "user_id", "at", "id"),
        Index("ix_audit_entries_action_at_id", "action", "at", "id"),
        Index("ix_audit_entries_subject_at_id", "subject", "at", "id"),
        Index("ix_audit_entries_subject_id_at_id", "subject_id", "at", "id"),
        NEVER_REUSED,
    )
