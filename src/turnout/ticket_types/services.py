"""What can be done with ticket types.

Whoever changes one comes with an event of their own that they have locked (`EventService.locked`): claims wait meanwhile,
and those that were priced before do not hold.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from turnout.clock import Clock
from turnout.db import AnyRow, AnySelect
from turnout.errors import Conflict, InUse, Invalid, NotFound
from turnout.events.hooks import OfferChanged
from turnout.events.models import Event
from turnout.injection import Announce
from turnout.money import as_text, require_payable
from turnout.paging import Ordering, Paging, Slice, fetch
from turnout.pools.errors import CapacityBelowTaken
from turnout.pools.models import Pool
from turnout.pools.services import PoolService, places_left
from turnout.security.actors import Actor
from turnout.ticket_types.errors import LastTicketType, TicketTypeExists
from turnout.ticket_types.models import TicketType
from turnout.versions import Versioned, require_version

DEFAULT_NAME = "General admission"
MOST = 50
NEWEST_FIRST = Ordering("-id", TicketType.id, TicketType.id, descending=True)


class TicketTypeService:
    """Adds, changes and removes an event's ticket types, and keeps the event's lowest price."""

    def __init__(self, session: Session, clock: Clock, announce: Announce, pools: PoolService) -> None:
        self.session = session
        self.clock = clock
        self.announce = announce
        self.pools = pools

    def add(self, event: Event, new: Mapping[str, Any]) -> TicketType:
        """Add a ticket type. Raises `TicketTypeExists`, `Invalid`."""
        kind = self._add(event, new)
        self.announce(OfferChanged(event.id))
        return kind

    def _add(self, event: Event, new: Mapping[str, Any]) -> TicketType:
        values = dict(new)
        capacity = values.pop("capacity", None)
        now = self.clock.now()
        kind = TicketType(event_id=event.id, **values, created_at=now, updated_at=now)
        _require_sound(kind, event)
        if self._count(event) >= MOST:
            raise Invalid({"name": f"cannot be added: an event has at most {MOST} ticket types"})
        if capacity is not None:
            kind.pool_id = self.pools.open(capacity).id
        self.session.add(kind)
        self._flush(kind)
        self._keep_price(event)
        return kind

    def change(
        self, event: Event, type_id: int, changes: Mapping[str, Any], *, expected: Collection[int] | None = None
    ) -> TicketType:
        """Change a ticket type. Raises `NotFound`, `VersionMismatch`, `CapacityBelowTaken`, `TicketTypeExists`."""
        kind = self.get(event.id, type_id)
        require_version(kind.version, expected)
        self._change(event, kind, changes)
        self.announce(OfferChanged(event.id))
        return kind

    def _change(self, event: Event, kind: TicketType, changes: Mapping[str, Any]) -> None:
        values = dict(changes)
        if "capacity" in values:
            self._limit(kind, values.pop("capacity"))
        for name, value in values.items():
            setattr(kind, name, value)
        _require_sound(kind, event)
        kind.updated_at = self.clock.now()
        self._flush(kind)
        self._keep_price(event)

    def _limit(self, kind: TicketType, capacity: int | None) -> None:
        """Give a type a limit, another one, or none.

        Its tickets are counted once, when it gets its first limit. Nobody can claim meanwhile, because the event's pool
        is locked, and a claim that was priced before finds the pool's revision changed.
        """
        if kind.pool_id is not None:
            self.pools.resize(kind.pool_id, capacity)
        elif capacity is not None:
            sold = self.session.scalar(_SOLD, {"type_id": kind.id}) or 0
            pool = self.pools.open(None, taken=sold)
            self.pools.resize(pool.id, capacity)
            kind.pool_id = pool.id

    def remove(self, event: Event, type_id: int, *, expected: Collection[int] | None = None) -> None:
        """Remove a ticket type that was never sold. Raises `NotFound`, `InUse`, `LastTicketType`, `VersionMismatch`."""
        kind = self.get(event.id, type_id)
        require_version(kind.version, expected)
        if self._count(event) == 1:
            raise LastTicketType("This is the event's only ticket type; add another one first.")
        self._remove(event, kind)
        self.announce(OfferChanged(event.id))

    def _remove(self, event: Event, kind: TicketType) -> None:
        pool = self.session.get(Pool, kind.pool_id) if kind.pool_id is not None else None
        try:
            self.session.delete(kind)
            self.session.flush()
        except IntegrityError:
            raise InUse("Tickets of this type were sold; end its sale instead.") from None
        if pool is not None:
            self.session.delete(pool)
        self._keep_price(event)

    def settle(self, event: Event, wanted: Sequence[Mapping[str, Any]]) -> None:
        """Let the event have these ticket types and no others: one with an ``id`` is changed, one without is new.

        Raises what `add`, `change` and `remove` raise, naming entries: ``ticket_types[2].price``. One that cannot be
        removed comes after those wanted; the error's ``needed`` has its id.
        """
        if not wanted:
            raise Invalid({"ticket_types": "must have one entry at least"})
        known = {kind["id"]: kind for kind in self.of_events([event.id])[event.id]}
        kept = {entry.get("id") for entry in wanted}
        for type_id in known.keys() - kept:
            with _of_entry(len(wanted), needed=type_id):
                self._remove(event, self.get(event.id, type_id))
        for place, entry in enumerate(wanted):
            type_id = entry.get("id")
            values = {name: value for name, value in entry.items() if name != "id"}
            with _of_entry(place):
                if type_id is None:
                    self._add(event, values)
                elif type_id in (one.get("id") for one in wanted[:place]):
                    raise Invalid({"name": "is of a ticket type that is there twice"})
                elif type_id not in known:
                    raise Invalid({"name": "is of a ticket type that is not there any more"})
                elif any(_differ(known[type_id][name], value) for name, value in values.items()):
                    self._change(event, self.get(event.id, type_id), values)

    def get(self, event_id: int, type_id: int) -> TicketType:
        """Return a ticket type of the event. Raises `NotFound`."""
        kind = self.session.get(TicketType, type_id)
        if kind is None or kind.event_id != event_id:
            raise NotFound("The event has no such ticket type.")
        return kind

    def of_events(self, event_ids: Iterable[int]) -> dict[int, list[Versioned]]:
        """Return what is shown of the ticket types of each event, in one statement."""
        query = _shown().where(TicketType.event_id.in_(list(event_ids))).order_by(TicketType.event_id, TicketType.id)
        found: dict[int, list[Versioned]] = defaultdict(list)
        for row in self.session.execute(query):
            found[row.event_id].append(Versioned(represent(row), row.version))
        return found

    def view(self, event_id: int, type_id: int) -> Versioned:
        """Return what is shown of one ticket type. Raises `NotFound`."""
        kind = self.get(event_id, type_id)
        return next(shown for shown in self.of_events([event_id])[event_id] if shown["id"] == kind.id)

    def find(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        """Return ticket types with their events: of one's own, for staff of all; those of one ``event`` if it is given."""
        query = select().select_from(TicketType)
        if filters.get("event") is not None:
            query = query.where(TicketType.event_id == filters["event"])
        if not actor.is_staff:
            query = query.join(Event, Event.id == TicketType.event_id).where(Event.organizer_id == (actor.user_id or 0))
        return fetch(self.session, query, NEWEST_FIRST, paging, shown=_shown()).shown(_with_event)

    def one(self, type_id: int, *, actor: Actor) -> Versioned:
        """Return a ticket type with its event. Raises `NotFound`, also for one of somebody else's event."""
        row = self.session.execute(_shown().where(TicketType.id == type_id)).first()
        if row is None or not actor.owns(row.organizer_id):
            raise NotFound("There is no such ticket type.")
        return _with_event(row)

    def _count(self, event: Event) -> int:
        return self.session.scalar(select(func.count()).where(TicketType.event_id == event.id)) or 0

    def _flush(self, kind: TicketType) -> None:
        name = kind.name  # cannot be read any more once the flush has failed
        try:
            self.session.flush()
        except IntegrityError:
            raise TicketTypeExists(f"The event has a ticket type named {name!r} already.") from None

    def _keep_price(self, event: Event) -> None:
        lowest = self.session.scalar(select(func.min(TicketType.price)).where(TicketType.event_id == event.id))
        if event.price != lowest:
            event.price = lowest or Decimal(0)
            self.session.flush()


_SOLD = text("""
    SELECT count(*) FROM tickets JOIN bookings ON bookings.id = tickets.booking_id
    WHERE tickets.ticket_type_id = :type_id AND tickets.status = 'valid' AND bookings.status IN ('pending', 'confirmed')
""")


def _shown() -> AnySelect:
    own, events = Pool.__table__.alias("own"), Pool.__table__.alias("whole")
    return (
        select(
            TicketType.id, TicketType.event_id, TicketType.name, TicketType.description, TicketType.price, Event.currency,
            own.c.capacity, own.c.taken, events.c.capacity.label("event_capacity"), events.c.taken.label("event_taken"),
            TicketType.sale_starts_at, TicketType.sale_ends_at, TicketType.min_per_booking, TicketType.max_per_booking,
            TicketType.version, Event.title, Event.timezone, Event.organizer_id,
        )
        .join(Event, Event.id == TicketType.event_id)
        .join(events, events.c.id == Event.pool_id)
        .outerjoin(own, own.c.id == TicketType.pool_id)
    )  # fmt: skip


def _with_event(row: AnyRow) -> Versioned:
    event = {"id": row.event_id, "title": row.title, "organizer_id": row.organizer_id}
    return Versioned(represent(row) | {"event": event, "timezone": row.timezone}, row.version)


def _differ(now: Any, wanted: Any) -> bool:
    return bool(Decimal(now) != wanted if isinstance(wanted, Decimal) else now != wanted)


@contextmanager
def _of_entry(place: int, *, needed: int | None = None) -> Iterator[None]:
    """Let what is refused name an event's ticket type by its place."""
    entry = f"ticket_types[{place}]"
    try:
        yield
    except Invalid as error:
        raise Invalid([(f"{entry}.{field}", message) for field, message in error.errors]) from None
    except Conflict as error:
        match error:
            case TicketTypeExists():
                said = {"field": f"{entry}.name", "message": "is that of another ticket type"}
            case CapacityBelowTaken():
                taken = error.facts["taken"]
                said = {"field": f"{entry}.capacity", "message": f"is below the {taken} that are taken"}
            case _:
                said = {"field": entry, "message": "cannot be removed: tickets were sold; end its sale instead"}
        error.facts = {**error.facts, "errors": [said]}
        if needed is not None:
            error.facts |= {"needed": {"ticket_types": needed}}
        raise


def represent(row: AnyRow) -> dict[str, Any]:
    """Return what is shown of a ticket type: the scarcer of its own places and the event's."""
    own = None if row.capacity is None else places_left(row.capacity, row.taken)
    whole = places_left(row.event_capacity, row.event_taken)
    left = min((left for left in (own, whole) if left is not None), default=None)
    return {
        "id": row.id,
        "event_id": row.event_id,
        "name": row.name,
        "description": row.description,
        "price": as_text(row.price, row.currency),
        "currency": row.currency,
        "capacity": row.capacity,
        "seats_taken": row.taken if row.capacity is not None else None,
        "seats_available": left,
        "is_sold_out": left == 0,
        "sale_starts_at": row.sale_starts_at,
        "sale_ends_at": row.sale_ends_at,
        "min_per_booking": row.min_per_booking,
        "max_per_booking": row.max_per_booking,
    }


def _require_sound(kind: TicketType, event: Event) -> None:
    require_payable(kind.price, event.currency, "price")
    problems = {}
    if kind.sale_starts_at and kind.sale_ends_at and kind.sale_ends_at <= kind.sale_starts_at:
        problems["sale_ends_at"] = "must be after the sale starts"
    if kind.max_per_booking is not None and kind.max_per_booking < (kind.min_per_booking or 1):
        problems["max_per_booking"] = "must not be below min_per_booking"
    if problems:
        raise Invalid(problems)
