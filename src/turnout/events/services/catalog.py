"""Reading events: lists, details and availability, in a fixed number of statements."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, column, exists, false, func, literal, literal_column, or_, select, table, text
from sqlalchemy.orm import Session

from turnout.clock import Clock
from turnout.db import AnyRow, AnySelect
from turnout.errors import Invalid, NotFound
from turnout.events.extensions import EventExtensions, both_ways
from turnout.events.models import DRAFT, ORDERINGS, PUBLISHED, Event, event_tags
from turnout.events.switches import EventSwitches
from turnout.images.services import ImageAddresses
from turnout.money import as_text
from turnout.paging import Ordering, Paging, Slice, fetch
from turnout.pools.models import Pool
from turnout.pools.services import places_left
from turnout.security.actors import Actor
from turnout.taxonomy.models import Category, Tag
from turnout.ticket_types.models import TicketType
from turnout.ticket_types.services import TicketTypeService
from turnout.users.models import User
from turnout.venues.models import Venue
from turnout.versions import Versioned

FEW = 0.1
"""The share of an event's places that is few."""

_INDEX = table("events_search", column("rowid", Event.id.type))


def _shown() -> AnySelect:
    """Return the statement for everything that an event shows and that is one row."""
    return (
        select(
            Event.id, Event.title, Event.description, Event.starts_at, Event.ends_at, Event.timezone, Event.venue_id,
            Event.location, Event.country, Event.price, Event.currency, Event.max_tickets_per_booking,
            Event.bookings_per_attendee, Event.reminder_hours, Event.status, Event.image_url, Event.is_bookable, Event.tickets_url, Event.switches, Event.created_at,
            Event.updated_at, Event.version, Event.organizer_id, Pool.capacity, Pool.taken,
            User.username, User.first_name, User.last_name,
            Venue.name.label("venue_name"), Venue.address.label("venue_address"), Venue.city.label("venue_city"),
            Venue.country.label("venue_country"), Venue.capacity.label("venue_capacity"),
            Venue.timezone.label("venue_timezone"),
            Category.id.label("category_id"), Category.name.label("category_name"), Category.slug.label("category_slug"),
        )
        .join(Pool, Pool.id == Event.pool_id)
        .join(User, User.id == Event.organizer_id)
        .outerjoin(Venue, Venue.id == Event.venue_id)
        .outerjoin(Category, Category.id == Event.category_id)
    )  # fmt: skip


class EventCatalog:
    """Shows events to whoever may see them."""

    def __init__(
        self,
        session: Session,
        clock: Clock,
        ticket_types: TicketTypeService,
        switches: EventSwitches,
        extensions: EventExtensions,
        images: ImageAddresses,
    ) -> None:
        self.session = session
        self.clock = clock
        self.ticket_types = ticket_types
        self.switches = switches
        self.extensions = extensions
        self.images = images

    def find(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        """Return the events that match, as they are shown, four statements however many they are.

        A status of None is any: of all events for staff, of their own for others.
        """
        query = select().select_from(Event).where(*self._conditions(filters, actor))
        query, ordering = self._ordered(query, filters["ordering"])
        found = fetch(self.session, query, ordering, paging, shown=_shown())
        return Slice(found.count, found.is_exact, self._represent(found.rows), found.has_next, found.next_cursor)

    def get(self, event_id: int, *, actor: Actor) -> Versioned:
        """Return what is shown of an event. Raises `NotFound`, also for a draft that is not the actor's to see."""
        row = self.session.execute(_shown().where(Event.id == event_id)).first()
        if row is None or (row.status == DRAFT and not actor.owns(row.organizer_id)):
            raise NotFound("There is no such event.")
        return Versioned(self._represent([row])[0], row.version)

    def nearly_full(self, most: int, *, actor: Actor) -> list[dict[str, Any]]:
        """Return the next events, `most` at most, that few places are left of: of one's own, for staff of all."""
        few = (Pool.capacity - Pool.taken).between(1, Pool.capacity * FEW)
        query = (
            select(Event.id, Event.starts_at)
            .join(Pool, Pool.id == Event.pool_id)
            .where(_has_status(PUBLISHED), Event.starts_at > self.clock.now(), few)
        )
        if not actor.is_staff:
            query = query.where(Event.organizer_id == (actor.user_id or 0))
        part = query.order_by(Event.starts_at, Event.id).limit(most).subquery("part")
        shown = _shown().join(part, part.c.id == Event.id).order_by(part.c.starts_at, part.c.id)
        return self._represent(self.session.execute(shown))

    def _ordered(self, query: AnySelect, spelled: str) -> tuple[AnySelect, Ordering]:
        name, descending = spelled.removeprefix("-"), spelled.startswith("-")
        if name in ORDERINGS:
            return query, Ordering(spelled, getattr(Event, name), Event.id, descending=descending)
        added = self.extensions.orderings
        if name not in added:
            raise Invalid({"ordering": f"must be one of: {', '.join(both_ways(ORDERINGS, added))}"})
        table, column, event_id = added[name].table, added[name].column, added[name].event_id
        query = query.join(table, event_id == Event.id).where(self.extensions.sorted_events(name))
        return query, Ordering(spelled, column, Event.id, descending=descending)

    def availability(self, event_id: int, *, actor: Actor) -> dict[str, Any]:
        """Return how many places are left, from the counters. Raises `NotFound`."""
        query = select(Event.status, Event.organizer_id, Pool.capacity, Pool.taken).join(Pool, Pool.id == Event.pool_id)
        row = self.session.execute(query.where(Event.id == event_id)).first()
        if row is None or (row.status == DRAFT and not actor.owns(row.organizer_id)):
            raise NotFound("There is no such event.")
        kinds = self.ticket_types.of_events([event_id])[event_id]
        return {"event_id": event_id} | _places(row, kinds) | {"ticket_types": kinds}

    def _conditions(self, filters: Mapping[str, Any], actor: Actor) -> list[ColumnElement[bool]]:
        """Return what the filters say. Each has an index that holds the ordering too (see models)."""
        now = self.clock.now()
        status = filters["status"]
        conditions: list[ColumnElement[bool]] = [] if status is None else [_has_status(status)]
        if status in {None, DRAFT} and not actor.is_staff:
            conditions.append(Event.organizer_id == (actor.user_id or 0))
        simple: tuple[tuple[str, Any], ...] = (
            ("date_from", lambda value: Event.starts_at >= value),
            ("date_to", lambda value: Event.starts_at <= value),
            ("venue", lambda value: Event.venue_id == value),
            ("country", lambda value: Event.country == value),
            ("organizer", lambda value: Event.organizer_id == value),
            ("min_price", lambda value: Event.price >= value),
            ("max_price", lambda value: Event.price <= value),
            ("category", lambda value: Event.category_id == _category(value)),
            ("tags", _has_any_tag),
            ("search", self._search),
            ("location", self._at),
        )
        conditions.extend(condition(filters[name]) for name, condition in simple if filters[name] is not None)
        if filters["upcoming_only"]:
            conditions.append(Event.starts_at > now)
        if filters["available_only"]:
            conditions.append(_has_places(Event.pool_id))
            conditions.append(
                exists().where(
                    TicketType.event_id == Event.id, or_(TicketType.pool_id.is_(None), _has_places(TicketType.pool_id))
                )
            )
        return conditions

    def _search(self, words: str) -> ColumnElement[bool]:
        if self.session.get_bind().dialect.name == "postgresql":
            return literal_column("events.search_vector").op("@@")(func.websearch_to_tsquery(text("'english'"), words))
        found = _words(words)
        return _in_index(" ".join(f'"{word}"' for word in found)) if found else false()

    def _at(self, words: str) -> ColumnElement[bool]:
        found = _words(words)
        if not found:
            return false()
        if self.session.get_bind().dialect.name == "postgresql":
            query = " & ".join(f"{word}:*" for word in found)
            return literal_column("events.place_vector").op("@@")(func.to_tsquery(text("'simple'"), query))
        return _in_index(" ".join(f'place : "{word}"*' for word in found))

    def _represent(self, rows: Iterable[AnyRow]) -> list[dict[str, Any]]:
        rows = list(rows)
        event_ids = [row.id for row in rows]
        kinds = self.ticket_types.of_events(event_ids) if rows else {}
        tags = self._tags(event_ids) if rows else {}
        added = self.extensions.read({row.id: row.switches for row in rows})
        now = self.clock.now()
        return [
            _represent(
                row,
                kinds.get(row.id, []),
                tags.get(row.id, []),
                self.images.address(row.image_url),
                {"plugins": self.switches.shown(row.switches), "extensions": added[row.id]},
                now,
            )
            for row in rows
        ]

    def _tags(self, event_ids: list[int]) -> dict[int, list[dict[str, Any]]]:
        found: dict[int, list[dict[str, Any]]] = defaultdict(list)
        query = (
            select(event_tags.c.event_id, Tag.id, Tag.name, Tag.slug)
            .join(Tag, Tag.id == event_tags.c.tag_id)
            .where(event_tags.c.event_id.in_(event_ids))
            .order_by(Tag.name)
        )
        for event_id, tag_id, name, slug in self.session.execute(query):
            found[event_id].append({"id": tag_id, "name": name, "slug": slug})
        return found


def _has_status(status: str) -> ColumnElement[bool]:
    """Return the condition as a literal: a plan can use a partial index only if it knows the value."""
    return Event.status == literal_column(f"'{status}'")


def _words(given: str) -> list[str]:
    return re.findall(r"\w+", given)


def _in_index(match: str) -> ColumnElement[bool]:
    """Return the condition that SQLite's full-text index finds the event."""
    return Event.id.in_(select(_INDEX.c.rowid).where(literal_column(_INDEX.name).op("MATCH")(match)))


def _category(id_or_slug: str) -> Any:
    if re.fullmatch("[0-9]{1,15}", id_or_slug):
        return literal(int(id_or_slug))
    return select(Category.id).where(Category.slug == id_or_slug).scalar_subquery()


def _has_any_tag(slugs: str) -> ColumnElement[bool]:
    wanted = [slug.strip() for slug in slugs.split(",") if slug.strip()]
    return Event.id.in_(
        select(event_tags.c.event_id).join(Tag, Tag.id == event_tags.c.tag_id).where(Tag.slug.in_(wanted))
    )


def _has_places(pool_id: Any) -> ColumnElement[bool]:
    return exists().where(Pool.id == pool_id, or_(Pool.capacity.is_(None), Pool.taken < Pool.capacity))


def _places(row: AnyRow, kinds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    left = places_left(row.capacity, row.taken)
    return {
        "capacity": row.capacity,
        "seats_taken": row.taken,
        "seats_available": left,
        "is_sold_out": left == 0 or (bool(kinds) and all(kind["is_sold_out"] for kind in kinds)),
    }


def _sales_state(row: AnyRow, kinds: Sequence[Mapping[str, Any]], places: dict[str, Any], now: datetime) -> str:
    if row.status != PUBLISHED:
        return str(row.status)
    if row.ends_at <= now:
        return "ended"
    if not row.is_bookable:
        return "elsewhere"
    if places["is_sold_out"]:
        return "sold_out"
    left = [kind for kind in kinds if not kind["is_sold_out"] and not _is_past(kind["sale_ends_at"], now)]
    if not left:
        return "closed"
    started = any(kind["sale_starts_at"] is None or _is_past(kind["sale_starts_at"], now) for kind in left)
    return "on_sale" if started else "not_yet"


def _is_past(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment <= now


def _represent(
    row: AnyRow,
    kinds: Sequence[Mapping[str, Any]],
    tags: list[dict[str, Any]],
    image_url: str | None,
    added: Mapping[str, Any],
    now: datetime,
) -> dict[str, Any]:
    places = _places(row, kinds)
    return {
        "id": row.id,
        "title": row.title,
        "description": row.description,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "timezone": row.timezone,
        "venue_id": row.venue_id,
        "venue": None
        if row.venue_id is None
        else {
            "id": row.venue_id,
            "name": row.venue_name,
            "address": row.venue_address,
            "city": row.venue_city,
            "country": row.venue_country,
            "capacity": row.venue_capacity,
            "timezone": row.venue_timezone,
        },
        "location": row.location,
        "country": row.country,
        **places,
        "sales_state": _sales_state(row, kinds, places, now),
        "price": as_text(row.price, row.currency),
        "currency": row.currency,
        "max_tickets_per_booking": row.max_tickets_per_booking,
        "bookings_per_attendee": row.bookings_per_attendee,
        "reminder_hours": row.reminder_hours,
        "organizer": {
            "id": row.organizer_id,
            "username": row.username,
            "name": f"{row.first_name} {row.last_name}".strip(),
        },
        "category": None
        if row.category_id is None
        else {"id": row.category_id, "name": row.category_name, "slug": row.category_slug},
        "tags": tags,
        "status": row.status,
        "is_active": row.status == PUBLISHED and row.ends_at > now,
        "image_url": image_url,
        "is_bookable": row.is_bookable,
        "tickets_url": row.tickets_url,
        "ticket_types": kinds,
        **added,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
