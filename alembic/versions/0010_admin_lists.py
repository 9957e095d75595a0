"""bookings: found by when they were made, and those that are over by their status, for the admin's lists."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

OVER = sa.text("status IN ('cancelled', 'expired', 'failed')")


def upgrade() -> None:
    op.create_index("ix_bookings_created_at_id", "bookings", ["created_at", "id"])
    op.create_index("ix_bookings_over", "bookings", ["status", "id"], postgresql_where=OVER, sqlite_where=OVER)


def downgrade() -> None:
    op.drop_index("ix_bookings_over", "bookings")
    op.drop_index("ix_bookings_created_at_id", "bookings")
