"""Telling guests: those for whom places of an event are booked."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from turnout.attendees.models import Attendee
from turnout.bookings.models import ACTIVE, CONFIRMED, Booking
from turnout.db import AnyRow, AnySelect
from turnout.errors import NotFound
from turnout.events.models import Event
from turnout.messages.channels import Recipient
from turnout.messages.services.messages import Letter, MessageService
from turnout.users.models import User

PART = 200
"""How many bookings are told in one transaction. Other people's messages wait for no more than these."""

_Account, _Organizer = aliased(User), aliased(User)


@dataclass(frozen=True, slots=True)
class Occasion:
    """What all guests of an event are told. `name` is unique: nobody is told of one occasion twice.

    `once` tells each guest once, however many bookings there are for them. `booked_before` leaves out later bookings.
    If the event has not `status` any more, or another `starts_at`, the occasion is over.
    """

    kind: str
    event_id: int
    context: dict[str, Any]
    name: str = field(default_factory=lambda: uuid4().hex)
    once: bool = False
    status: str | None = None
    starts_at: datetime | None = None
    booked_before: datetime | None = None
    expires_at: datetime | None = None


class GuestService:
    """Tells guests of their bookings, and of the events that they booked."""

    def __init__(self, session: Session, messages: MessageService) -> None:
        self.session = session
        self.messages = messages

    def tell_of_booking(self, kind: str, booking_id: int) -> None:
        """Tell whoever a booking was made for what became of it, once for each `kind`."""
        row = self._booking(booking_id)
        if row is not None:
            self._tell(kind, row, f"{kind}:{row.id}")

    def tell_of_change(self, kind: str, booking_id: int) -> None:
        """Tell whoever a confirmed booking was made for how it is now, once for each change."""
        row = self._booking(booking_id)
        if row is not None and row.status == CONFIRMED:
            self._tell(kind, row, f"{kind}:{row.id}:{row.version}")

    def tell_again(self, kind: str, booking_id: int) -> int:
        """Tell whoever a confirmed booking was made for once more, in a minute only once; return over how many channels.

        Raises `NotFound` where no confirmed booking is.
        """
        row = self._booking(booking_id)
        if row is None or row.status != CONFIRMED:
            raise NotFound("There is no such confirmed booking.")
        return self._tell(kind, row, f"{kind}:{row.id}:again:{self.messages.clock.now():%Y%m%d%H%M}")

    def _booking(self, booking_id: int) -> AnyRow | None:
        return self.session.execute(_guests().where(Booking.id == booking_id)).first()

    def _tell(self, kind: str, row: AnyRow, key: str) -> int:
        letter = Letter(_recipient(row), _context(row), key, _stream(row), row.id)
        return self.messages.send_each(kind, [letter], event_id=row.event_id)

    def tell_some(self, occasion: Occasion, after: int = 0) -> int | None:
        """Tell the next guests of an event, by their bookings' ids; return after which to go on, or None: that is all."""
        if self._is_over(occasion):
            return None
        query = _guests().where(Booking.event_id == occasion.event_id, Booking.status.in_(ACTIVE), Booking.id > after)
        if occasion.booked_before is not None:
            query = query.where(Booking.created_at < occasion.booked_before)
        rows = self.session.execute(query.order_by(Booking.id).limit(PART)).all()
        self.messages.send_each(
            occasion.kind,
            [_letter(row, occasion) for row in rows],
            event_id=occasion.event_id,
            expires_at=occasion.expires_at,
        )
        return int(rows[-1].id) if len(rows) == PART else None

    def _is_over(self, occasion: Occasion) -> bool:
        event = self.session.execute(select(Event.status, Event.starts_at).where(Event.id == occasion.event_id)).first()
        return (
            event is None
            or occasion.status not in {None, event.status}
            or occasion.starts_at not in {None, event.starts_at}
        )


def _guests() -> AnySelect:
    return (
        select(
            Booking.id, Booking.code, Booking.quantity, Booking.total_amount, Booking.currency, Booking.status,
            Booking.version, Booking.attendee_id, Booking.event_id,
            Event.title, Event.starts_at, Event.ends_at, Event.timezone, Event.place, Event.status.label("event_status"),
            Event.version.label("event_version"),
            _Organizer.first_name.label("organizer_first_name"), _Organizer.last_name.label("organizer_last_name"),
            _Organizer.username.label("organizer_username"),
            Attendee.user_id, Attendee.first_name, Attendee.last_name, Attendee.email, Attendee.phone,
            _Account.email.label("account_email"), _Account.phone.label("account_phone"),
        )
        .join(Event, Event.id == Booking.event_id)
        .join(_Organizer, _Organizer.id == Event.organizer_id)
        .join(Attendee, Attendee.id == Booking.attendee_id)
        .outerjoin(_Account, _Account.id == Attendee.user_id)
    )  # fmt: skip


def _letter(row: AnyRow, occasion: Occasion) -> Letter:
    key = occasion.name if occasion.once else f"{occasion.name}:{row.id}"
    return Letter(_recipient(row), _context(row) | occasion.context, key, _stream(row), row.id)


def _stream(row: AnyRow) -> str:
    return f"booking:{row.id}"


def _recipient(row: AnyRow) -> Recipient:
    """Return the guest; one with an account is reached where the account says."""
    return Recipient(
        name=f"{row.first_name} {row.last_name}".strip(),
        email=row.account_email or row.email,
        phone=row.phone or row.account_phone or "",
        user_id=row.user_id,
        attendee_id=row.attendee_id,
    )


def _context(row: AnyRow) -> dict[str, Any]:
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
            "status": row.event_status,
        },
        "booking": {
            "id": row.id,
            "code": row.code,
            "quantity": row.quantity,
            "total_amount": row.total_amount,
            "currency": row.currency,
            "status": row.status,
            # Both only ever rise, so whatever changes, calendars see that this is newer.
            "sequence": row.event_version + row.version,
        },
    }
