"""tickets: which are void only because their booking expired, and good again if it is taken up again."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # No batch: both databases add a column with a constant default in place.
    op.execute("ALTER TABLE tickets ADD COLUMN lapsed BOOLEAN DEFAULT false NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE tickets DROP COLUMN lapsed")
