"""Writing reviews, and taking them away."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from turnout.attendees.models import Attendee
from turnout.bookings.models import CONFIRMED, Booking
from turnout.events.services import EventCatalog
from turnout.plugin import Actor, Announce, Clock, Denied, NotFound, Settings, require_version

from turnout_reviews.errors import AlreadyReviewed, NotAttended, NotHeld, TooEarly, TooLate
from turnout_reviews.hooks import ReviewWritten
from turnout_reviews.models import PUBLISHED, REPORTED, Report, Review
from turnout_reviews.services.invitations import HELD
from turnout_reviews.services.ratings import RatingService


class ReviewService:
    """Lets guests write, change and delete their reviews, everybody report them, and staff decide."""

    def __init__(
        self,
        session: Session,
        clock: Clock,
        announce: Announce,
        settings: Settings,
        events: EventCatalog,
        ratings: RatingService,
    ) -> None:
        self.session = session
        self.clock = clock
        self.announce = announce
        self.settings = settings
        self.events = events
        self.ratings = ratings

    def create(self, event_id: int, new: Mapping[str, Any], *, actor: Actor) -> Review:
        """Review an event that is over. Raises `NotFound`, `NotHeld`, `TooEarly`, `NotAttended`, `AlreadyReviewed`."""
        event = self.events.get(event_id, actor=actor)
        now = self.clock.now()
        if event["status"] not in HELD:
            raise NotHeld(f"The event is {event['status']}.")
        if event["ends_at"] > now:
            raise TooEarly
        attendee_id = self._guest(event_id, actor)
        earlier = select(Review.id).where(Review.event_id == event_id, Review.attendee_id == attendee_id)
        review_id = self.session.scalar(earlier)
        if review_id is not None:
            raise AlreadyReviewed(review_id=review_id)
        review = Review(**new, event_id=event_id, attendee_id=attendee_id, created_at=now, updated_at=now)
        self.session.add(review)
        self.session.flush()
        self._count(review, 1)
        self.announce(ReviewWritten(review.id, event_id))
        return review

    def change(
        self, review_id: int, changes: Mapping[str, Any], *, actor: Actor, expected: Collection[int] | None = None
    ) -> None:
        """Change one's own review. Raises `NotFound`, `Denied`, `VersionMismatch`, `TooLate`."""
        review = self._locked(review_id, actor)
        if not self._is_author(review, actor):
            raise Denied("Only its author changes a review.")
        require_version(review.version, expected)
        days = self.settings["reviews.edit_days"]
        if self.clock.now() >= review.created_at + timedelta(days=days):
            raise TooLate(f"A review can be changed for {days} days.")
        before = review.rating
        for name, value in changes.items():
            setattr(review, name, value)
        review.updated_at = self.clock.now()
        self.session.flush()
        if review.status == PUBLISHED:
            self.ratings.change(review.event_id, total=review.rating - before)

    def delete(self, review_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> None:
        """Delete a review, one's own or as staff. Raises `NotFound`, `Denied`, `VersionMismatch`."""
        review = self._locked(review_id, actor)
        if not actor.is_staff and not self._is_author(review, actor):
            raise Denied("Only its author and staff delete a review.")
        require_version(review.version, expected)
        self.session.delete(review)
        self.session.flush()
        self._count(review, -1)

    def report(self, review_id: int, reason: str, *, actor: Actor) -> None:
        """Hide a review until staff have decided. Who has reported it before changes nothing, unless it was changed since.

        Raises `NotFound`, and `Denied` for its author.
        """
        review = self._locked(review_id)
        if self._is_author(review, actor):
            raise Denied("Nobody reports their own review; delete it instead.")
        earlier = self.session.get(Report, (review_id, actor.user_id))
        if earlier is not None and not _counts_again(earlier, review):
            return
        self._require_visible(review, actor)
        self._hide(review, reason, earlier or Report(review_id=review_id, user_id=actor.user_id))

    def hide(self, review_id: int, reason: str, *, actor: Actor, expected: Collection[int] | None = None) -> None:
        """Hide a review, whatever was decided before: for staff. Raises `NotFound`, `VersionMismatch`."""
        review = self._locked(review_id)
        require_version(review.version, expected)
        earlier = self.session.get(Report, (review_id, actor.user_id))
        self._hide(review, reason, earlier or Report(review_id=review_id, user_id=actor.user_id))

    def _hide(self, review: Review, reason: str, report: Report) -> None:
        report.reason, report.created_at = reason, self.clock.now()
        self.session.add(report)
        if review.status == PUBLISHED:
            self._count(review, -1)
            review.status = REPORTED
        self.session.flush()

    def restore(self, review_id: int, *, expected: Collection[int] | None = None) -> None:
        """Show a review again that was reported without reason: for staff. Raises `NotFound`, `VersionMismatch`."""
        review = self._locked(review_id)
        require_version(review.version, expected)
        if review.status == REPORTED:
            review.status = PUBLISHED
            self.session.flush()
            self._count(review, 1)

    def delete_of_attendees(self, attendee_ids: Sequence[int]) -> None:
        """Delete the reviews of attendees who are being deleted."""
        gone = self.session.execute(
            delete(Review)
            .where(Review.attendee_id.in_(attendee_ids))
            .returning(Review.event_id, Review.rating, Review.status)
            .execution_options(synchronize_session=False)
        ).all()
        counts: Counter[int] = Counter()
        totals: Counter[int] = Counter()
        for event_id, rating, status in gone:
            if status == PUBLISHED:
                counts[event_id] += 1
                totals[event_id] += rating
        for event_id in sorted(counts):  # in order, so that nobody waits for another in a circle
            self.ratings.change(event_id, count=-counts[event_id], total=-totals[event_id])

    def _guest(self, event_id: int, actor: Actor) -> int:
        """Return the actor's own attendee, for whom the event was booked. Raises `NotAttended`."""
        found = self.session.scalar(
            select(Attendee.id)
            .join(Booking, Booking.attendee_id == Attendee.id)
            .where(Attendee.user_id == actor.user_id, Booking.event_id == event_id, Booking.status == CONFIRMED)
            .limit(1)
        )
        if found is None:
            raise NotAttended("No place at this event was confirmed for you.")
        return found

    def _locked(self, review_id: int, actor: Actor | None = None) -> Review:
        """Return a review that nobody else changes until the transaction ends, one that `actor` sees. Raises `NotFound`."""
        review = self.session.get(Review, review_id, with_for_update=True, populate_existing=True)
        if review is None:
            raise NotFound("There is no such review.")
        if actor is not None:
            self._require_visible(review, actor)
        return review

    def _require_visible(self, review: Review, actor: Actor) -> None:
        if review.status != PUBLISHED and not actor.is_staff and not self._is_author(review, actor):
            raise NotFound("There is no such review.")

    def _is_author(self, review: Review, actor: Actor) -> bool:
        author = self.session.scalar(select(Attendee.user_id).where(Attendee.id == review.attendee_id))
        return author is not None and author == actor.user_id

    def _count(self, review: Review, times: int) -> None:
        """Count a review, or (-1) count it no more; one that is reported does not count."""
        if review.status == PUBLISHED:
            self.ratings.change(review.event_id, count=times, total=times * review.rating)


def _counts_again(earlier: Report, review: Review) -> bool:
    """Tell whether somebody who has reported a review may do so again: it is shown, and says something else since."""
    return review.status == PUBLISHED and review.updated_at > earlier.created_at
