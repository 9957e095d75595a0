"""Asking guests how an event was."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, exists, insert, select
from sqlalchemy.orm import Session, aliased
from turnout.attendees.models import Attendee
from turnout.bookings.models import CONFIRMED, Booking
from turnout.events.models import ARCHIVED, PUBLISHED, Event
from turnout.messages.services import Letter, MessageService, Recipient
from turnout.plugin import Clock, Settings
from turnout.users.models import User

from turnout_reviews.models import Invitation, Review

REVIEW_REQUEST = "review_request"
MOST_EVENTS = 100
"""For how many events one transaction begins to ask."""
PART = 200
"""How many bookings are asked about in one transaction."""
LATEST = timedelta(days=7)
"""Nobody is asked about what ended longer ago than this."""
HELD = (PUBLISHED, ARCHIVED)

_Organizer = aliased(User)


class InvitationService:
    """Asks the guests of events that are over for reviews: each guest once for each event."""

    def __init__(self, session: Session, clock: Clock, settings: Settings, messages: MessageService) -> None:
        self.session = session
        self.clock = clock
        self.settings = settings
        self.messages = messages

    def begin(self) -> Sequence[int]:
        """Return events whose guests are to be asked now, by their ids, and note that this was begun; some, if many."""
        if not self.settings["reviews.ask"]:
            return []
        now = self.clock.now()
        query = select(Event.id).where(
            Event.status.in_(HELD),
            Event.ends_at <= now - timedelta(hours=self.settings["reviews.ask_after_hours"]),
            Event.ends_at > now - LATEST,
            ~exists().where(Invitation.event_id == Event.id),
        )
        event_ids = self.session.scalars(query.order_by(Event.ends_at, Event.id).limit(MOST_EVENTS)).all()
        if event_ids:
            rows = [{"event_id": event_id, "created_at": now} for event_id in event_ids]
            self.session.execute(insert(Invitation), rows)
        return event_ids

    def invite_some(self, event_id: int, after: int = 0) -> int | None:
        """Ask the next guests of an event, by their bookings' ids; return after which to go on, or None: that is all."""
        rows = self.session.execute(
            _guests().where(Booking.event_id == event_id, Booking.id > after).order_by(Booking.id).limit(PART)
        ).all()
        letters = [Letter(_recipient(row), _context(row), f"{REVIEW_REQUEST}:{event_id}") for row in rows]
        self.messages.send_each(REVIEW_REQUEST, letters, event_id=event_id)
        return int(rows[-1].booking_id) if len(rows) == PART else None


def _guests() -> Select[*tuple[Any, ...]]:
    """Return the statement for those who can review: they had a place, have an account, and have not done so yet."""
    has_reviewed = exists().where(Review.event_id == Booking.event_id, Review.attendee_id == Booking.attendee_id)
    return (
        select(
            Booking.id.label("booking_id"), Attendee.id.label("attendee_id"), Attendee.first_name, Attendee.last_name,
            Attendee.phone, User.id.label("user_id"), User.email, User.phone.label("account_phone"),
            Event.id.label("event_id"), Event.title, Event.starts_at, Event.ends_at, Event.timezone, Event.place,
            _Organizer.first_name.label("organizer_first_name"), _Organizer.last_name.label("organizer_last_name"),
            _Organizer.username.label("organizer_username"),
        )
        .join(Event, Event.id == Booking.event_id)
        .join(_Organizer, _Organizer.id == Event.organizer_id)
        .join(Attendee, Attendee.id == Booking.attendee_id)
        .join(User, User.id == Attendee.user_id)
        .where(Booking.status == CONFIRMED, Event.status.in_(HELD), User.is_active, ~has_reviewed)
    )  # fmt: skip


def _recipient(row: Any) -> Recipient:
    return Recipient(
        name=f"{row.first_name} {row.last_name}".strip(),
        email=row.email,
        phone=row.phone or row.account_phone,
        user_id=row.user_id,
        attendee_id=row.attendee_id,
    )


def _context(row: Any) -> Mapping[str, Any]:
    organizer = f"{row.organizer_first_name} {row.organizer_last_name}".strip() or row.organizer_username
    return {
        "event": {
            "id": row.event_id,
            "title": row.title,
            "starts_at": row.starts_at,
            "ends_at": row.ends_at,
            "timezone": row.timezone,
            "place": row.place,
            "organizer": organizer,
        }
    }
