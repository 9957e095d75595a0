"""Making and changing events, and their named transitions."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from turnout.clock import Clock
from turnout.errors import Denied, InUse, Invalid, NotFound
from turnout.events import hooks
from turnout.events.errors import CapacityAboveVenue, WrongEventStatus
from turnout.events.extensions import EventExtensions
from turnout.events.models import ARCHIVED, CANCELLED, DRAFT, POSTPONED, PUBLISHED, REMINDER_HOURS, Event, event_tags
from turnout.events.switches import EventSwitches
from turnout.images.services import ImageAddresses
from turnout.injection import Announce, Settings
from turnout.pools.models import Pool
from turnout.pools.services import PoolService
from turnout.security.actors import Actor
from turnout.taxonomy.services import CategoryService, TagService
from turnout.ticket_types.models import TicketType
from turnout.ticket_types.services import DEFAULT_NAME, TicketTypeService
from turnout.users.models import User
from turnout.venues.models import Venue
from turnout.venues.services import VenueService
from turnout.versions import require_version

_NEXT: Mapping[str, tuple[frozenset[str], type[Any]]] = {
    PUBLISHED: (frozenset({DRAFT, POSTPONED}), hooks.EventPublished),
    POSTPONED: (frozenset({PUBLISHED}), hooks.EventPostponed),
    CANCELLED: (frozenset({DRAFT, PUBLISHED, POSTPONED}), hooks.EventCancelled),
    ARCHIVED: (frozenset({DRAFT, PUBLISHED, POSTPONED, CANCELLED}), hooks.EventArchived),
}
"""To which status an event may come from which, and what is announced then."""
_SAID = (
    "title", "description", "starts_at", "ends_at", "timezone", "venue_id", "location", "country", "currency", "price",
    "category_id", "max_tickets_per_booking", "bookings_per_attendee", "reminder_hours", "image_url",
    "is_bookable", "tickets_url",
)  # fmt: skip
"""What organizers say of an event in columns of its own."""
_OFFERED = frozenset({"capacity", "venue_id", "price", "ticket_types", "is_bookable"})
"""What of an event decides how many places are sold, and of what kind."""


class EventService:
    """Makes, changes and deletes events, for their organizers and staff."""

    def __init__(
        self,
        session: Session,
        clock: Clock,
        announce: Announce,
        settings: Settings,
        pools: PoolService,
        ticket_types: TicketTypeService,
        venues: VenueService,
        categories: CategoryService,
        tags: TagService,
        switches: EventSwitches,
        extensions: EventExtensions,
        images: ImageAddresses,
    ) -> None:
        self.session = session
        self.clock = clock
        self.announce = announce
        self.settings = settings
        self.pools = pools
        self.ticket_types = ticket_types
        self.venues = venues
        self.categories = categories
        self.tags = tags
        self.switches = switches
        self.extensions = extensions
        self.images = images

    def create(self, new: Mapping[str, Any], *, actor: Actor) -> Event:
        """Make an event with its ticket types. Raises `Invalid`, `CapacityAboveVenue`.

        It is the actor's, unless staff say by ``organizer_id`` for whom they make it.
        """
        values = dict(new)
        capacity = values.pop("capacity", None)
        tags = values.pop("tags", ())
        kinds, price = values.pop("ticket_types", None), values.pop("price", Decimal(0))
        values["switches"] = self.switches.checked(values.pop("plugins", {}))
        added = self.extensions.checked(values.pop("extensions", {}), values["switches"])
        values["image_url"] = self.images.refer(values.get("image_url"))
        values = {"currency": self.settings["events.currency"], "reminder_hours": REMINDER_HOURS} | values
        now = self.clock.now()
        organizer_id = self._organizer(values.pop("organizer_id", None), actor)
        event = Event(**values, organizer_id=organizer_id, created_at=now, updated_at=now)
        if event.starts_at < now:
            raise Invalid({"starts_at": "must not be in the past"})
        venue = self._settle(event)
        event.pool_id = self.pools.open(_capacity_at(venue, capacity)).id
        self.session.add(event)
        self.session.flush()
        self._set_tags(event, tags)
        if kinds:
            self.ticket_types.settle(event, kinds)
        else:
            self.ticket_types.add(event, {"name": DEFAULT_NAME, "price": price})
        self.announce(hooks.EventCreated(event.id))
        self.extensions.write(event.id, added)
        if event.status == PUBLISHED:
            self.announce(hooks.EventPublished(event.id))
        return event

    def for_change(self, event_id: int, *, actor: Actor) -> Event:
        """Return an event that the actor may change. Raises `NotFound`, `Denied`."""
        event = self.session.get(Event, event_id)
        if event is None or (event.status == DRAFT and not actor.owns(event.organizer_id)):
            raise NotFound("There is no such event.")
        if not actor.owns(event.organizer_id):
            raise Denied("Only its organizer and staff change an event.")
        return event

    def locked(self, event_id: int, *, actor: Actor) -> Event:
        """Return an event that the actor may change, which nobody else changes or sells until the transaction ends.

        Claims that were priced before do not hold any more. Raises `NotFound`, `Denied`.
        """
        self.pools.revise(self.for_change(event_id, actor=actor).pool_id)
        # The pool always comes before the event, so that nobody waits for the other in a circle.
        event = self.session.get(Event, event_id, populate_existing=True)
        if event is None:
            raise NotFound("There is no such event.")
        return event

    def update(
        self, event_id: int, changes: Mapping[str, Any], *, actor: Actor, expected: Collection[int] | None = None
    ) -> Event:
        """Change an event. Raises `Invalid`, `VersionMismatch`, `CapacityBelowTaken`, `CapacityAboveVenue`.

        With ``ticket_types`` it has those and no others afterwards (`TicketTypeService.settle`).
        """
        event = self.locked(event_id, actor=actor)
        values = dict(changes)
        # As the rest of the body, which was looked at before anything else.
        values["switches"] = {**event.switches, **self.switches.checked(values.pop("plugins", {}))}
        added = self.extensions.checked(values.pop("extensions", {}), values["switches"])
        require_version(event.version, expected)
        tags = values.pop("tags", None)
        price, kinds = values.pop("price", None), values.pop("ticket_types", None)
        has_capacity, capacity = "capacity" in values, values.pop("capacity", None)
        if values.get("currency", event.currency) != event.currency:
            raise Invalid({"currency": "cannot change: prices are in it; make another event"})
        if "image_url" in values:
            values["image_url"] = self.images.refer(values["image_url"])
        before = self._said(event)
        with self.session.no_autoflush:  # nothing is written before all is checked
            for name, value in values.items():
                setattr(event, name, value)
            event.updated_at = self.clock.now()
            venue = self._settle(event)
        self.session.flush()
        if has_capacity or "venue_id" in values:
            self._resize(event, venue, has_capacity=has_capacity, capacity=capacity)
        if tags is not None:
            self._set_tags(event, tags)
        if price is not None:
            self._set_price(event, price)
        if kinds is not None:
            self.ticket_types.settle(event, kinds)
        self.extensions.write(event.id, added)
        if _OFFERED & changes.keys():
            self.announce(hooks.OfferChanged(event.id))
        after = self._said(event)
        changed = frozenset(name for name in before if before[name] != after[name])
        if changed:
            self.announce(hooks.EventChanged(event.id, changed))
        return event

    def _organizer(self, wanted: int | None, actor: Actor) -> int | None:
        if wanted is None or wanted == actor.user_id:
            return actor.user_id
        if not actor.is_staff:
            raise Denied("Only staff make events for others.")
        organizer = self.session.get(User, wanted)
        if organizer is None or not (organizer.is_organizer or organizer.is_staff or organizer.is_superuser):
            raise Invalid({"organizer_id": "there is no such organizer"})
        return organizer.id

    def _said(self, event: Event) -> dict[str, Any]:
        """Return what organizers say of an event, to compare it with what they say later."""
        tags = select(event_tags.c.tag_id).where(event_tags.c.event_id == event.id)
        return {name: getattr(event, name) for name in _SAID} | {
            "capacity": self.session.scalar(select(Pool.capacity).where(Pool.id == event.pool_id)),
            "tags": set(self.session.scalars(tags)),
            "plugins": self.switches.shown(event.switches),
        }

    def _settle(self, event: Event) -> Venue | None:
        """Check what depends on other things than one field, and fill what follows from the venue."""
        if event.ends_at < event.starts_at:
            raise Invalid({"ends_at": "must not be before starts_at"})
        try:
            # Shared lock: the venue does not shrink while we rely on how many it holds.
            venue = self.venues.get(event.venue_id, for_share=True) if event.venue_id is not None else None
        except NotFound:
            raise Invalid({"venue_id": "there is no such venue"}) from None
        try:
            if event.category_id is not None:
                self.categories.get(event.category_id)
        except NotFound:
            raise Invalid({"category_id": "there is no such category"}) from None
        if venue is not None:
            event.country = venue.country
        event.timezone = event.timezone or (venue.timezone if venue else "UTC")
        event.place = _place(event.location, venue)
        event.remind_at = remind_at(event.starts_at, event.reminder_hours)
        return venue

    def _resize(self, event: Event, venue: Venue | None, *, has_capacity: bool, capacity: int | None) -> None:
        if not has_capacity:
            capacity = self.session.scalar(select(Pool.capacity).where(Pool.id == event.pool_id))
        self.pools.resize(event.pool_id, _capacity_at(venue, capacity))

    def _set_price(self, event: Event, price: Any) -> None:
        kinds = self.ticket_types.of_events([event.id])[event.id]
        if len(kinds) != 1:
            raise Invalid({"price": "belongs to the ticket types: the event has several"})
        self.ticket_types.change(event, kinds[0]["id"], {"price": price})

    def _set_tags(self, event: Event, slugs: Sequence[str]) -> None:
        wanted = self.tags.resolve(slugs, "tags")
        self.session.execute(delete(event_tags).where(event_tags.c.event_id == event.id))
        if wanted:
            rows = [{"event_id": event.id, "tag_id": tag.id} for tag in wanted]
            self.session.execute(insert(event_tags), rows)

    def publish(self, event_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> Event:
        """Let an event be seen and booked. Raises `WrongEventStatus`, `VersionMismatch`."""
        return self._go(event_id, PUBLISHED, actor, expected)

    def postpone(self, event_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> Event:
        """Stop the sale until there is a new date. Raises `WrongEventStatus`, `VersionMismatch`."""
        return self._go(event_id, POSTPONED, actor, expected)

    def cancel(self, event_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> Event:
        """Call an event off. Raises `WrongEventStatus`, `VersionMismatch`."""
        return self._go(event_id, CANCELLED, actor, expected)

    def archive(self, event_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> Event:
        """Put an event away. Raises `WrongEventStatus`, `VersionMismatch`."""
        return self._go(event_id, ARCHIVED, actor, expected)

    def _go(self, event_id: int, status: str, actor: Actor, expected: Collection[int] | None) -> Event:
        """Do a transition, guarded in its own statement; one that is done already is left as it is."""
        event = self.locked(event_id, actor=actor)
        require_version(event.version, expected)
        allowed, announcement = _NEXT[status]
        was_postponed = event.status == POSTPONED
        moved: Any = self.session.execute(
            update(Event)
            .where(Event.id == event_id, Event.status.in_(allowed))
            .values(status=status, updated_at=self.clock.now(), version=Event.version + 1)
            .execution_options(synchronize_session=False)
        )
        self.session.refresh(event)
        if moved.rowcount:
            again = {"was_postponed": True} if status == PUBLISHED and was_postponed else {}
            self.announce(announcement(event_id, **again))
            if status == PUBLISHED:
                self.announce(hooks.OfferChanged(event_id))
        elif event.status != status:
            raise WrongEventStatus(f"The event is {event.status}; it cannot become {status}.", status_now=event.status)
        return event

    def delete(self, event_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> None:
        """Delete an event that nobody ever booked. Raises `InUse`."""
        event = self.locked(event_id, actor=actor)
        require_version(event.version, expected)
        try:
            self._delete([event.id])
        except IntegrityError:
            raise InUse("People have booked this event; cancel or archive it instead.") from None

    def delete_of_users(self, user_ids: Sequence[int]) -> None:
        """Delete the events of users who are being deleted. Raises `InUse` if others have booked one of them."""
        event_ids = self.session.scalars(select(Event.id).where(Event.organizer_id.in_(user_ids))).all()
        if not event_ids:
            return
        try:
            self._delete(event_ids)
        except IntegrityError:
            raise InUse("Some of these users hold events that other people have booked; nobody was deleted.") from None

    def _delete(self, event_ids: Iterable[int]) -> None:
        ids = list(event_ids)
        pools = self._pools_of(ids)
        for pool_id in pools:
            self.pools.revise(pool_id)
        with self.session.begin_nested():
            self.announce(hooks.EventsDeleting(ids))
            self.session.execute(delete(Event).where(Event.id.in_(ids)).execution_options(synchronize_session=False))
            self.session.execute(delete(Pool).where(Pool.id.in_(pools)).execution_options(synchronize_session=False))

    def _pools_of(self, event_ids: list[int]) -> list[int]:
        own = select(Event.pool_id).where(Event.id.in_(event_ids))
        kinds = select(TicketType.pool_id).where(TicketType.event_id.in_(event_ids), TicketType.pool_id.is_not(None))
        return sorted(self.session.scalars(own.union(kinds)).all())

    def images_among(self, paths: Collection[str]) -> Sequence[str]:
        """Return those of these images that events show."""
        shown = select(Event.image_url).where(Event.image_url.in_(paths)).distinct()
        return [path for path in self.session.scalars(shown) if path is not None]

    def follow_venue(self, venue_id: int) -> None:
        """Let a changed venue's events follow. Raises `CapacityAboveVenue` if one holds more than the venue does now."""
        venue = self.venues.get(venue_id)
        there = select(Event.id, Event.location, Event.place, Event.country).where(Event.venue_id == venue_id)
        # Statements, not rows of the session: those would lose to every sale's or organizer's change of one of many
        # events. No location changes meanwhile: who changes one needs the venue, which is locked, or leaves it.
        for event_id, location, *before in self.session.execute(there.order_by(Event.id)).all():
            place = _place(location, venue)
            if before != [place, venue.country]:
                self.session.execute(
                    update(Event)
                    .where(Event.id == event_id, Event.venue_id == venue_id)
                    .values(place=place, country=venue.country, version=Event.version + 1)
                )
        if venue.capacity is None:
            return
        larger = (
            select(Event.title, Pool.capacity)
            .join(Pool, Pool.id == Event.pool_id)
            .where(Event.venue_id == venue_id, Event.ends_at > self.clock.now())
            .where(or_(Pool.capacity.is_(None), Pool.capacity > venue.capacity))
        )
        found = self.session.execute(larger.limit(1)).first()
        if found is not None:
            places = "has no limit" if found.capacity is None else f"has {found.capacity} places"
            raise CapacityAboveVenue(f"{found.title!r} there {places}; the venue cannot hold only {venue.capacity}.")


def remind_at(starts_at: datetime, hours: int | None) -> datetime | None:
    """Return when guests are reminded that something starts so many hours later, or None if they are not."""
    return None if hours is None else starts_at - timedelta(hours=hours)


def _capacity_at(venue: Venue | None, wanted: int | None) -> int | None:
    """Return the capacity of an event: what its venue holds unless less is wanted. Raises `CapacityAboveVenue`."""
    if venue is None or venue.capacity is None:
        return wanted
    if wanted is not None and wanted > venue.capacity:
        raise CapacityAboveVenue(
            f"{venue.name} holds {venue.capacity}; the event cannot have {wanted} places.",
            venue_capacity=venue.capacity,
        )
    return wanted or venue.capacity


def _place(location: str, venue: Venue | None) -> str:
    """Return where an event is, in words to search in."""
    parts = (location, *((venue.name, venue.address, venue.city) if venue else ()))
    return ", ".join(part for part in parts if part)
