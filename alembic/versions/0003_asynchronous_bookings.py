"""asynchronous bookings: accepted before it is known who comes and what it costs, and failed with a reason."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AMOUNT = sa.Numeric(14, 4).with_variant(sa.BigInteger(), "sqlite")
PENDING = sa.text("status = 'pending'")
ACTIVE = sa.text("status IN ('pending', 'confirmed')")
IS_DECIDED = "status NOT IN ('pending', 'confirmed') OR (attendee_id IS NOT NULL AND total_amount IS NOT NULL)"
SAYS_WHY = "(status = 'failed') = (failure_code IS NOT NULL AND failure_detail IS NOT NULL)"


def upgrade() -> None:
    with op.batch_alter_table("bookings", copy_from=_bookings(is_upgraded=False)) as table:
        table.add_column(sa.Column("failure_code", sa.String(length=100), nullable=True))
        table.add_column(sa.Column("failure_detail", sa.Text(), nullable=True))
        table.alter_column("attendee_id", existing_type=ID, nullable=True)
        table.alter_column("total_amount", existing_type=AMOUNT, nullable=True)
        table.create_check_constraint(op.f("ck_bookings_active_is_decided"), IS_DECIDED)
        table.create_check_constraint(op.f("ck_bookings_failed_says_why"), SAYS_WHY)


def downgrade() -> None:
    # What was never decided held no place, and the tables before this one cannot say it.
    op.execute("DELETE FROM bookings WHERE attendee_id IS NULL OR total_amount IS NULL")
    with op.batch_alter_table("bookings", copy_from=_bookings(is_upgraded=True)) as table:
        table.drop_constraint(op.f("ck_bookings_failed_says_why"), type_="check")
        table.drop_constraint(op.f("ck_bookings_active_is_decided"), type_="check")
        table.alter_column("total_amount", existing_type=AMOUNT, nullable=False)
        table.alter_column("attendee_id", existing_type=ID, nullable=False)
        table.drop_column("failure_detail")
        table.drop_column("failure_code")


def _bookings(*, is_upgraded: bool) -> sa.Table:
    """Return the table as it is, which SQLite makes anew: it tells neither CHECK constraints nor its AUTOINCREMENT."""
    new = [
        sa.Column("failure_code", sa.String(length=100), nullable=True),
        sa.Column("failure_detail", sa.Text(), nullable=True),
        sa.CheckConstraint(IS_DECIDED, name=op.f("ck_bookings_active_is_decided")),
        sa.CheckConstraint(SAYS_WHY, name=op.f("ck_bookings_failed_says_why")),
    ]
    table = sa.Table(
        "bookings",
        sa.MetaData(),
        sa.Column("id", ID, nullable=False),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("event_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("attendee_id", ID, nullable=is_upgraded),
        sa.Column("attendee_slot", sa.Integer(), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("total_amount", AMOUNT, nullable=is_upgraded),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *(new if is_upgraded else ()),
        sa.CheckConstraint("status <> 'pending' OR expires_at IS NOT NULL", name=op.f("ck_bookings_pending_expires")),
        sa.CheckConstraint(
            "status IN ('processing', 'pending', 'confirmed', 'cancelled', 'expired', 'failed')",
            name=op.f("ck_bookings_status_known"),
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_bookings_quantity_positive")),
        sa.ForeignKeyConstraint(["attendee_id"], ["attendees.id"], name=op.f("fk_bookings_attendee_id")),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_bookings_event_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_bookings_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bookings")),
        sa.UniqueConstraint("code", name=op.f("uq_bookings_code")),
        sqlite_autoincrement=True,
    )
    columns = table.c
    sa.Index("ix_bookings_attendee_id_id", columns.attendee_id, columns.id)
    sa.Index("ix_bookings_event_id_id", columns.event_id, columns.id)
    sa.Index("ix_bookings_holds", columns.event_id, columns.expires_at, sqlite_where=PENDING)
    sa.Index("ix_bookings_user_id_id", columns.user_id, columns.id)
    slot = (columns.event_id, columns.attendee_id, columns.attendee_slot)
    sa.Index("uq_bookings_active_slot", *slot, unique=True, sqlite_where=ACTIVE)
    return table
