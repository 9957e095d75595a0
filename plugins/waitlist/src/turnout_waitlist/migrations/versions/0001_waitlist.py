"""waiting lists: who waits for what, and the list of each event as a whole."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
PARTIAL = {
    "uq_waitlist_entries_active": (["event_id", "user_id"], "status IN ('waiting', 'offered')"),
    "ix_waitlist_entries_held": (["event_id"], "held > 0"),
    "ix_waitlist_entries_booking_id": (["booking_id"], "booking_id IS NOT NULL"),
    "ix_waitlist_entries_type_pool_id": (["type_pool_id"], "type_pool_id IS NOT NULL"),
    "ix_waitlist_entries_decided_at": (["decided_at"], "decided_at IS NOT NULL"),
}


def upgrade() -> None:
    op.create_table(
        "waitlist_entries",
        sa.Column("id", ID, nullable=False),
        sa.Column("event_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("ticket_type_id", ID, nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), sa.Computed("-priority", persisted=True), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("type_pool_id", ID, nullable=True),
        sa.Column("passed_over", sa.Integer(), nullable=False),
        sa.Column("offered_at", MOMENT, nullable=True),
        sa.Column("offer_expires_at", MOMENT, nullable=True),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("reason", sa.String(length=20), nullable=True),
        sa.Column("booking_id", ID, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_waitlist_entries_quantity_positive")),
        sa.CheckConstraint(
            "status IN ('waiting', 'offered', 'accepted', 'expired', 'cancelled')",
            name=op.f("ck_waitlist_entries_status_known"),
        ),
        sa.CheckConstraint("held BETWEEN 0 AND quantity", name=op.f("ck_waitlist_entries_held_possible")),
        sa.CheckConstraint(
            "(status = 'offered') = (held = quantity)", name=op.f("ck_waitlist_entries_offered_is_held")
        ),
        sa.CheckConstraint(
            "held = 0 OR status IN ('waiting', 'offered')", name=op.f("ck_waitlist_entries_held_while_active")
        ),
        sa.CheckConstraint(
            "status <> 'offered' OR offer_expires_at IS NOT NULL", name=op.f("ck_waitlist_entries_offered_expires")
        ),
        sa.CheckConstraint(
            "(status IN ('waiting', 'offered')) = (decided_at IS NULL)",
            name=op.f("ck_waitlist_entries_decided_or_not"),
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_waitlist_entries_event_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_waitlist_entries_user_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["ticket_type_id"],
            ["ticket_types.id"],
            name=op.f("fk_waitlist_entries_ticket_type_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["type_pool_id"], ["pools.id"], name=op.f("fk_waitlist_entries_type_pool_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["bookings.id"], name=op.f("fk_waitlist_entries_booking_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waitlist_entries")),
        sqlite_autoincrement=True,
    )
    for columns in (
        ["ticket_type_id"],
        ["event_id", "status", "rank", "id"],
        ["event_id", "rank", "id"],
        ["user_id", "event_id", "id"],
        ["status", "id"],
    ):
        op.create_index(op.f(f"ix_waitlist_entries_{'_'.join(columns)}"), "waitlist_entries", columns)
    for name, (columns, where) in PARTIAL.items():
        op.create_index(
            op.f(name),
            "waitlist_entries",
            columns,
            unique=name.startswith("uq_"),
            postgresql_where=sa.text(where),
            sqlite_where=sa.text(where),
        )
    op.create_table(
        "waitlist_events",
        sa.Column("event_id", ID, nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("offered", sa.Integer(), nullable=False),
        sa.Column("look_at", MOMENT, nullable=True),
        sa.CheckConstraint("waiting >= 0 AND offered >= 0", name=op.f("ck_waitlist_events_counts_not_negative")),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_waitlist_events_event_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_waitlist_events")),
    )
    op.create_index(op.f("ix_waitlist_events_look_at_event_id"), "waitlist_events", ["look_at", "event_id"])


def downgrade() -> None:
    for name in ("waitlist_events", "waitlist_entries"):
        op.drop_table(name)
