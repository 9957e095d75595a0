"""events: those that are only shown here, and where their tickets are sold. From where an event came is kept by plugins that import some."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("uq_events_external", table_name="events")
    # No batch: both databases change such columns in place, and a new table would lose the triggers of the full-text index.
    op.execute("ALTER TABLE events DROP COLUMN external_source")
    op.execute("ALTER TABLE events DROP COLUMN external_id")
    op.execute("ALTER TABLE events ADD COLUMN is_bookable BOOLEAN DEFAULT true NOT NULL")
    op.execute("ALTER TABLE events ADD COLUMN tickets_url VARCHAR(1000)")


def downgrade() -> None:
    op.execute("ALTER TABLE events DROP COLUMN tickets_url")
    op.execute("ALTER TABLE events DROP COLUMN is_bookable")
    op.execute("ALTER TABLE events ADD COLUMN external_source VARCHAR(40)")
    op.execute("ALTER TABLE events ADD COLUMN external_id VARCHAR(100)")
    op.create_index("uq_events_external", "events", ["external_source", "external_id"], unique=True)
