"""An event as it is sold now: what must be known to say who can get which places."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, text, true
from sqlalchemy.orm import Session, aliased
from turnout.attendees.models import Attendee
from turnout.bookings.models import CONFIRMED, Booking
from turnout.events.models import ARCHIVED, CANCELLED, PUBLISHED, Event
from turnout.pools.models import Pool
from turnout.ticket_types.models import TicketType


@dataclass(frozen=True, slots=True)
class Kind:
    """A ticket type. `left` is how many places its own pool has, None where it has no limit of its own."""

    id: int
    name: str
    pool_id: int | None
    capacity: int | None
    left: int | None
    sale_starts_at: datetime | None
    sale_ends_at: datetime | None
    min_per_booking: int
    max_per_booking: int | None

    def is_sold(self, now: datetime) -> bool:
        """Tell whether this is within its sale window."""
        return not self.is_to_come(now) and not self.is_over(now)

    def is_to_come(self, now: datetime) -> bool:
        """Tell whether the sale of this has not begun."""
        return self.sale_starts_at is not None and now < self.sale_starts_at

    def is_over(self, now: datetime) -> bool:
        """Tell whether the sale of this has ended."""
        return self.sale_ends_at is not None and self.sale_ends_at <= now


@dataclass(frozen=True, slots=True)
class Sale:
    """An event with its places and its ticket types. `left` is how many places are free, None where there is no limit.

    One that is not `is_bookable` is only shown here.
    """

    event_id: int
    organizer_id: int
    status: str
    is_bookable: bool
    starts_at: datetime
    pool_id: int
    capacity: int | None
    left: int | None
    max_per_booking: int
    bookings_per_attendee: int | None
    kinds: Mapping[int, Kind]

    def is_on(self, now: datetime) -> bool:
        """Tell whether places can be offered: they are booked here, and the event is published, and has not begun."""
        return self.is_bookable and self.is_published() and now < self.starts_at

    def is_published(self) -> bool:
        """Tell whether the event has a date; until then no offer runs out, because none can be accepted."""
        return self.status == PUBLISHED

    def is_off(self) -> bool:
        """Tell whether the event will not be held any more."""
        return self.status in {CANCELLED, ARCHIVED}

    def free(self, kind: Kind) -> int | None:
        """Return how many places of a type are free: the scarcer of its own and the event's; None is no limit."""
        return least(self.left, kind.left)

    def possible(self, kind: Kind) -> range:
        """Return how many places of a type one booking could have if all were free; nothing, where limits contradict each other."""
        most = least(self.max_per_booking, kind.max_per_booking, self.capacity, kind.capacity)
        return range(kind.min_per_booking, (most or 0) + 1)

    def ends(self, kind: Kind) -> datetime:
        """Return until when places of a type can be accepted: the event begins, or the sale of the type ends."""
        return min(self.starts_at, kind.sale_ends_at or self.starts_at)

    def offered_until(self, kind: Kind, now: datetime, time: timedelta) -> datetime:
        """Return when an offer of places of a type runs out that is good for some `time`, which begins with the sale."""
        return min(max(now, kind.sale_starts_at or now) + time, self.ends(kind))

    def moments(self) -> Iterator[datetime]:
        """Give the moments at which it changes by itself what can be offered."""
        yield self.starts_at
        for kind in self.kinds.values():
            yield from (moment for moment in (kind.sale_starts_at, kind.sale_ends_at) if moment is not None)


HOLDING = text("bookings.status IN ('pending', 'confirmed')")
"""As text: a prepared statement's plan can use a partial index only if it knows the values."""


def may_book(user_id: Any, sale: Sale, now: datetime) -> ColumnElement[bool]:
    """Return the condition that a user, given by an id or a column, has fewer bookings than the event allows."""
    if sale.bookings_per_attendee is None:
        return true()
    live = or_(Booking.status == CONFIRMED, Booking.expires_at > now)
    held = (
        select(func.count())
        .select_from(Booking)
        .join(Attendee, Attendee.id == Booking.attendee_id)
        .where(Attendee.user_id == user_id, Booking.event_id == sale.event_id, HOLDING, live)
    )
    return held.scalar_subquery() < sale.bookings_per_attendee


def least(*numbers: int | None) -> int | None:
    """Return the least of some limits; None is no limit."""
    return min((number for number in numbers if number is not None), default=None)


_Own = aliased(Pool)
_QUERY = (
    select(
        Event.organizer_id, Event.status, Event.is_bookable, Event.starts_at, Event.pool_id, Event.max_tickets_per_booking,
        Event.bookings_per_attendee, Pool.capacity, Pool.taken, TicketType.id.label("type_id"), TicketType.name,
        TicketType.pool_id.label("type_pool_id"), _Own.capacity.label("type_capacity"), _Own.taken.label("type_taken"),
        TicketType.sale_starts_at, TicketType.sale_ends_at, TicketType.min_per_booking, TicketType.max_per_booking,
    )
    .join(Pool, Pool.id == Event.pool_id)
    .join(TicketType, TicketType.event_id == Event.id)
    .outerjoin(_Own, _Own.id == TicketType.pool_id)
)  # fmt: skip


def read_sale(session: Session, event_id: int) -> Sale | None:
    """Return an event as it is sold now, in one statement; None where there is none."""
    rows = session.execute(_QUERY.where(Event.id == event_id).order_by(TicketType.id)).all()
    if not rows:
        return None
    kinds = {
        row.type_id: Kind(
            row.type_id, row.name, row.type_pool_id, row.type_capacity, _left(row.type_capacity, row.type_taken),
            row.sale_starts_at, row.sale_ends_at, row.min_per_booking, row.max_per_booking,
        )
        for row in rows
    }  # fmt: skip
    first = rows[0]
    return Sale(
        event_id, first.organizer_id, first.status, first.is_bookable, first.starts_at, first.pool_id, first.capacity,
        _left(first.capacity, first.taken), first.max_tickets_per_booking, first.bookings_per_attendee, kinds,
    )  # fmt: skip


def _left(capacity: int | None, taken: int | None) -> int | None:
    return None if capacity is None else capacity - (taken or 0)
