"""Reading waiting lists: a fixed number of statements however many wait."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Float, Select, case, cast, func, select, tuple_
from sqlalchemy.orm import Session
from turnout.events.models import Event
from turnout.events.services import EventService
from turnout.plugin import Actor, NotFound, Ordering, Paging, Slice, Versioned, fetch
from turnout.ticket_types.models import TicketType
from turnout.users.models import User

from turnout_waitlist.models import ACCEPTED, ACTIVE, STATUSES, WAITING, WaitlistEntry

IN_LINE = Ordering("in_line", WaitlistEntry.rank, WaitlistEntry.id)
NEWEST_FIRST = Ordering("-id", WaitlistEntry.id, WaitlistEntry.id, descending=True)


class WaitlistCatalog:
    """Shows entries to whoever waits, to the event's organizer and to staff."""

    def __init__(self, session: Session, events: EventService) -> None:
        self.session = session
        self.events = events

    def mine(self, event_id: int, *, actor: Actor) -> Versioned:
        """Return the actor's latest entry of an event's list, with their place in line. Raises `NotFound`."""
        mine = _shown().where(WaitlistEntry.event_id == event_id, WaitlistEntry.user_id == actor.user_id)
        return self._with_position(self.session.execute(mine.order_by(WaitlistEntry.id.desc()).limit(1)).first())

    def entry(self, entry_id: int) -> Versioned | None:
        """Return an entry as whoever waits sees it, with their place in line; None where there is none any more."""
        row = self.session.execute(_shown().where(WaitlistEntry.id == entry_id)).first()
        return None if row is None else self._with_position(row)

    def find(self, event_id: int, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        """Return the entries of one's own event, in the order of the line. Raises `NotFound`, `Denied`."""
        self.events.for_change(event_id, actor=actor)
        query = select().select_from(WaitlistEntry).where(WaitlistEntry.event_id == event_id)
        if filters.get("status") is not None:
            query = query.where(WaitlistEntry.status == filters["status"])
        return fetch(self.session, query, IN_LINE, paging, shown=_shown()).shown(_represent_whole)

    def get(self, event_id: int, entry_id: int, *, actor: Actor) -> Versioned:
        """Return an entry of one's own event. Raises `NotFound`, `Denied`."""
        self.events.for_change(event_id, actor=actor)
        which = (WaitlistEntry.id == entry_id, WaitlistEntry.event_id == event_id)
        row = self.session.execute(_shown().where(*which)).first()
        if row is None:
            raise NotFound("There is no such entry of this waiting list.")
        return _represent_whole(row)

    def everywhere(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        """Return the entries of one's own events, for staff of all, the newest first; those of one `event` if it is given."""
        query = select().select_from(WaitlistEntry)
        if not actor.is_staff:
            query = query.join(Event, Event.id == WaitlistEntry.event_id).where(
                Event.organizer_id == (actor.user_id or 0)
            )
        for name, column in (("event", WaitlistEntry.event_id), ("status", WaitlistEntry.status)):
            if filters.get(name) is not None:
                query = query.where(column == filters[name])
        return fetch(self.session, query, NEWEST_FIRST, paging, shown=_shown()).shown(_represent_whole)

    def one(self, entry_id: int, *, actor: Actor) -> Versioned:
        """Return an entry. Raises `NotFound`, also for one of somebody else's event."""
        row = self.session.execute(_shown().where(WaitlistEntry.id == entry_id)).first()
        if row is None or not actor.owns(row.organizer_id):
            raise NotFound("There is no such entry.")
        return _represent_whole(row)

    def first_in_line(self, event_id: int, most: int) -> Sequence[Versioned]:
        """Return who waits for an event, `most` at most, in order."""
        waiting = _shown().where(WaitlistEntry.event_id == event_id, WaitlistEntry.status == WAITING)
        rows = self.session.execute(waiting.order_by(WaitlistEntry.rank, WaitlistEntry.id).limit(most))
        return [_represent_whole(row) for row in rows]

    def organizer_of(self, event_id: int) -> int | None:
        """Return whose event it is."""
        return self.session.scalar(select(Event.organizer_id).where(Event.id == event_id))

    def statistics(self, event_id: int, *, actor: Actor) -> dict[str, Any]:
        """Return how an event's list did, for its organizer and staff. Raises `NotFound`, `Denied`."""
        self.events.for_change(event_id, actor=actor)
        waited = self._seconds(WaitlistEntry.created_at, WaitlistEntry.offered_at)
        decided = self._seconds(WaitlistEntry.offered_at, WaitlistEntry.decided_at)
        is_offer = WaitlistEntry.offered_at.is_not(None)
        has_accepted = WaitlistEntry.status == ACCEPTED
        query = select(
            WaitlistEntry.status,
            func.count().label("entries"),
            func.sum(case((is_offer & WaitlistEntry.decided_at.is_not(None), 1), else_=0)).label("decided"),
            func.count(WaitlistEntry.offered_at).label("offers"),
            func.sum(case((is_offer, waited))).label("waited"),
            func.max(case((is_offer, waited))).label("longest"),
            func.avg(case((has_accepted, decided))).label("to_accept"),
        ).where(WaitlistEntry.event_id == event_id)
        rows = {row.status: row for row in self.session.execute(query.group_by(WaitlistEntry.status))}
        offers, over = (sum(int(getattr(row, name) or 0) for row in rows.values()) for name in ("offers", "decided"))
        accepted = int(rows[ACCEPTED].entries) if ACCEPTED in rows else 0
        waits = sum(float(row.waited or 0) for row in rows.values())
        return {
            "counts": {status: int(rows[status].entries) if status in rows else 0 for status in STATUSES},
            "offers": offers,
            "acceptance_rate": f"{accepted / over:.2f}" if over else None,
            "mean_wait_seconds": round(waits / offers) if offers else None,
            "longest_wait_seconds": _whole(
                max((row.longest for row in rows.values() if row.longest is not None), default=None)
            ),
            "mean_seconds_to_accept": _whole(rows[ACCEPTED].to_accept) if ACCEPTED in rows else None,
        }

    def _with_position(self, row: Any) -> Versioned:
        if row is None:
            raise NotFound("You are not on this waiting list.")
        position = None
        if row.status == WAITING:
            turn, here = tuple_(WaitlistEntry.rank, WaitlistEntry.id), tuple_(row.rank, row.id)
            ahead = (WaitlistEntry.event_id == row.event_id, WaitlistEntry.status == WAITING, turn <= here)
            position = self.session.scalar(select(func.count()).select_from(WaitlistEntry).where(*ahead))
        return Versioned(_represent(row) | {"position": position}, row.version)

    def _seconds(self, start: Any, end: Any) -> ColumnElement[float]:
        if self.session.get_bind().dialect.name == "sqlite":
            return cast((func.julianday(end) - func.julianday(start)) * 86_400, Float)
        return cast(func.extract("epoch", end - start), Float)


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else round(float(seconds))


def _shown() -> Select[*tuple[Any, ...]]:
    return (
        select(
            *WaitlistEntry.__table__.columns, Event.title, Event.timezone, Event.organizer_id,
            TicketType.name.label("ticket_type"), User.username, User.first_name, User.last_name, User.email,
        )
        .join(Event, Event.id == WaitlistEntry.event_id)
        .join(User, User.id == WaitlistEntry.user_id)
        .outerjoin(TicketType, TicketType.id == WaitlistEntry.ticket_type_id)
    )  # fmt: skip


def _represent(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "event_id": row.event_id,
        "ticket_type_id": row.ticket_type_id,
        "ticket_type": row.ticket_type,
        "quantity": row.quantity,
        "status": row.status,
        "reason": row.reason,
        "offered_at": row.offered_at,
        "offer_expires_at": row.offer_expires_at,
        "decided_at": row.decided_at,
        "booking_id": row.booking_id,
        "created_at": row.created_at,
    }


def _represent_whole(row: Any) -> Versioned:
    """Return an entry as organizers and staff see it."""
    return Versioned(
        _represent(row)
        | {
            "user": {
                "id": row.user_id,
                "name": f"{row.first_name} {row.last_name}".strip() or row.username,
                "email": row.email,
            },
            "priority": row.priority,
            "saved": row.held if row.status == WAITING else 0,
            "passed_over": row.passed_over,
            "is_active": row.status in ACTIVE,
            "event": row.title,
            "timezone": row.timezone,
            "organizer_id": row.organizer_id,
        },
        row.version,
    )
