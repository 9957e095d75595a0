"""Letting go of holds whose time is over."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, literal_column, select, update
from sqlalchemy.orm import Session

from turnout.bookings.hooks import BookingExpired, PlacesReleased
from turnout.bookings.models import CANCELLED, EXPIRED, PENDING, VALID, Booking, Ticket
from turnout.events.models import Event
from turnout.injection import Announce
from turnout.pools.models import Pool
from turnout.ticket_types.models import TicketType

MOST_AT_ONCE = 1000
"""How many holds one statement expires."""


def expire_holds_of(session: Session, now: datetime, announce: Announce, event_id: int) -> None:
    """Expire every hold of an event that is due, however many: what stays might be what a sale is refused for."""
    limit = MOST_AT_ONCE
    while expire_holds(session, now, announce, event_id, limit) == limit:
        pass


def expire_holds(
    session: Session, now: datetime, announce: Announce, event_id: int | None = None, limit: int = MOST_AT_ONCE
) -> int:
    """Expire up to `limit` holds that are due, of one event or of all; return how many.

    A hold whose row is locked is left alone: somebody confirms or cancels it at this moment, and whoever holds a pool
    must not wait for a booking's row.
    """
    due = select(Booking.id).where(Booking.status == literal_column(f"'{PENDING}'"), Booking.expires_at <= now)
    if event_id is not None:
        due = due.where(Booking.event_id == event_id)
    # As a CTE: within IN, PostgreSQL may look for them once for each row, and so find more than the limit.
    some = due.order_by(Booking.event_id, Booking.id).limit(limit).with_for_update(skip_locked=True).cte("due")
    rows = session.execute(
        update(Booking)
        .where(Booking.id.in_(select(some.c.id)), Booking.status == PENDING)
        .values(status=EXPIRED, updated_at=now, version=Booking.version + 1)
        .returning(Booking.id, Booking.event_id, Booking.user_id, Booking.attendee_id, Booking.quantity)
        .execution_options(synchronize_session=False)
    ).all()
    if rows:
        release_places(session, announce, [row.id for row in rows], have_lapsed=True)
        for row in rows:
            announce(BookingExpired(row.id, row.event_id, row.user_id, row.attendee_id, row.quantity))
    return len(rows)


def release_places(
    session: Session, announce: Announce, booking_ids: Sequence[int], *, have_lapsed: bool = False
) -> None:
    """Give back the places of bookings that have just stopped holding them, and void their tickets.

    They `have_lapsed` if their time was over: then it is noted which tickets they had until now.

    Each event's pool is locked before its ticket types are looked at: a type that gets its first limit counts its
    tickets under that lock, and so either still counts these or finds them released.
    """
    totals = session.execute(
        select(Booking.event_id, Event.pool_id, func.sum(Booking.quantity))
        .join(Event, Event.id == Booking.event_id)
        .where(Booking.id.in_(booking_ids))
        .group_by(Booking.event_id, Event.pool_id)
        .order_by(Booking.event_id)
    ).all()
    for event_id, pool_id, places in totals:
        _release(session, pool_id, int(places))
        of_types = session.execute(
            select(Pool.id, func.count())
            .join(TicketType, TicketType.pool_id == Pool.id)
            .join(Ticket, Ticket.ticket_type_id == TicketType.id)
            .join(Booking, Booking.id == Ticket.booking_id)
            .where(Booking.id.in_(booking_ids), Booking.event_id == event_id, Ticket.status == VALID)
            .group_by(Pool.id)
            .order_by(Pool.id)
        ).all()
        for type_pool_id, count in of_types:
            _release(session, type_pool_id, count)
        announce(PlacesReleased(event_id, int(places)))
    session.execute(
        update(Ticket)
        .where(Ticket.booking_id.in_(booking_ids), Ticket.status == VALID)
        .values(status=CANCELLED, lapsed=have_lapsed)
        .execution_options(synchronize_session=False)
    )


def _release(session: Session, pool_id: int, places: int) -> None:
    release: Any = update(Pool).where(Pool.id == pool_id).values(taken=Pool.taken - places)
    session.execute(release.execution_options(synchronize_session=False))
