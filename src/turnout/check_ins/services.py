"""What can be done at the door: let people in, take that back, see who is expected."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, String, exists, func, literal, or_, select, update
from sqlalchemy.orm import Session

from turnout.attendees.models import Attendee
from turnout.bookings.models import CANCELLED, CONFIRMED, VALID, Booking, Ticket
from turnout.check_ins.errors import AlreadyCheckedIn
from turnout.check_ins.hooks import CheckInUndone, TicketCheckedIn, TicketEvent
from turnout.clock import Clock
from turnout.db import AnyRow, AnySelect
from turnout.errors import DomainError, NotFound
from turnout.events.errors import WrongEventStatus
from turnout.events.models import PUBLISHED, Event
from turnout.events.services import EventService
from turnout.filters import begins
from turnout.injection import Announce
from turnout.paging import Ordering, Paging, Slice, fetch
from turnout.security.actors import Actor
from turnout.ticket_types.models import TicketType
from turnout.tickets.errors import NotConfirmed, TicketCancelled

_ATTENDEE = func.trim(Attendee.first_name + " " + Attendee.last_name, type_=String())
_NAME = func.coalesce(func.nullif(Ticket.holder_name, "", type_=String()), _ATTENDEE)
_NOT_IN = literal(datetime(1970, 1, 1, tzinfo=UTC), Ticket.checked_in_at.type)
_ORDERED_BY: Mapping[str, ColumnElement[Any]] = {
    "name": func.lower(_NAME, type_=String()),
    "checked_in_at": func.coalesce(Ticket.checked_in_at, _NOT_IN),
}
ORDERINGS = {
    sign + name: Ordering(sign + name, column, Ticket.id, descending=bool(sign))
    for name, column in _ORDERED_BY.items()
    for sign in ("", "-")
}
_SHOWN: AnySelect = (
    select(
        Ticket.id, Ticket.status, Ticket.checked_in_at, Ticket.checked_in_by_id, Ticket.ticket_type_id,
        TicketType.name.label("type_name"), Booking.id.label("booking_id"), Booking.code, Booking.event_id,
        Booking.status.label("booking_status"), _NAME.label("name"), _ATTENDEE.label("attendee_name"),
    )
    .select_from(Ticket)
    .join(Booking, Booking.id == Ticket.booking_id)
    # Outer, so that whoever only counts does without them; each ticket has both.
    .outerjoin(Attendee, Attendee.id == Booking.attendee_id)
    .outerjoin(TicketType, TicketType.id == Ticket.ticket_type_id)
)  # fmt: skip
_EXPECTED = (Booking.status == CONFIRMED, Ticket.status == VALID)


class CheckInService:
    """Checks tickets in, for the organizer of their event and staff.

    At any time: doors open early, and lists on paper are typed in afterwards. But only while the event is published.
    """

    def __init__(self, session: Session, clock: Clock, announce: Announce, events: EventService) -> None:
        self.session = session
        self.clock = clock
        self.announce = announce
        self.events = events

    def check_in(self, event_id: int, ticket: str | int, *, actor: Actor) -> dict[str, Any]:
        """Let somebody in with a ticket, named by its secret or its id; return it as `find` does.

        Raises `NotFound`, also for a ticket of another event, `Denied`, `AlreadyCheckedIn`, `TicketCancelled`,
        `NotConfirmed` and `WrongEventStatus`.
        """
        event = self.events.for_change(event_id, actor=actor)
        which = Ticket.secret == ticket if isinstance(ticket, str) else Ticket.id == ticket
        # The booking is locked, shared with other doors: whoever cancels it comes before this, or after and then sees it.
        found = self._read(event_id, which, is_locked=True)
        is_confirmed = exists().where(Booking.id == Ticket.booking_id, Booking.status == CONFIRMED)
        is_held = exists().where(Event.id == event_id, Event.status == PUBLISHED)
        guards = (Ticket.checked_in_at.is_(None), Ticket.status == VALID, is_confirmed, is_held)
        values = {"checked_in_at": self.clock.now(), "checked_in_by_id": actor.user_id}
        if not self._move(found.id, guards, values):
            self.session.refresh(event)
            raise _refusal(self._read(event_id, which), event.status)
        self._announce(TicketCheckedIn, found, actor)
        return _represent(found) | values

    def undo(self, event_id: int, ticket_id: int, *, actor: Actor) -> dict[str, Any]:
        """Take a check-in back, so that the ticket is good again; where there is none, nothing happens.

        Raises `NotFound`, `Denied`.
        """
        self.events.for_change(event_id, actor=actor)
        found = self._read(event_id, Ticket.id == ticket_id)
        values = {"checked_in_at": None, "checked_in_by_id": None}
        if self._move(ticket_id, (Ticket.checked_in_at.is_not(None),), values):
            self._announce(CheckInUndone, found, actor)
        return _represent(found) | values

    def get(self, event_id: int, ticket_id: int, *, actor: Actor) -> dict[str, Any]:
        """Return a ticket as the door sees it. Raises `NotFound`, `Denied`."""
        self.events.for_change(event_id, actor=actor)
        return _represent(self._read(event_id, Ticket.id == ticket_id))

    def find(
        self, event_id: int, filters: Mapping[str, Any], paging: Paging, *, actor: Actor
    ) -> tuple[Slice, dict[str, int]]:
        """Return who is expected at an event (see `CheckInQuery`), and how many in all are expected and are in.

        Raises `NotFound`, `Denied`.
        """
        self.events.for_change(event_id, actor=actor)
        query = _SHOWN.where(Booking.event_id == event_id, *_EXPECTED)
        if filters.get("checked_in") is not None:
            is_in = Ticket.checked_in_at.is_not(None)
            query = query.where(is_in if filters["checked_in"] else ~is_in)
        if filters.get("search") is not None:
            query = query.where(_matches(filters["search"]))
        found = fetch(self.session, query, ORDERINGS[filters.get("ordering", "name")], paging)
        rows = [_represent(row) for row in found.rows]
        counts = self.counts(event_id, actor=actor)
        return Slice(found.count, found.is_exact, rows, found.has_next, found.next_cursor), counts

    def counts(self, event_id: int, *, actor: Actor) -> dict[str, int]:
        """Return how many are ``expected`` at an event, and how many of them are ``checked_in``.

        Raises `NotFound`, `Denied`.
        """
        self.events.for_change(event_id, actor=actor)
        query = (
            select(func.count().label("expected"), func.count(Ticket.checked_in_at).label("checked_in"))
            .select_from(Ticket)
            .join(Booking, Booking.id == Ticket.booking_id)
            .where(Booking.event_id == event_id, *_EXPECTED)
        )
        return dict(self.session.execute(query).one()._mapping)  # noqa: SLF001 - public, in spite of its name

    def forget(self, user_ids: Sequence[int]) -> None:
        """Forget whom these users let in, before they are deleted; who is in stays in."""
        self.session.execute(
            update(Ticket)
            .where(Ticket.checked_in_by_id.in_(user_ids))
            .values(checked_in_by_id=None)
            .execution_options(synchronize_session=False)
        )

    def _read(self, event_id: int, which: ColumnElement[bool], *, is_locked: bool = False) -> AnyRow:
        query = _SHOWN.where(which, Booking.event_id == event_id)
        row = self.session.execute(query.with_for_update(read=True, of=Booking) if is_locked else query).first()
        if row is None:
            raise NotFound("This is no ticket of this event.")
        return row

    def _move(self, ticket_id: int, guards: Sequence[ColumnElement[bool]], values: Mapping[str, Any]) -> bool:
        """Do a transition if the guards hold in the statement itself; tell whether it was done now."""
        moved: Any = self.session.execute(
            update(Ticket)
            .where(Ticket.id == ticket_id, *guards)
            .values(**values)
            .execution_options(synchronize_session=False)
        )
        return bool(moved.rowcount)

    def _announce(self, kind: type[TicketEvent], row: AnyRow, actor: Actor) -> None:
        self.announce(kind(row.id, row.booking_id, row.event_id, actor.user_id))


def _matches(text: str) -> ColumnElement[bool]:
    """Return the condition that `text` begins a word of a name, or the booking's code.

    No index is for it: it is asked only of one event's tickets.
    """
    names = (Ticket.holder_name, Attendee.first_name + " " + Attendee.last_name)
    return or_(begins(Booking.code, text), *((" " + name).icontains(" " + text, autoescape=True) for name in names))


def _refusal(row: AnyRow, event_status: str) -> DomainError:
    """Return why a ticket lets nobody in."""
    if event_status != PUBLISHED:
        return WrongEventStatus(f"The event is {event_status}; nobody is let in.", status_now=event_status)
    shown = _represent(row)
    if row.status == CANCELLED:
        return TicketCancelled(ticket=shown)
    if row.booking_status != CONFIRMED:
        detail = f"The booking is {row.booking_status}; it lets nobody in."
        return NotConfirmed(detail, status_now=row.booking_status, ticket=shown)
    return AlreadyCheckedIn(checked_in_at=row.checked_in_at, ticket=shown)


def _represent(row: AnyRow) -> dict[str, Any]:
    return {
        "ticket_id": row.id,
        "event_id": row.event_id,
        "booking_id": row.booking_id,
        "booking_code": row.code,
        "booking_status": row.booking_status,
        "ticket_type": {"id": row.ticket_type_id, "name": row.type_name},
        "name": row.name,
        "attendee_name": row.attendee_name,
        "checked_in_at": row.checked_in_at,
        "checked_in_by_id": row.checked_in_by_id,
    }
