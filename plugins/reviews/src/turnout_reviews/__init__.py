"""Reviews: what guests thought of an event, as ratings from 1 to 5 with a comment."""

from datetime import timedelta

from turnout.attendees.hooks import AttendeesDeleting
from turnout.events.hooks import EventCreated
from turnout.plugin import ANYONE, API_VERSION, STAFF, USER, Configurator, EventOrdering, Plugin, Schema, fields

from turnout_reviews import api, extension, schemas, tasks
from turnout_reviews.admin import ReviewSection
from turnout_reviews.hooks import ReviewWritten
from turnout_reviews.models import Rating
from turnout_reviews.services import (
    REVIEW_REQUEST,
    InvitationService,
    RatingService,
    ReviewCatalog,
    ReviewService,
)


class ReviewSettings(Schema):
    """How reviews are written and asked for."""

    edit_days = fields.whole(0, 3650, missing=14, description="For how many days authors may change their reviews")
    ask = fields.flag(missing=True, description="Whether guests are asked for a review")
    # Up to six days: a week after its end, an event is asked about no more.
    ask_after_hours = fields.whole(0, 144, missing=24, description="How long after the end of an event they are asked")


plugin = Plugin(
    name="reviews",
    title="Reviews",
    description="Ratings and comments by guests, after the event",
    api_version=API_VERSION,
    settings=ReviewSettings,
    is_switchable=True,
)


def open_rating(event: EventCreated) -> None:
    """Give a new event its rating, in the transaction that makes it."""
    event.request.find_service(RatingService).open(event.event_id)


def remove_reviews(event: AttendeesDeleting) -> None:
    """Let those who are deleted take their reviews with them, and these reviews' share in ratings."""
    event.request.find_service(ReviewService).delete_of_attendees(event.attendee_ids)


def includeme(config: Configurator) -> None:
    """Register everything that reviews have."""
    config.declare_permission("reviews:read", "Read reviews", ANYONE)
    config.declare_permission("reviews:create", "Review events that one has attended", USER)
    config.declare_permission("reviews:update", "Change one's own reviews", USER)
    config.declare_permission("reviews:delete", "Delete one's own reviews; staff: all", USER)
    config.declare_permission("reviews:report", "Report reviews that should not be there", USER)
    config.declare_permission("reviews:read_reports", "See which reviews were reported, and why", STAFF)
    config.declare_permission("reviews:moderate", "Show again what was reported without reason", STAFF)
    for service in (RatingService, ReviewCatalog, ReviewService, InvitationService):
        config.add_service(service)
    config.add_subscriber(open_rating, EventCreated)
    config.add_subscriber(remove_reviews, AttendeesDeleting)
    config.add_event_extension(
        "reviews",
        view=schemas.EventRating,
        read=extension.read,
        orderings={"rating": EventOrdering(Rating.rating_average, Rating.event_id)},
    )
    config.add_message_kind(
        REVIEW_REQUEST, "A question, after an event, how it was", templates="turnout_reviews:templates"
    )
    config.add_task(tasks.invite_guests)
    config.add_periodic_task(tasks.ask_for_reviews, every=timedelta(minutes=10))
    config.add_periodic_task(tasks.mend_ratings, every=timedelta(hours=1))
    config.add_webhook_event("review.written", ReviewWritten, tasks.tell_of_review)
    for view in api.SERVICES:
        config.add_api_service(view)
    config.add_admin_section(ReviewSection)
