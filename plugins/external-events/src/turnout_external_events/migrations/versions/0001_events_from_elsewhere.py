"""Where events came from, venues and saved searches of sources, runs with their candidates and reports, and uploads."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "external_events_searches",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("provider", sa.String(length=30), nullable=False),
        sa.Column("query", sa.String(length=2000), nullable=False),
        sa.Column("location", sa.String(length=200), nullable=False),
        sa.Column("category", sa.String(length=100), nullable=False),
        sa.Column("days_ahead", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("every_hours", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("days_ahead > 0", name=op.f("ck_external_events_searches_days_ahead_positive")),
        sa.CheckConstraint("every_hours > 0", name=op.f("ck_external_events_searches_every_hours_positive")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_external_events_searches_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_events_searches")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("external_events_searches", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.create_index("ix_external_events_searches_run_at", ["run_at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_external_events_searches_user_id"), ["user_id"], unique=False)

    op.create_table(
        "external_events_uploads",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=3), nullable=False),
        sa.Column("filename", sa.String(length=255), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('ics', 'csv')", name=op.f("ck_external_events_uploads_kind_known")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_external_events_uploads_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_events_uploads")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("external_events_uploads", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.create_index("ix_external_events_uploads_created_at", ["created_at"], unique=False)
        batch_op.create_index("ix_external_events_uploads_user_id_created_at", ["user_id", "created_at"], unique=False)

    op.create_table(
        "external_events_venues",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("venue_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_external_events_venues_user_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["venue_id"], ["venues.id"], name=op.f("fk_external_events_venues_venue_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_events_venues")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("external_events_venues", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.create_index(batch_op.f("ix_external_events_venues_user_id"), ["user_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_external_events_venues_venue_id"), ["venue_id"], unique=False)
        batch_op.create_index("uq_external_events_venues_key", ["key"], unique=True)

    op.create_table(
        "external_events_deleted",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("provider", sa.String(length=30), nullable=False),
        sa.Column("external_id", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_external_events_deleted_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_events_deleted")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("external_events_deleted", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.create_index("uq_external_events_deleted_user_id", ["user_id", "provider", "external_id"], unique=True)

    op.create_table(
        "external_events_origins",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("provider", sa.String(length=30), nullable=False),
        sa.Column("external_id", sa.String(length=255), nullable=False),
        sa.Column("copy", sa.Integer(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("is_leading", sa.Boolean(), nullable=False),
        sa.Column("url", sa.String(length=1000), nullable=True),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("is_time_known", sa.Boolean(), nullable=False),
        sa.Column("is_price_known", sa.Boolean(), nullable=False),
        sa.Column("applied", sa.JSON(), nullable=False),
        sa.Column("seen", sa.JSON(), nullable=False),
        sa.Column("differs", sa.Boolean(), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.Column("needs_look", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refreshed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refresh_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('scheduled', 'rescheduled', 'postponed', 'cancelled', 'gone')",
            name=op.f("ck_external_events_origins_status_known"),
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_external_events_origins_event_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_events_origins")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("external_events_origins", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.create_index("ix_external_events_origins_due", ["provider", "refresh_at", "id"], unique=False)
        batch_op.create_index("ix_external_events_origins_event_id", ["event_id", "is_leading"], unique=False)
        batch_op.create_index("ix_external_events_origins_look", ["needs_look", "id"], unique=False)
        batch_op.create_index(
            "uq_external_events_origins_provider_external_id", ["provider", "external_id", "copy"], unique=True
        )

    op.create_table(
        "external_events_runs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("search_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("provider", sa.String(length=30), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("criteria", sa.JSON(), nullable=False),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("made", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("same", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("waits", sa.Integer(), nullable=False),
        sa.Column("goes_on_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('search', 'selection', 'upload')", name=op.f("ck_external_events_runs_kind_known")
        ),
        sa.CheckConstraint(
            "status IN ('running', 'waiting', 'stopped', 'done', 'failed')",
            name=op.f("ck_external_events_runs_status_known"),
        ),
        sa.ForeignKeyConstraint(
            ["search_id"],
            ["external_events_searches.id"],
            name=op.f("fk_external_events_runs_search_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_external_events_runs_user_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_events_runs")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("external_events_runs", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.create_index(batch_op.f("ix_external_events_runs_search_id"), ["search_id"], unique=False)
        batch_op.create_index("ix_external_events_runs_status_id", ["status", "id"], unique=False)
        batch_op.create_index("ix_external_events_runs_user_id_id", ["user_id", "id"], unique=False)

    op.create_table(
        "external_events_candidates",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("provider", sa.String(length=30), nullable=False),
        sa.Column("external_id", sa.String(length=255), nullable=False),
        sa.Column("document", sa.JSON(), nullable=True),
        sa.Column("overrides", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["external_events_runs.id"],
            name=op.f("fk_external_events_candidates_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_events_candidates")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("external_events_candidates", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.create_index("ix_external_events_candidates_run_id_id", ["run_id", "id"], unique=False)

    op.create_table(
        "external_events_reports",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("external_id", sa.String(length=255), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["external_events_runs.id"], name=op.f("fk_external_events_reports_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_events_reports")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("external_events_reports", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.create_index("ix_external_events_reports_run_id_id", ["run_id", "id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("external_events_reports", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.drop_index("ix_external_events_reports_run_id_id")

    op.drop_table("external_events_reports")
    with op.batch_alter_table("external_events_candidates", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.drop_index("ix_external_events_candidates_run_id_id")

    op.drop_table("external_events_candidates")
    with op.batch_alter_table("external_events_runs", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.drop_index("ix_external_events_runs_user_id_id")
        batch_op.drop_index("ix_external_events_runs_status_id")
        batch_op.drop_index(batch_op.f("ix_external_events_runs_search_id"))

    op.drop_table("external_events_runs")
    with op.batch_alter_table("external_events_origins", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.drop_index("uq_external_events_origins_provider_external_id")
        batch_op.drop_index("ix_external_events_origins_look")
        batch_op.drop_index("ix_external_events_origins_event_id")
        batch_op.drop_index("ix_external_events_origins_due")

    op.drop_table("external_events_origins")
    with op.batch_alter_table("external_events_deleted", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.drop_index("uq_external_events_deleted_user_id")

    op.drop_table("external_events_deleted")
    with op.batch_alter_table("external_events_venues", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.drop_index("uq_external_events_venues_key")
        batch_op.drop_index(batch_op.f("ix_external_events_venues_venue_id"))
        batch_op.drop_index(batch_op.f("ix_external_events_venues_user_id"))

    op.drop_table("external_events_venues")
    with op.batch_alter_table("external_events_uploads", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.drop_index("ix_external_events_uploads_user_id_created_at")
        batch_op.drop_index("ix_external_events_uploads_created_at")

    op.drop_table("external_events_uploads")
    with op.batch_alter_table("external_events_searches", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.drop_index(batch_op.f("ix_external_events_searches_user_id"))
        batch_op.drop_index("ix_external_events_searches_run_at")

    op.drop_table("external_events_searches")
