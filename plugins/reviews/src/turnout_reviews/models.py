"""Tables of reviews."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column
from turnout.plugin import NEVER_REUSED, Base, Id, UTCDateTime

PUBLISHED, REPORTED = "published", "reported"
STATUSES = (PUBLISHED, REPORTED)
LOWEST, HIGHEST = 1, 5


class Review(Base):
    """What one guest thought of one event. While it is reported, only its author and staff see it, and it does not count."""

    __tablename__ = "reviews_reviews"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    attendee_id: Mapped[int] = mapped_column(ForeignKey("attendees.id", ondelete="CASCADE"), index=True)
    rating: Mapped[int]
    comment: Mapped[str] = mapped_column(Text, default="")
    status: Mapped[str] = mapped_column(String(10), default=PUBLISHED)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own protocol
    __table_args__ = (
        UniqueConstraint("event_id", "attendee_id"),
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating_known"),
        CheckConstraint("status IN ('published', 'reported')", name="status_known"),
        Index("ix_reviews_reviews_event_id_created_at_id", "event_id", "created_at", "id"),
        Index("ix_reviews_reviews_event_id_rating_id", "event_id", "rating", "id"),
        Index("ix_reviews_reviews_status_created_at_id", "status", "created_at", "id"),
        NEVER_REUSED,
    )


class Report(Base):
    """That somebody found that a review should not be there: when last, and why. It is kept after staff have decided."""

    __tablename__ = "reviews_reports"

    review_id: Mapped[int] = mapped_column(ForeignKey("reviews_reviews.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True)
    reason: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = {}  # noqa: RUF012 - no id that could be reused


class Rating(Base):
    """How an event is rated: how many public reviews it has, and the sum of what they give.

    A row of its own, narrow, so that events themselves are not rewritten. `rating_average` is in hundredths, and 0 where
    there is no review; the database keeps it, so it is never anything else than the quotient of the other two.
    """

    __tablename__ = "reviews_ratings"

    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"), primary_key=True)
    rating_count: Mapped[int] = mapped_column(default=0)
    rating_total: Mapped[int] = mapped_column(default=0)
    rating_average: Mapped[int] = mapped_column(
        Computed(
            # Whole numbers only, rounded half up: the same on every database.
            "CASE WHEN rating_count = 0 THEN 0 ELSE (200 * rating_total + rating_count) / (2 * rating_count) END",
            persisted=True,
        )
    )

    __table_args__ = (
        CheckConstraint("rating_total BETWEEN rating_count AND 5 * rating_count", name="rating_possible"),
        Index("ix_reviews_ratings_rating_average_event_id", "rating_average", "event_id"),
    )


class Invitation(Base):
    """That the guests of an event were asked for reviews: it is done once."""

    __tablename__ = "reviews_invitations"

    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = {}  # noqa: RUF012 - no id that could be reused
