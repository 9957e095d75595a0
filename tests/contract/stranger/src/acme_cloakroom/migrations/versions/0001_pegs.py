"""Pegs."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "cloakroom_kept_pegs",
        sa.Column("booking_id", ID, nullable=False),
        sa.Column("event_id", ID, nullable=False),
        sa.Column("pegs", sa.Integer(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["bookings.id"], name=op.f("fk_cloakroom_kept_pegs_booking_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_cloakroom_kept_pegs_event_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("booking_id", name=op.f("pk_cloakroom_kept_pegs")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_cloakroom_kept_pegs_event_id"), "cloakroom_kept_pegs", ["event_id"])


def downgrade() -> None:
    op.drop_table("cloakroom_kept_pegs")
