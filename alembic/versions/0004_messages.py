"""messages: messages, their preferences, notices, reminders, and when an event's guests are reminded."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
PUBLIC = sa.text("status = 'published'")
REMIND_A_DAY_BEFORE = {
    "postgresql": "UPDATE events SET reminder_hours = 24, remind_at = starts_at - interval '24 hours'",
    "sqlite": """UPDATE events SET reminder_hours = 24,
        remind_at = strftime('%Y-%m-%d %H:%M:%f000', starts_at, '-24 hours')""",
}


def upgrade() -> None:
    # No batch: SQLite would make the table anew, and lose the triggers that keep the full-text index.
    op.execute(
        "ALTER TABLE events ADD COLUMN reminder_hours INTEGER "
        "CONSTRAINT ck_events_reminder_hours_positive CHECK (reminder_hours > 0)"
    )
    op.add_column("events", sa.Column("remind_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(REMIND_A_DAY_BEFORE[op.get_bind().dialect.name])
    op.create_index(
        "ix_events_public_remind_at", "events", ["remind_at", "id"], postgresql_where=PUBLIC, sqlite_where=PUBLIC
    )
    op.create_table(
        "messages",
        sa.Column("id", ID, nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("user_id", ID, nullable=True),
        sa.Column("attendee_id", ID, nullable=True),
        sa.Column("event_id", ID, nullable=True),
        sa.Column("booking_id", ID, nullable=True),
        sa.Column("name", sa.String(length=201), nullable=False),
        sa.Column("address", sa.String(length=1000), nullable=False),
        sa.Column("context", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('queued', 'sent', 'failed')", name=op.f("ck_messages_status_known")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_messages_user_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["attendee_id"], ["attendees.id"], name=op.f("fk_messages_attendee_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_messages_event_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["bookings.id"], name=op.f("fk_messages_booking_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("key", name=op.f("uq_messages_key")),
        sqlite_autoincrement=True,
    )
    for column in ("user_id", "attendee_id", "event_id", "booking_id", "created_at"):
        op.create_index(op.f(f"ix_messages_{column}"), "messages", [column])
    op.create_table(
        "message_preferences",
        sa.Column("user_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_message_preferences_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "kind", "channel", name=op.f("pk_message_preferences")),
    )
    op.create_table(
        "notices",
        sa.Column("id", ID, nullable=False),
        sa.Column("event_id", ID, nullable=False),
        sa.Column("author_id", ID, nullable=True),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_notices_author_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_notices_event_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sqlite_autoincrement=True,
    )
    for column in ("author_id", "event_id"):
        op.create_index(op.f(f"ix_notices_{column}"), "notices", [column])
    op.create_table(
        "reminders",
        sa.Column("event_id", ID, nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_reminders_event_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("event_id", "starts_at", name=op.f("pk_reminders")),
    )


def downgrade() -> None:
    for name in ("reminders", "notices", "message_preferences", "messages"):
        op.drop_table(name)
    op.drop_index("ix_events_public_remind_at", table_name="events")
    op.drop_column("events", "remind_at")
    op.drop_column("events", "reminder_hours")
