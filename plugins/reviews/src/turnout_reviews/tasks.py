"""Background work of reviews."""

from sqlalchemy import select
from sqlalchemy.orm import Session
from turnout.events.models import Event
from turnout.outbox.services import Outbox
from turnout.plugin import Told

from turnout_reviews.hooks import ReviewWritten
from turnout_reviews.services import InvitationService, RatingService, ReviewCatalog


def ask_for_reviews(invitations: InvitationService, outbox: Outbox) -> None:
    """Let the guests of events that are over be asked: a task for each event, so that each event's switch holds."""
    event_ids = invitations.begin()
    for event_id in event_ids:
        outbox.put(invite_guests, {"event_id": event_id})
    if event_ids:  # they may not have been all
        outbox.put(ask_for_reviews)


def invite_guests(event_id: int, invitations: InvitationService, outbox: Outbox, after: int = 0) -> None:
    """Ask some of an event's guests, and put what asks the next."""
    last = invitations.invite_some(event_id, after)
    if last is not None:
        outbox.put(invite_guests, {"event_id": event_id, "after": last})


def mend_ratings(ratings: RatingService, outbox: Outbox) -> None:
    """Bring ratings up to what events and reviews there are: both came and went while this plugin was not enabled."""
    if ratings.mend():
        outbox.put(mend_ratings)


def tell_of_review(event: ReviewWritten, reviews: ReviewCatalog, session: Session) -> Told | None:
    """Say to webhooks what everybody sees of a review; nothing if it is not there any more."""
    review = reviews.published(event.review_id)
    organizer_id = session.scalar(select(Event.organizer_id).where(Event.id == event.event_id))
    return None if review is None else Told(review, organizer_id)
