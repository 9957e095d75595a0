"""sign_in_sessions: those of browsers."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sign_in_sessions", sa.Column("cookie_hash", sa.LargeBinary(32), nullable=True))
    op.add_column("sign_in_sessions", sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_sign_in_sessions_cookie_hash", "sign_in_sessions", ["cookie_hash"], unique=True)


def downgrade() -> None:
    # Without their cookies they are nobody's.
    op.execute("DELETE FROM sign_in_sessions WHERE cookie_hash IS NOT NULL")
    op.drop_index("ix_sign_in_sessions_cookie_hash", "sign_in_sessions")
    op.drop_column("sign_in_sessions", "last_seen_at")
    op.drop_column("sign_in_sessions", "cookie_hash")
