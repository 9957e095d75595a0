"""events: which plugins are on for them; workers: which are enabled in them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("events", sa.Column("switches", sa.JSON(), server_default=sa.text("'{}'"), nullable=False))
    op.add_column("workers", sa.Column("plugins", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("workers", "plugins")
    # No batch: SQLite would make the table anew, and lose the triggers that keep the full-text index.
    op.execute("ALTER TABLE events DROP COLUMN switches")
