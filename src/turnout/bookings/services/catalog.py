"""Reading bookings: a fixed number of statements however many there are."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from turnout.attendees.models import Attendee
from turnout.bookings.extensions import BookingExtensions
from turnout.bookings.models import Booking, Ticket
from turnout.db import AnyRow, AnySelect
from turnout.errors import NotFound
from turnout.events.models import Event
from turnout.money import as_text
from turnout.paging import Ordering, Paging, Slice, fetch
from turnout.security.actors import Actor
from turnout.versions import Versioned

_SHOWN = (
    Booking.id, Booking.code, Booking.event_id, Booking.user_id, Booking.attendee_id, Booking.quantity,
    Booking.total_amount, Booking.currency, Booking.status, Booking.failure_code, Booking.failure_detail,
    Booking.expires_at, Booking.created_at, Booking.version,
)  # fmt: skip


class BookingCatalog:
    """Shows bookings to whoever may see them."""

    def __init__(self, session: Session, extensions: BookingExtensions) -> None:
        self.session = session
        self.extensions = extensions

    def get(self, booking_id: int, *, actor: Actor) -> Versioned:
        """Return what is shown of a booking to whoever made it, whoever it was made for, the organizer and staff.

        Raises `NotFound`, also for one that is not the actor's to see.
        """
        query = (
            select(*_SHOWN, Event.organizer_id, Attendee.user_id.label("guest_id"))
            .join(Event, Event.id == Booking.event_id)
            .outerjoin(Attendee, Attendee.id == Booking.attendee_id)
        )
        row = self.session.execute(query.where(Booking.id == booking_id)).first()
        if row is None or not any(map(actor.owns, (row.user_id, row.guest_id, row.organizer_id))):
            raise NotFound("There is no such booking.")
        return Versioned(self._represent([row])[0], row.version)

    def find(self, filters: Mapping[str, Any], paging: Paging, *, user_id: int | None = None) -> Slice:
        """Return bookings, of one user or of all, newest first unless `ordering` says otherwise."""
        query = select(*_SHOWN)
        wanted = {
            Booking.user_id: filters.get("user") if user_id is None else user_id,
            Booking.event_id: filters.get("event"),
            Booking.attendee_id: filters.get("attendee"),
            Booking.status: filters.get("status"),
            Booking.code: filters.get("code"),
        }
        for column, value in wanted.items():
            if value is not None:
                query = query.where(column == value)
        if user_id is not None and filters.get("user") is not None:
            query = query.where(Booking.user_id == filters["user"])
        return self._slice(query, paging, filters.get("ordering", "-booking_date"))

    def _slice(self, query: AnySelect, paging: Paging, ordering: str) -> Slice:
        # Ids rise with time, and every index of bookings ends with the id.
        order = Ordering(ordering, Booking.id, Booking.id, descending=ordering.startswith("-"))
        found = fetch(self.session, query, order, paging)
        return Slice(found.count, found.is_exact, self._represent(found.rows), found.has_next, found.next_cursor)

    def _represent(self, rows: Iterable[AnyRow]) -> list[dict[str, Any]]:
        rows = list(rows)
        tickets: dict[int, list[dict[str, Any]]] = defaultdict(list)
        currencies = {row.id: row.currency for row in rows}
        if rows:
            query = select(Ticket).where(Ticket.booking_id.in_(currencies)).order_by(Ticket.id)
            for ticket in self.session.scalars(query.execution_options(populate_existing=True)):
                tickets[ticket.booking_id].append(_represent_ticket(ticket, currencies[ticket.booking_id]))
        extended = self.extensions.read({row.id: row.event_id for row in rows})
        return [
            {
                "id": row.id,
                "code": row.code,
                "event_id": row.event_id,
                "user_id": row.user_id,
                "attendee_id": row.attendee_id,
                "quantity": row.quantity,
                "total_amount": None if row.total_amount is None else as_text(row.total_amount, row.currency),
                "currency": row.currency,
                "status": row.status,
                "failure": _represent_failure(row),
                "expires_at": row.expires_at,
                "booking_date": row.created_at,
                "tickets": tickets[row.id],
                "extensions": extended[row.id],
            }
            for row in rows
        ]

    def guests(self, event_id: int, status: str | None, paging: Paging) -> tuple[Slice, list[dict[str, Any]]]:
        """Return who comes to an event, by booking, and how many bookings and places there are in each status."""
        query = (
            select(
                Booking.id, Booking.code, Booking.status, Booking.quantity, Booking.created_at,
                Attendee.id.label("attendee_id"), Attendee.first_name, Attendee.last_name, Attendee.email, Attendee.phone,
            )
            .outerjoin(Attendee, Attendee.id == Booking.attendee_id)
            .where(Booking.event_id == event_id)
        )  # fmt: skip
        if status is not None:
            query = query.where(Booking.status == status)
        found = fetch(self.session, query, Ordering("id", Booking.id, Booking.id), paging)
        rows = [_represent_guest(row) for row in found.rows]
        return Slice(found.count, found.is_exact, rows, found.has_next, found.next_cursor), self.counts(event_id)

    def counts(self, event_id: int) -> list[dict[str, Any]]:
        """Return how many bookings and places of an event there are in each status."""
        counted = self.session.execute(
            select(Booking.status, func.count(), func.sum(Booking.quantity))
            .where(Booking.event_id == event_id)
            .group_by(Booking.status)
            .order_by(Booking.status)
        )
        return [{"status": name, "bookings": number, "places": int(places)} for name, number, places in counted]


def _represent_failure(row: AnyRow) -> dict[str, str] | None:
    return None if row.failure_code is None else {"code": row.failure_code, "detail": row.failure_detail}


def _represent_ticket(ticket: Ticket, currency: str) -> dict[str, Any]:
    return {
        "id": ticket.id,
        "ticket_type_id": ticket.ticket_type_id,
        "price": as_text(ticket.price, currency),
        "name": ticket.holder_name,
        "email": ticket.holder_email,
        "status": ticket.status,
        "secret": ticket.secret,
        "checked_in_at": ticket.checked_in_at,
    }


def _represent_guest(row: AnyRow) -> dict[str, Any]:
    return {
        "booking_id": row.id,
        "code": row.code,
        "status": row.status,
        "quantity": row.quantity,
        "booking_date": row.created_at,
        "attendee": None
        if row.attendee_id is None
        else {
            "id": row.attendee_id,
            "first_name": row.first_name,
            "last_name": row.last_name,
            "email": row.email,
            "phone": row.phone,
        },
    }
