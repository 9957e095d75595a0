"""Schemas of reviews."""

from turnout.plugin import PageQuery, Schema, fields, page_of

from turnout_reviews.models import HIGHEST, LOWEST, REPORTED, STATUSES
from turnout_reviews.services import NAMELESS, NEWEST_FIRST, ORDERINGS, REPORT_ORDERINGS


class ReviewInput(Schema):
    """A review, as a guest writes it."""

    rating = fields.whole(LOWEST, HIGHEST, description="5 is the best")
    comment = fields.text(5000, 0, missing="", description="Plain text: show it as such, whatever is in it")


class ReviewView(Schema):
    """A review, as everybody sees it."""

    id = fields.identifier()
    event_id = fields.identifier()
    rating = fields.whole(LOWEST, HIGHEST)
    comment = fields.text(5000, 0, description="Plain text: show it as such, whatever is in it")
    reviewer = fields.text(
        110, description=f"First name and initial of who wrote it, or {NAMELESS!r}", example="Ada L."
    )
    status = fields.choice(STATUSES, description="reported: only its author and staff see it")
    created_at = fields.moment()
    updated_at = fields.moment()


ReviewPage = page_of(ReviewView(name="review"))


class ReviewQuery(PageQuery):
    """Parameters of the list of an event's reviews."""

    ordering = fields.choice(ORDERINGS, missing=NEWEST_FIRST, description="What to sort by; - is descending")


class ReportInput(Schema):
    """Why a review should not be there."""

    reason = fields.text(1000, example="It insults the band.")


class ReportView(Schema):
    """What somebody said against a review."""

    reason = fields.text(1000)
    created_at = fields.moment()


class ReportedReview(ReviewView):
    """A review, with what was said against it."""

    reports = fields.many(ReportView(name="report"), fields.MAX_WHOLE)


ReportedPage = page_of(ReportedReview(name="review"))


class ReportedQuery(PageQuery):
    """Parameters of the list of all reviews."""

    status = fields.choice(STATUSES, missing=REPORTED)
    ordering = fields.choice(REPORT_ORDERINGS, missing=NEWEST_FIRST, description="What to sort by; - is descending")


class AnyReviewQuery(PageQuery):
    """Filters of the list of the reviews of all events."""

    event = fields.identifier(missing=None)
    status = fields.choice(STATUSES, missing=None)
    rating = fields.whole(LOWEST, HIGHEST, missing=None)


class EventRating(Schema):
    """How an event is rated."""

    rating_average = fields.matching(
        r"^[1-5]\.[0-9]{2}$",
        "must be like 4.50",
        4,
        nullable=True,
        description="Null: nobody has rated it",
        example="4.50",
    )
    rating_count = fields.whole(description="How many public reviews it has")
