"""tickets: who let them in, and when."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

LET_IN = sa.text("checked_in_by_id IS NOT NULL")


def upgrade() -> None:
    # No batch: SQLite adds a column that refers to another table in place, if it is said in one piece.
    kind = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    constraint = "CONSTRAINT fk_tickets_checked_in_by_id REFERENCES users (id)"
    op.execute(f"ALTER TABLE tickets ADD COLUMN checked_in_by_id {kind} {constraint}")
    op.create_index(
        "ix_tickets_checked_in_by_id", "tickets", ["checked_in_by_id"], postgresql_where=LET_IN, sqlite_where=LET_IN
    )


def downgrade() -> None:
    op.drop_index("ix_tickets_checked_in_by_id", table_name="tickets")
    op.execute("ALTER TABLE tickets DROP COLUMN checked_in_by_id")
