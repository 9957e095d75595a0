"""payments, refunds, the ledger (which the database keeps from being changed), notices, runs of refunds, and plays."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = (
    "payments_ledger",
    "payments_refunds",
    "payments_notices",
    "payments_payments",
    "payments_refund_runs",
    "payments_plays",
    "payments_takings",
)
REFUSAL = "the ledger of payments is only added to"
ON_SQLITE = tuple(
    f"CREATE TRIGGER payments_ledger_no_{what.lower()} BEFORE {what} ON payments_ledger "
    f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    for what in ("UPDATE", "DELETE")
)
ON_POSTGRESQL = (
    f"""CREATE FUNCTION payments_ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'restrict_violation'; END $$""",
    """CREATE TRIGGER payments_ledger_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON payments_ledger
        FOR EACH STATEMENT EXECUTE FUNCTION payments_ledger_refuse()""",
)


def _is_on_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def upgrade() -> None:
    op.create_table(
        "payments_plays",
        sa.Column("ref", sa.String(length=64), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("back_url", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("captured", sa.BigInteger(), nullable=False),
        sa.Column("disputed", sa.BigInteger(), nullable=False),
        sa.Column("refunds", sa.JSON(), nullable=False),
        sa.Column("paid_from", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_payments_plays")),
    )
    op.create_table(
        "payments_refund_runs",
        sa.Column("id", ID, nullable=False),
        sa.Column("event_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("payments", sa.Integer(), nullable=False),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('running', 'done')", name=op.f("ck_payments_refund_runs_status_known")),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_payments_refund_runs_event_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_payments_refund_runs_user_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments_refund_runs")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_payments_refund_runs_event_id"), "payments_refund_runs", ["event_id"])
    op.create_index(op.f("ix_payments_refund_runs_user_id"), "payments_refund_runs", ["user_id"])
    op.create_index(
        op.f("uq_payments_refund_runs_running"),
        "payments_refund_runs",
        ["event_id"],
        unique=True,
        postgresql_where=sa.text("status = 'running'"),
        sqlite_where=sa.text("status = 'running'"),
    )

    op.create_table(
        "payments_payments",
        sa.Column("id", ID, nullable=False),
        sa.Column("booking_id", ID, nullable=True),
        sa.Column("event_id", ID, nullable=True),
        sa.Column("user_id", ID, nullable=True),
        sa.Column("booking_code", sa.String(length=12), nullable=False),
        sa.Column("provider", sa.String(length=30), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("token", sa.String(length=43), nullable=False),
        sa.Column("ref", sa.String(length=255), nullable=True),
        sa.Column("charge_ref", sa.String(length=255), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("home", sa.Text(), nullable=False),
        sa.Column("return_url", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("problem", sa.String(length=20), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("captured", sa.BigInteger(), nullable=False),
        sa.Column("refunding", sa.BigInteger(), nullable=False),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.Column("disputed", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN ('created', 'open', 'processing', 'paid', 'failed', 'expired', 'cancelled')",
            name=op.f("ck_payments_payments_status_known"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payments_payments_amount_positive")),
        sa.CheckConstraint("refunded <= captured", name=op.f("ck_payments_payments_never_refunded_twice")),
        sa.CheckConstraint(
            "refunding >= 0 AND refunded >= 0 AND disputed >= 0", name=op.f("ck_payments_payments_sums_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["bookings.id"], name=op.f("fk_payments_payments_booking_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_payments_payments_event_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_payments_payments_user_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments_payments")),
        sa.UniqueConstraint("key", name=op.f("uq_payments_payments_key")),
        sa.UniqueConstraint("provider", "ref", name=op.f("uq_payments_payments_provider_ref")),
        sa.UniqueConstraint("token", name=op.f("uq_payments_payments_token")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_payments_payments_booking_code"), "payments_payments", ["booking_code"])
    op.create_index(op.f("ix_payments_payments_booking_id_id"), "payments_payments", ["booking_id", "id"])
    op.create_index(op.f("ix_payments_payments_event_id_id"), "payments_payments", ["event_id", "id"])
    op.create_index(
        op.f("ix_payments_payments_problem"),
        "payments_payments",
        ["id"],
        postgresql_where=sa.text("problem IS NOT NULL"),
        sqlite_where=sa.text("problem IS NOT NULL"),
    )
    op.create_index(op.f("ix_payments_payments_provider_charge_ref"), "payments_payments", ["provider", "charge_ref"])
    op.create_index(
        op.f("ix_payments_payments_undecided"),
        "payments_payments",
        ["id"],
        postgresql_where=sa.text("status IN ('created', 'open', 'processing')"),
        sqlite_where=sa.text("status IN ('created', 'open', 'processing')"),
    )
    op.create_index(op.f("ix_payments_payments_user_id"), "payments_payments", ["user_id"])

    op.create_table(
        "payments_notices",
        sa.Column("id", ID, nullable=False),
        sa.Column("provider", sa.String(length=30), nullable=False),
        sa.Column("id_there", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=100), nullable=False),
        sa.Column("payment_id", ID, nullable=True),
        sa.Column("key", sa.String(length=64), nullable=True),
        sa.Column("refs", sa.JSON(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('waiting', 'done', 'forged', 'unknown')", name=op.f("ck_payments_notices_status_known")
        ),
        sa.ForeignKeyConstraint(["payment_id"], ["payments_payments.id"], name=op.f("fk_payments_notices_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments_notices")),
        sa.UniqueConstraint("provider", "id_there", name=op.f("uq_payments_notices_provider_id_there")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_payments_notices_payment_id"), "payments_notices", ["payment_id"])
    op.create_index(op.f("ix_payments_notices_received_at"), "payments_notices", ["received_at"])

    op.create_table(
        "payments_refunds",
        sa.Column("id", ID, nullable=False),
        sa.Column("payment_id", ID, nullable=False),
        sa.Column("run_id", ID, nullable=True),
        sa.Column("retry_of_id", ID, nullable=True),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("ref", sa.String(length=255), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("origin", sa.String(length=10), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("user_id", ID, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("origin IN ('staff', 'rule', 'provider')", name=op.f("ck_payments_refunds_origin_known")),
        sa.CheckConstraint(
            "status IN ('created', 'pending', 'done', 'failed')", name=op.f("ck_payments_refunds_status_known")
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payments_refunds_amount_positive")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments_payments.id"], name=op.f("fk_payments_refunds_payment_id")),
        sa.ForeignKeyConstraint(
            ["run_id"], ["payments_refund_runs.id"], name=op.f("fk_payments_refunds_run_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_payments_refunds_user_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments_refunds")),
        sa.ForeignKeyConstraint(["retry_of_id"], ["payments_refunds.id"], name=op.f("fk_payments_refunds_retry_of_id")),
        sa.UniqueConstraint("key", name=op.f("uq_payments_refunds_key")),
        sa.UniqueConstraint("retry_of_id", name=op.f("uq_payments_refunds_retry_of_id")),
        sa.UniqueConstraint("payment_id", "ref", name=op.f("uq_payments_refunds_payment_id_ref")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_payments_refunds_payment_id_id"), "payments_refunds", ["payment_id", "id"])
    op.create_index(op.f("ix_payments_refunds_run_id_status"), "payments_refunds", ["run_id", "status"])
    op.create_index(op.f("ix_payments_refunds_user_id"), "payments_refunds", ["user_id"])

    op.create_table(
        "payments_ledger",
        sa.Column("id", ID, nullable=False),
        sa.Column("payment_id", ID, nullable=False),
        sa.Column("refund_id", ID, nullable=True),
        sa.Column("event_id", ID, nullable=True),
        sa.Column("provider", sa.String(length=30), nullable=False),
        sa.Column("kind", sa.String(length=15), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(amount > 0) = (kind IN ('charge', 'refund_undone', 'dispute_undone'))",
            name=op.f("ck_payments_ledger_sign_of_kind"),
        ),
        sa.CheckConstraint(
            "kind IN ('charge', 'refund', 'refund_undone', 'dispute', 'dispute_undone')",
            name=op.f("ck_payments_ledger_kind_known"),
        ),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_payments_ledger_amount_not_zero")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments_payments.id"], name=op.f("fk_payments_ledger_payment_id")),
        sa.ForeignKeyConstraint(["refund_id"], ["payments_refunds.id"], name=op.f("fk_payments_ledger_refund_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments_ledger")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_payments_ledger_created_at_id"), "payments_ledger", ["created_at", "id"])
    op.create_index(op.f("ix_payments_ledger_event_id_id"), "payments_ledger", ["event_id", "id"])
    op.create_index(op.f("ix_payments_ledger_payment_id_id"), "payments_ledger", ["payment_id", "id"])
    op.create_index(op.f("ix_payments_ledger_refund_id"), "payments_ledger", ["refund_id"])
    op.create_table(
        "payments_takings",
        sa.Column("event_id", ID, autoincrement=False, nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("charged", sa.BigInteger(), nullable=False),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.Column("disputed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", "currency", name=op.f("pk_payments_takings")),
    )
    for statement in ON_SQLITE if _is_on_sqlite() else ON_POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    for name in TABLES:
        op.drop_table(name)
    if not _is_on_sqlite():
        op.execute("DROP FUNCTION payments_ledger_refuse()")
