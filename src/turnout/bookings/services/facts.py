"""Everything that must be known to decide bookings of one event, read in one statement before any place is claimed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, exists, literal_column, or_, select, true
from sqlalchemy.orm import Session, aliased

from turnout.attendees.models import Attendee
from turnout.bookings.models import ACTIVE, PENDING, Booking
from turnout.events.models import Event
from turnout.pools.models import Pool
from turnout.ticket_types.models import TicketType
from turnout.users.models import User


@dataclass(frozen=True, slots=True)
class Kind:
    """A ticket type as it is sold now. `left` is None where it has no limit of its own."""

    id: int
    name: str
    price: Decimal
    pool_id: int | None
    left: int | None
    sale_starts_at: datetime | None
    sale_ends_at: datetime | None
    min_per_booking: int
    max_per_booking: int | None


@dataclass(frozen=True, slots=True)
class Offer:
    """An event as it is sold now: nothing of it changes without its pool's `revision`."""

    event_id: int
    organizer_id: int
    status: str
    ends_at: datetime
    currency: str
    max_tickets_per_booking: int
    bookings_per_attendee: int | None
    pool_id: int
    revision: int
    left: int | None
    has_expired_holds: bool
    is_bookable: bool
    tickets_url: str | None
    kinds: Mapping[int, Kind]


@dataclass(frozen=True, slots=True)
class Person:
    """A user who books, with the attendee that is theirs, if there is one yet."""

    user_id: int
    is_active: bool
    first_name: str
    last_name: str
    email: str
    attendee_id: int | None


@dataclass(frozen=True, slots=True)
class Facts:
    """An offer (None: no such event), the people, whose attendees are, and which of their slots are used.

    `known` are those who have booked an event of the organizer's before; nobody, unless the organizer is one of the people.
    """

    offer: Offer | None
    people: Mapping[int, Person]
    owners: Mapping[int, int | None]
    known: frozenset[int]
    slots: Mapping[int, frozenset[int]]
    bookings: Mapping[int, int]


# As literals: a prepared statement's plan can use a partial index only if it knows the value.
_PENDING: ColumnElement[str] = literal_column(f"'{PENDING}'")
_ACTIVE: list[ColumnElement[str]] = [literal_column(f"'{status}'") for status in ACTIVE]

_Limit = aliased(Pool)
_Guest = aliased(Attendee)
_Hold = aliased(Booking)
_Before = aliased(Booking)
_Other = aliased(Event)

_now = bindparam("now", type_=Booking.expires_at.type)
_users: BindParameter[int] = bindparam("user_ids", expanding=True)
_before = exists().where(
    _Before.attendee_id == _Guest.id, _Before.event_id == _Other.id, _Other.organizer_id == Event.organizer_id
)
_THEIRS = and_(Booking.event_id == Event.id, Booking.attendee_id == _Guest.id, Booking.status.in_(_ACTIVE))
_PEOPLE = (
    select(
        Event.organizer_id, Event.status, Event.ends_at, Event.currency, Event.max_tickets_per_booking,
        Event.bookings_per_attendee, Event.pool_id, Event.is_bookable, Event.tickets_url, Pool.revision, Pool.capacity, Pool.taken,
        exists().where(_Hold.event_id == Event.id, _Hold.status == _PENDING, _Hold.expires_at <= _now).label("expired"),
        TicketType.id.label("type_id"), TicketType.name, TicketType.price, TicketType.pool_id.label("type_pool_id"),
        _Limit.capacity.label("type_capacity"), _Limit.taken.label("type_taken"),
        TicketType.sale_starts_at, TicketType.sale_ends_at, TicketType.min_per_booking, TicketType.max_per_booking,
        User.id.label("user_id"), User.is_active, User.username, User.first_name, User.last_name, User.email,
        _Guest.id.label("attendee_id"), _Guest.user_id.label("attendee_user_id"),
        and_(Event.organizer_id.in_(_users), _before).label("is_known"),
    )
    .select_from(Event)
    .join(Pool, Pool.id == Event.pool_id)
    .join(TicketType, TicketType.event_id == Event.id)
    .outerjoin(_Limit, _Limit.id == TicketType.pool_id)
    .join(User, User.id.in_(_users))
    .outerjoin(_Guest, or_(_Guest.user_id == User.id, _Guest.id.in_(bindparam("attendee_ids", expanding=True))))
    .where(Event.id == bindparam("event_id"))
)  # fmt: skip
_QUERY = _PEOPLE.add_columns(Booking.id.label("booking_id"), Booking.attendee_slot).outerjoin(Booking, _THEIRS)
_lateral = select(Booking.id, Booking.attendee_slot).where(_THEIRS).correlate(Event, _Guest).offset(0).lateral("theirs")
_QUERY_OF_MANY = _PEOPLE.add_columns(_lateral.c.id.label("booking_id"), _lateral.c.attendee_slot).outerjoin(
    _lateral, true()
)
"""The same for many people, on PostgreSQL: the OFFSET makes it look each of them up in the index.

When a sale has just begun, statistics do not know of its bookings, and a join would compare all of them with everybody.
"""


def read_facts(
    session: Session, event_id: int, user_ids: Collection[int], attendee_ids: Collection[int], now: datetime
) -> Facts:
    """Return the facts about an event, the users who book and the attendees that they name."""
    # On the connection: the session's own execute() takes twice as long for so wide a row, to load no object.
    connection = session.connection()
    is_lateral = len(user_ids) > 1 and connection.dialect.name == "postgresql"
    rows = connection.execute(
        _QUERY_OF_MANY if is_lateral else _QUERY,
        {"event_id": event_id, "user_ids": list(user_ids), "attendee_ids": list(attendee_ids) or [0], "now": now},
    ).all()
    if not rows:
        return Facts(None, {}, {}, frozenset(), {}, {})
    kinds: dict[int, Kind] = {}
    people: dict[int, Person] = {}
    owners: dict[int, int | None] = {}
    slots: dict[int, set[int]] = {}
    held: dict[int, set[int]] = {}
    for row in rows:
        if row.type_id not in kinds:
            kinds[row.type_id] = Kind(
                row.type_id, row.name, row.price, row.type_pool_id,
                None if row.type_capacity is None else row.type_capacity - row.type_taken,
                row.sale_starts_at, row.sale_ends_at, row.min_per_booking, row.max_per_booking,
            )  # fmt: skip
        own = row.attendee_id if row.attendee_id is not None and row.attendee_user_id == row.user_id else None
        if row.user_id not in people or own is not None:
            people[row.user_id] = Person(
                row.user_id, row.is_active, row.first_name or row.username[:100], row.last_name, row.email, own
            )
        if row.attendee_id is not None:
            owners[row.attendee_id] = row.attendee_user_id
            if row.booking_id is not None:
                held.setdefault(row.attendee_id, set()).add(row.booking_id)
                if row.attendee_slot is not None:
                    slots.setdefault(row.attendee_id, set()).add(row.attendee_slot)
    first = rows[0]
    offer = Offer(
        event_id, first.organizer_id, first.status, first.ends_at, first.currency, first.max_tickets_per_booking,
        first.bookings_per_attendee, first.pool_id, first.revision,
        None if first.capacity is None else first.capacity - first.taken, first.expired,
        first.is_bookable, first.tickets_url, dict(sorted(kinds.items())),
    )  # fmt: skip
    return Facts(
        offer,
        people,
        owners,
        frozenset(row.attendee_id for row in rows if row.is_known),
        {attendee: frozenset(used) for attendee, used in slots.items()},
        {attendee: len(found) for attendee, found in held.items()},
    )
