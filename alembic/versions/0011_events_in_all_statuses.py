"""events: in every order, and by what they refer to, whatever their status, for the admin's list."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

COLUMNS = ("starts_at", "created_at", "title", "price", "venue_id", "category_id")


def upgrade() -> None:
    for name in COLUMNS:
        op.create_index(f"ix_events_{name}_id", "events", [name, "id"])


def downgrade() -> None:
    for name in COLUMNS:
        op.drop_index(f"ix_events_{name}_id", "events")
