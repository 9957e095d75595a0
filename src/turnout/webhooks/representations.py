"""What webhooks are told of bookings, tickets and events."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from turnout.bookings.hooks import BookingEvent
from turnout.bookings.services import BookingCatalog
from turnout.check_ins.hooks import TicketEvent
from turnout.check_ins.services import CheckInService
from turnout.errors import NotFound
from turnout.events.hooks import EventHappening
from turnout.events.models import Event
from turnout.events.services import EventCatalog
from turnout.security.actors import SYSTEM
from turnout.webhooks.event_types import Told


def _without_secret(ticket: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in ticket.items() if name != "secret"}


def tell_of_booking(event: BookingEvent, bookings: BookingCatalog, session: Session) -> Told | None:
    """Say what the API shows of a booking, without what opens the door: a receiver's log may be read by others."""
    try:
        booking = bookings.get(event.booking_id, actor=SYSTEM)
    except NotFound:
        return None  # deleted meanwhile, with the user who made it
    without_secrets = booking | {"tickets": [_without_secret(ticket) for ticket in booking["tickets"]]}
    return Told(without_secrets, _organizer(session, event.event_id))


def tell_of_ticket(event: TicketEvent, check_ins: CheckInService, session: Session) -> Told | None:
    """Say what the door sees of a ticket."""
    try:
        ticket = check_ins.get(event.event_id, event.ticket_id, actor=SYSTEM)
    except NotFound:
        return None  # deleted meanwhile, with the user who booked it
    return Told(ticket, _organizer(session, event.event_id))


def _organizer(session: Session, event_id: int) -> int | None:
    return session.scalar(select(Event.organizer_id).where(Event.id == event_id))


def tell_of_event(event: EventHappening, events: EventCatalog) -> Told | None:
    """Say what the API shows of an event."""
    try:
        shown = events.get(event.event_id, actor=SYSTEM)
    except NotFound:
        return None  # deleted meanwhile
    return Told(shown, shown["organizer"]["id"])
