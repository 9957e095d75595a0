"""Bookings as those see them who run the events: staff all, organizers those of their own events."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal_column, or_, select, union
from sqlalchemy.orm import Session, aliased

from turnout.attendees.models import Attendee
from turnout.attendees.services import AttendeeService
from turnout.bookings.models import CONFIRMED, Booking
from turnout.bookings.services.book import Booker
from turnout.bookings.services.catalog import BookingCatalog
from turnout.bookings.services.requests import BookingRequest, Line
from turnout.clock import Clock
from turnout.db import AnyRow, AnySelect
from turnout.errors import Denied, DomainError, Invalid, NotFound
from turnout.events.models import PUBLISHED, Event
from turnout.events.services import EventService
from turnout.filters import begins
from turnout.money import as_text
from turnout.paging import Ordering, Paging, Slice, fetch
from turnout.pools.models import Pool
from turnout.security.actors import Actor
from turnout.ticket_types.services import TicketTypeService
from turnout.users.models import User
from turnout.versions import Versioned

_Found = aliased(Booking)


@dataclass(frozen=True, slots=True)
class Takings:
    """What confirmed bookings of one day, or of one event, come to in one currency; bookings for nothing are counted, too."""

    day: int
    currency: str
    bookings: int
    amount: Decimal


class BoxOffice:
    """Finds, counts and makes bookings for those who run the events."""

    def __init__(
        self,
        session: Session,
        clock: Clock,
        catalog: BookingCatalog,
        booker: Booker,
        events: EventService,
        ticket_types: TicketTypeService,
        attendees: AttendeeService,
    ) -> None:
        self.session = session
        self.clock = clock
        self.catalog = catalog
        self.booker = booker
        self.events = events
        self.ticket_types = ticket_types
        self.attendees = attendees

    def find(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        """Return bookings with the names of what they are about, filtered as `BoxOfficeQuery` says, without their tickets."""
        query = select().select_from(Booking).where(*_conditions(filters), *_own(actor))
        order = _ordering(filters)
        return fetch(self.session, query, order, paging, shown=_named()).shown(_represent)

    def guests_of(self, user_id: int) -> Select[int | None]:
        """Return the statement that gives the ids of those who have booked an event of an organizer's."""
        return (
            select(Booking.attendee_id).join(Event, Event.id == Booking.event_id).where(Event.organizer_id == user_id)
        )

    def get(self, booking_id: int, *, actor: Actor) -> Versioned:
        """Return a booking with its tickets and the names of what it is about. Raises `NotFound`."""
        row = self.session.execute(_named().where(Booking.id == booking_id)).first()
        if row is None or not actor.owns(row.organizer_id):
            raise NotFound("There is no such booking.")
        shown = self.catalog.get(booking_id, actor=actor)
        return Versioned(_represent(row) | shown, shown.version)

    def kinds(self, event_id: int, *, actor: Actor) -> Sequence[Mapping[str, Any]]:
        """Return the ticket types of an event, as they are shown; none of one that is not the actor's."""
        try:
            self.events.for_change(event_id, actor=actor)
        except (NotFound, Denied):
            return []
        return self.ticket_types.of_events([event_id]).get(event_id, [])

    def counts(self, event_id: int, *, actor: Actor) -> list[dict[str, Any]]:
        """Return how many bookings and places there are in each status. Raises `NotFound`, `Denied`."""
        self.events.for_change(event_id, actor=actor)
        return self.catalog.counts(event_id)

    def takings_of(self, event_id: int) -> dict[str, Decimal]:
        """Return what the confirmed bookings of an event come to, by currency."""
        taken = func.sum(Booking.total_amount).label("taken")
        query = select(Booking.currency, taken).where(Booking.event_id == event_id, Booking.status == CONFIRMED)
        found = self.session.execute(query.group_by(Booking.currency))
        return {row.currency: row.taken for row in found}

    def takings(self, days: Sequence[datetime], *, actor: Actor) -> list[Takings]:
        """Return what was taken on each of some days, given as their beginnings and the end of the last.

        Bookings count for the day on which they were made, while they are confirmed.
        """
        # Numbered by comparing: no two databases cut days in a time zone in the same way.
        ends = [(Booking.created_at < end, number) for number, end in enumerate(days[1:])]
        day = case(*ends, else_=len(ends)).label("day")
        query = select(
            day, Booking.currency, func.count(), func.coalesce(func.sum(Booking.total_amount), Decimal(0))
        ).where(
            Booking.created_at >= days[0],
            Booking.created_at < days[-1],
            Booking.status == CONFIRMED,
            *_own(actor),
        )
        found = self.session.execute(query.group_by(day, Booking.currency).order_by(day, Booking.currency))
        return [Takings(*row) for row in found]

    def next_events(self, most: int, *, actor: Actor) -> Sequence[AnyRow]:
        """Return the next published events that are booked here, with how many places each has (None: no limit), and are taken."""
        query = (
            select(Event.id, Event.title, Event.starts_at, Event.timezone, Pool.capacity, Pool.taken)
            .join(Pool, Pool.id == Event.pool_id)
            .where(Event.status == literal_column(f"'{PUBLISHED}'"), Event.starts_at > self.clock.now())
            .where(Event.is_bookable)
            .order_by(Event.starts_at, Event.id)
            .limit(most)
        )
        if not actor.is_staff:
            query = query.where(Event.organizer_id == actor.user_id)
        return self.session.execute(query).all()

    def sell(self, wanted: Mapping[str, Any], *, actor: Actor) -> int:
        """Book places for somebody, known already or new (see `Sale`); return the booking's id.

        Raises `Invalid`, and what `Booker` refuses with.
        """
        try:
            event = self.events.for_change(wanted["event_id"], actor=actor)
        except (NotFound, Denied):
            raise Invalid({"event_id": "is none for which you sell"}) from None
        type_id = wanted["ticket_type_id"]
        if type_id is None and len(self.kinds(event.id, actor=actor)) > 1:
            raise Invalid({"ticket_type_id": "has to be chosen: this event has several"})
        attendee_id = wanted["attendee_id"]
        is_guest = attendee_id is None
        if is_guest:
            attendee_id = self._guest(wanted["guest"], actor)
        lines = [Line(type_id)] * wanted["quantity"]
        request = BookingRequest(event.id, actor, lines, attendee_id, wanted["hold"], knows_attendee=is_guest)
        (outcome,) = self.booker.book([request])
        if isinstance(outcome, DomainError):
            raise outcome
        return int(outcome["id"])

    def _guest(self, guest: Mapping[str, Any], actor: Actor) -> int:
        """Return the attendee without an account that has this address, if the actor knows them, or register a new one.

        An organizer knows who has booked an event of theirs. Nobody else's guests are found by guessing addresses.
        """
        missing = [name for name in ("first_name", "last_name", "email") if not guest[name]]
        if len(missing) == len(guest) - 1:
            raise Invalid({"attendee_id": "has to be chosen, unless you fill in who is new"})
        if missing:
            raise Invalid({f"guest.{name}": "must not be empty" for name in missing})
        known = select(Attendee.id).where(
            Attendee.user_id.is_(None), func.lower(Attendee.email) == guest["email"].lower()
        )
        if not actor.is_staff:
            theirs = Booking.event_id.in_(select(Event.id).where(Event.organizer_id == actor.user_id))
            known = known.where(exists().where(Booking.attendee_id == Attendee.id, theirs))
        found = self.session.scalar(known)
        return found if found is not None else self.attendees.register(guest, actor=actor).id


def _own(actor: Actor) -> Iterable[ColumnElement[bool]]:
    """Return the condition that bookings are of the actor's own events; for staff none."""
    if actor.is_staff:
        return ()
    return (Booking.event_id.in_(select(Event.id).where(Event.organizer_id == (actor.user_id or 0))),)


def _conditions(filters: Mapping[str, Any]) -> Iterable[ColumnElement[bool]]:
    """Give what the filters say."""
    for name, column in (("event", Booking.event_id), ("user", Booking.user_id), ("attendee", Booking.attendee_id)):
        if filters.get(name) is not None:
            yield column == filters[name]
    if filters.get("status") is not None:
        # As a literal: a prepared statement's plan can use a partial index only if it knows the value.
        yield Booking.status == literal_column(f"'{filters['status']}'")
    if filters.get("date_from") is not None:
        yield Booking.created_at >= filters["date_from"]
    if filters.get("date_to") is not None:
        yield Booking.created_at <= filters["date_to"]
    if filters.get("search") is not None:
        yield _found_by(filters["search"])


def _found_by(words: str) -> ColumnElement[bool]:
    """Return the condition that this is a booking's code, or each word begins a name or the address of who comes."""
    of_code = select(_Found.id).where(_Found.code == words.upper())
    columns = (Attendee.first_name, Attendee.last_name, Attendee.email)
    names = [or_(*(begins(column, word) for column in columns)) for word in words.split()]
    of_people = select(_Found.id).join(Attendee, Attendee.id == _Found.attendee_id).where(and_(*names))
    # Two statements, not one with OR: each finds its rows in an index.
    return Booking.id.in_(union(of_code, of_people))


def _ordering(filters: Mapping[str, Any]) -> Ordering:
    """Return how the list is sorted. Ids rise with time, and most indexes of bookings end with the id; that of dates begins with them."""
    name = filters.get("ordering") or "-booking_date"
    descending = name.startswith("-")
    if filters.get("date_from") is not None or filters.get("date_to") is not None:
        return Ordering(f"{name} in time", Booking.created_at, Booking.id, descending=descending)
    return Ordering(name, Booking.id, Booking.id, descending=descending)


def _named() -> AnySelect:
    """Return the statement for a booking with the names of its event, of who comes and of who booked."""
    return (
        select(
            Booking.id, Booking.code, Booking.event_id, Booking.user_id, Booking.attendee_id, Booking.quantity,
            Booking.total_amount, Booking.currency, Booking.status, Booking.expires_at, Booking.created_at,
            Event.title, Event.timezone, Event.organizer_id, User.username,
            Attendee.first_name, Attendee.last_name, Attendee.email,
        )
        .join(Event, Event.id == Booking.event_id)
        .join(User, User.id == Booking.user_id)
        .outerjoin(Attendee, Attendee.id == Booking.attendee_id)
    )  # fmt: skip


def _represent(row: AnyRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "code": row.code,
        "event_id": row.event_id,
        "event": row.title,
        "timezone": row.timezone,
        "organizer_id": row.organizer_id,
        "user_id": row.user_id,
        "user": row.username,
        "attendee_id": row.attendee_id,
        "attendee": None if row.attendee_id is None else f"{row.first_name} {row.last_name}".strip(),
        "email": row.email,
        "quantity": row.quantity,
        "total_amount": None if row.total_amount is None else as_text(row.total_amount, row.currency),
        "currency": row.currency,
        "status": row.status,
        "expires_at": row.expires_at,
        "booking_date": row.created_at,
    }
