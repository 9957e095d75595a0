"""Reading reviews."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select, true
from sqlalchemy.orm import Session
from turnout.attendees.models import Attendee
from turnout.events.models import Event
from turnout.events.services import EventCatalog
from turnout.plugin import Actor, NotFound, Ordering, Paging, Slice, Versioned, fetch
from turnout.users.models import User

from turnout_reviews.models import PUBLISHED, Report, Review

NEWEST_FIRST = "-created_at"
NAMELESS = "A guest"
"""Who wrote a review, where there is no name that may be shown."""
LONGEST_FIRST_NAME = 100
"""To which a longer username is cut where it stands for an attendee's first name."""
REPORT_ORDERINGS = {
    "created_at": Ordering("created_at", Review.created_at, Review.id),
    NEWEST_FIRST: Ordering(NEWEST_FIRST, Review.created_at, Review.id, descending=True),
}
BY_ID = Ordering("-id", Review.id, Review.id, descending=True)
ORDERINGS = REPORT_ORDERINGS | {
    "rating": Ordering("rating", Review.rating, Review.id),
    "-rating": Ordering("-rating", Review.rating, Review.id, descending=True),
}


class ReviewCatalog:
    """Shows reviews to whoever may see them: the published to all who see the event, others to their authors and staff."""

    def __init__(self, session: Session, events: EventCatalog) -> None:
        self.session = session
        self.events = events

    def find(self, event_id: int, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        """Return the reviews of an event, as they are shown. Raises `NotFound` for an event that the actor cannot see."""
        self.events.get(event_id, actor=actor)
        query = select().select_from(Review).where(Review.event_id == event_id, self._is_visible(actor))
        return self._fetch(query, ORDERINGS[filters["ordering"]], paging)

    def find_by_status(self, filters: Mapping[str, Any], paging: Paging) -> Slice:
        """Return the reviews of all events that have a status, with what was said against them: for staff."""
        query = select().select_from(Review).where(Review.status == filters["status"])
        found = self._fetch(query, REPORT_ORDERINGS[filters["ordering"]], paging)
        reports = self._reports(review["id"] for review in found.rows)
        for review in found.rows:
            review["reports"] = reports[review["id"]]
        return found

    def everywhere(self, filters: Mapping[str, Any], paging: Paging) -> Slice:
        """Return the reviews of all events, with the events' titles, the newest first: for staff.

        `filters` may name an `event`, a `status` and a `rating`.
        """
        query = select().select_from(Review)
        for name, column in (("event", Review.event_id), ("status", Review.status), ("rating", Review.rating)):
            if filters.get(name) is not None:
                query = query.where(column == filters[name])
        return fetch(self.session, query, BY_ID, paging, shown=_with_event()).shown(_represent_with_event)

    def one(self, review_id: int) -> Versioned:
        """Return a review with its event's title, and what was said against it: for staff. Raises `NotFound`."""
        row = self.session.execute(_with_event().where(Review.id == review_id)).first()
        if row is None:
            raise NotFound("There is no such review.")
        shown = _represent_with_event(row)
        return Versioned({**shown, "reports": self._reports([review_id])[review_id]}, shown.version)

    def get(self, review_id: int, *, actor: Actor) -> Versioned:
        """Return a review as it is shown. Raises `NotFound`, also for one that the actor cannot see."""
        row = self.session.execute(_shown().where(Review.id == review_id, self._is_visible(actor))).first()
        if row is None:
            raise NotFound("There is no such review.")
        self.events.get(row.event_id, actor=actor)
        return _represent(row)

    def published(self, review_id: int) -> Versioned | None:
        """Return a review as everybody sees it, or None if it was deleted or is reported."""
        row = self.session.execute(_shown().where(Review.id == review_id, Review.status == PUBLISHED)).first()
        return None if row is None else _represent(row)

    def event_of(self, review_id: int) -> int | None:
        """Return the id of the event that a review is about, or None if there is no such review."""
        return self.session.scalar(select(Review.event_id).where(Review.id == review_id))

    def _is_visible(self, actor: Actor) -> ColumnElement[bool]:
        if actor.is_staff:
            return true()
        is_published = Review.status == PUBLISHED
        if not actor.is_signed_in:
            return is_published
        own = select(Attendee.id).where(Attendee.user_id == actor.user_id).scalar_subquery()
        return or_(is_published, Review.attendee_id == own)

    def _fetch(self, query: Select[*tuple[Any, ...]], ordering: Ordering, paging: Paging) -> Slice:
        found = fetch(self.session, query, ordering, paging, shown=_shown())
        rows = [_represent(row) for row in found.rows]
        return Slice(found.count, found.is_exact, rows, found.has_next, found.next_cursor)

    def _reports(self, review_ids: Iterable[int]) -> Mapping[int, list[dict[str, Any]]]:
        found: Mapping[int, list[dict[str, Any]]] = defaultdict(list)
        query = select(Report.review_id, Report.reason, Report.created_at).where(Report.review_id.in_(list(review_ids)))
        for review_id, reason, created_at in self.session.execute(query.order_by(Report.created_at, Report.user_id)):
            found[review_id].append({"reason": reason, "created_at": created_at})
        return found


def _shown() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Review.id, Review.event_id, Review.rating, Review.comment, Review.status, Review.created_at,
            Review.updated_at, Review.version, Attendee.first_name, Attendee.last_name, User.username,
        )
        .join(Attendee, Attendee.id == Review.attendee_id)
        .outerjoin(User, User.id == Attendee.user_id)
    )  # fmt: skip


def _with_event() -> Select[*tuple[Any, ...]]:
    return _shown().add_columns(Event.title, Event.timezone).join(Event, Event.id == Review.event_id)


def _represent_with_event(row: Any) -> Versioned:
    shown = _represent(row)
    return Versioned({**shown, "event": row.title, "timezone": row.timezone}, shown.version)


def _reviewer(first_name: str, last_name: str, username: str | None) -> str:
    """Return how a reviewer is shown: never by what they sign in with, which is the name of those who gave no other."""
    if username is not None and first_name.casefold() == username[:LONGEST_FIRST_NAME].casefold():
        return NAMELESS
    return f"{first_name} {last_name[:1]}.".removesuffix(" .")


def _represent(row: Any) -> Versioned:
    return Versioned(
        {
            "id": row.id,
            "event_id": row.event_id,
            "rating": row.rating,
            "comment": row.comment,
            "reviewer": _reviewer(row.first_name, row.last_name, row.username),
            "status": row.status,
            "created_at": row.created_at,
            "updated_at": row.updated_at,
        },
        row.version,
    )
