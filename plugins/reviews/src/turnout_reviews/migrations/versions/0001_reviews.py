"""reviews, their reports, the ratings of events, and which events' guests were asked."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AVERAGE = "CASE WHEN rating_count = 0 THEN 0 ELSE (200 * rating_total + rating_count) / (2 * rating_count) END"


def upgrade() -> None:
    op.create_table(
        "reviews_reviews",
        sa.Column("id", ID, nullable=False),
        sa.Column("event_id", ID, nullable=False),
        sa.Column("attendee_id", ID, nullable=False),
        sa.Column("rating", sa.Integer(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name=op.f("ck_reviews_reviews_rating_known")),
        sa.CheckConstraint("status IN ('published', 'reported')", name=op.f("ck_reviews_reviews_status_known")),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_reviews_reviews_event_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["attendee_id"], ["attendees.id"], name=op.f("fk_reviews_reviews_attendee_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews_reviews")),
        sa.UniqueConstraint("event_id", "attendee_id", name=op.f("uq_reviews_reviews_event_id_attendee_id")),
        sqlite_autoincrement=True,
    )
    for columns in (
        ["attendee_id"],
        ["event_id", "created_at", "id"],
        ["event_id", "rating", "id"],
        ["status", "created_at", "id"],
    ):
        op.create_index(op.f(f"ix_reviews_reviews_{'_'.join(columns)}"), "reviews_reviews", columns)
    op.create_table(
        "reviews_reports",
        sa.Column("review_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["review_id"], ["reviews_reviews.id"], name=op.f("fk_reviews_reports_review_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_reviews_reports_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("review_id", "user_id", name=op.f("pk_reviews_reports")),
    )
    op.create_index(op.f("ix_reviews_reports_user_id"), "reviews_reports", ["user_id"])
    op.create_table(
        "reviews_ratings",
        sa.Column("event_id", ID, nullable=False),
        sa.Column("rating_count", sa.Integer(), nullable=False),
        sa.Column("rating_total", sa.Integer(), nullable=False),
        sa.Column("rating_average", sa.Integer(), sa.Computed(AVERAGE, persisted=True), nullable=False),
        sa.CheckConstraint(
            "rating_total BETWEEN rating_count AND 5 * rating_count", name=op.f("ck_reviews_ratings_rating_possible")
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_reviews_ratings_event_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_reviews_ratings")),
    )
    op.create_table(
        "reviews_invitations",
        sa.Column("event_id", ID, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_reviews_invitations_event_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_reviews_invitations")),
    )
    # Filled before it is indexed. From now on every event gets its rating when it is made.
    op.execute("INSERT INTO reviews_ratings (event_id, rating_count, rating_total) SELECT id, 0, 0 FROM events")
    op.create_index(
        op.f("ix_reviews_ratings_rating_average_event_id"), "reviews_ratings", ["rating_average", "event_id"]
    )


def downgrade() -> None:
    for name in ("reviews_invitations", "reviews_ratings", "reviews_reports", "reviews_reviews"):
        op.drop_table(name)
