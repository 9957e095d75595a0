"""Tickets of confirmed bookings, as they are shown to people and printed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from turnout.attendees.models import Attendee
from turnout.bookings.models import CONFIRMED, VALID, Booking, Ticket
from turnout.bookings.services import BookingCatalog
from turnout.errors import NotFound
from turnout.events.models import Event
from turnout.security.actors import Actor
from turnout.ticket_types.models import TicketType
from turnout.tickets.errors import NotConfirmed, TicketCancelled


@dataclass(frozen=True, slots=True)
class Admission:
    """A valid ticket; `holder` is empty where nobody was named."""

    id: int
    kind: str
    holder: str
    price: Decimal
    secret: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """The valid tickets of a confirmed booking, with what a ticket says of the booking and its event.

    `guest` is empty for who may not see the attendee: somebody who booked for another.
    """

    code: str
    guest: str
    currency: str
    title: str
    starts_at: datetime
    ends_at: datetime
    timezone: str
    place: str
    event_status: str
    admissions: Sequence[Admission]


def admissions(session: Session, booking_id: int | None) -> list[Admission]:
    """Return the tickets of a booking that are valid now."""
    query = (
        select(Ticket.id, TicketType.name, Ticket.holder_name, Ticket.price, Ticket.secret)
        .join(TicketType, TicketType.id == Ticket.ticket_type_id)
        .where(Ticket.booking_id == booking_id, Ticket.status == VALID)
        .order_by(Ticket.id)
    )
    return [Admission(*row) for row in session.execute(query)]


class TicketService:
    """Gives out the tickets of confirmed bookings, to whoever may read the booking."""

    def __init__(self, session: Session, bookings: BookingCatalog) -> None:
        self.session = session
        self.bookings = bookings

    def bundle(self, booking_id: int, *, actor: Actor) -> Bundle:
        """Return the tickets of a booking, to be printed. Raises `NotFound`, `NotConfirmed`."""
        booking = self.bookings.get(booking_id, actor=actor)
        query = (
            select(
                Event.title, Event.starts_at, Event.ends_at, Event.timezone, Event.place, Event.status,
                Event.organizer_id, Attendee.first_name, Attendee.last_name, Attendee.user_id,
            )
            .join(Booking, Booking.event_id == Event.id)
            .join(Attendee, Attendee.id == Booking.attendee_id)
            .where(Booking.id == booking_id, Booking.status == CONFIRMED)
        )  # fmt: skip
        row = self.session.execute(query).first()
        if row is None:
            raise _not_confirmed(booking["status"])
        may_see_guest = actor.owns(row.user_id) or actor.owns(row.organizer_id)
        return Bundle(
            code=booking["code"],
            guest=f"{row.first_name} {row.last_name}".strip() if may_see_guest else "",
            currency=booking["currency"],
            title=row.title,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            timezone=row.timezone,
            place=row.place,
            event_status=row.status,
            admissions=admissions(self.session, booking_id),
        )

    def secret(self, booking_id: int, ticket_id: int, *, actor: Actor) -> str:
        """Return what the QR code of a ticket says. Raises `NotFound`, `TicketCancelled`, `NotConfirmed`."""
        booking = self.bookings.get(booking_id, actor=actor)
        ticket = next((ticket for ticket in booking["tickets"] if ticket["id"] == ticket_id), None)
        if ticket is None:
            raise NotFound("The booking has no such ticket.")
        if ticket["status"] != VALID:
            raise TicketCancelled
        if booking["status"] != CONFIRMED:
            raise _not_confirmed(booking["status"])
        return str(ticket["secret"])


def _not_confirmed(status: str) -> NotConfirmed:
    return NotConfirmed(f"The booking is {status}; only a confirmed one has tickets.", status_now=status)
