"""whose event a line of the ledger is about, so that organizers read their own lines and no others"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INDEX = "ix_payments_ledger_organizer_id_id"
# Lines of events that are gone belong to nobody any more.
FILL = (
    "UPDATE payments_ledger SET organizer_id = "
    "(SELECT events.organizer_id FROM events WHERE events.id = payments_ledger.event_id)"
)
GUARD = (
    "CREATE TRIGGER payments_ledger_no_update BEFORE UPDATE ON payments_ledger "
    "BEGIN SELECT RAISE(ABORT, 'the ledger of payments is only added to'); END"
)
# The ledger is only added to, and so its guard has to look away for this one statement.
ON_SQLITE = ("DROP TRIGGER payments_ledger_no_update", FILL, GUARD)
ON_POSTGRESQL = (
    "ALTER TABLE payments_ledger DISABLE TRIGGER payments_ledger_only_grows",
    FILL,
    "ALTER TABLE payments_ledger ENABLE TRIGGER payments_ledger_only_grows",
)


def upgrade() -> None:
    op.add_column("payments_ledger", sa.Column("organizer_id", ID, nullable=True))
    for statement in ON_SQLITE if op.get_bind().dialect.name == "sqlite" else ON_POSTGRESQL:
        op.execute(statement)
    op.create_index(op.f(INDEX), "payments_ledger", ["organizer_id", "id"])


def downgrade() -> None:
    op.drop_index(op.f(INDEX), "payments_ledger")
    op.drop_column("payments_ledger", "organizer_id")
