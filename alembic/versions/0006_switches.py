"""events: which plugins are on for them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("events", sa.Column("switches", sa.JSON(), server_default=sa.text("'{}'"), nullable=False))


def downgrade() -> None:
    # No batch: SQLite would make the table anew, and lose the triggers that keep the full-text index.
    op.execute("ALTER TABLE events DROP COLUMN switches")
