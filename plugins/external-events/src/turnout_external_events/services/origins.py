"""Where events came from, and where they are otherwise now than there."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from turnout.events.models import Event
from turnout.events.services import EventService
from turnout.plugin import Actor, Invalid, NotFound, Ordering, Paging, Session, Slice, fetch
from turnout.pools.models import Pool
from turnout.users.models import User

from turnout_external_events.models import Origin
from turnout_external_events.services.mapping import FIELDS
from turnout_external_events.services.merging import Merger
from turnout_external_events.services.selling import note_price

NEWEST_FIRST = Ordering("-id", Origin.id, Origin.id, descending=True)


class OriginService:
    """Shows where events came from to whoever manages them, and lets fields follow their source again."""

    def __init__(self, session: Session, events: EventService, merger: Merger) -> None:
        self.session = session
        self.events = events
        self.merger = merger

    def find(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        """Return the origins of events, the newest first: of one's own events, for staff of all."""
        query = (
            select(Origin, Event.title, Event.starts_at, Event.timezone, Event.organizer_id, Pool.taken, User.username)
            .join(Event, Event.id == Origin.event_id)
            .join(Pool, Pool.id == Event.pool_id)
            .join(User, User.id == Event.organizer_id)
            .where(Origin.is_leading)
        )
        if not actor.is_staff:
            query = query.where(Event.organizer_id == actor.user_id)
        for name in ("provider", "status", "needs_look", "differs"):
            if filters.get(name) is not None:
                query = query.where(getattr(Origin, name) == filters[name])
        return fetch(self.session, query, NEWEST_FIRST, paging)

    def of(self, event_id: int, *, actor: Actor) -> Origin:
        """Return the origin of an event that the actor may change. Raises `NotFound`, `Denied`."""
        self.events.for_change(event_id, actor=actor)
        origin = self.session.scalar(select(Origin).where(Origin.event_id == event_id, Origin.is_leading))
        if origin is None:
            raise NotFound("This event does not come from elsewhere.")
        return origin

    def shown(self, origin: Origin) -> dict[str, Any]:
        """Return what is known of an origin: which fields are whose, and what is otherwise there.

        Where an event has a venue its country is the venue's, and nobody's own word.
        """
        event = self.session.get_one(Event, origin.event_id)
        names = [name for name in FIELDS if name != "country" or event.venue_id is None or name in origin.seen]
        followed = self.merger.followed(origin)
        return represent(origin) | {
            "fields": {name: origin.provider if name in followed else "here" for name in names},
            "differences": [
                {"field": each.field, "here": each.here, "there": each.there}
                for each in self.merger.differences(origin)
            ],
        }

    def follow(self, event_id: int, fields: Sequence[str], *, actor: Actor) -> Origin:
        """Let fields say again what the source said when it was last asked, and follow it from now on. Raises `Invalid`."""
        origin = self.of(event_id, actor=actor)
        unknown = [name for name in fields if name not in FIELDS or name not in origin.seen]
        if unknown:
            raise Invalid({"fields": f"the source says nothing of {', '.join(unknown)}"})
        currency, there = self.session.get_one(Event, event_id).currency, origin.seen.get("currency")
        if "price" in fields and there != currency:
            raise Invalid(
                {"fields": f"the price is in {there} at the source, and in {currency} here: it cannot follow"}
            )
        self.merger.take_back(origin, fields)
        return origin

    def say_free(self, event_id: int, *, actor: Actor) -> None:
        """Note that an event costs nothing here, of which nobody has said what it costs. Raises `NotFound`, `Denied`."""
        origin = self.of(event_id, actor=actor)
        if not origin.is_price_known:
            note_price(origin)
            self.session.flush()

    def settle(self, event_id: int, *, actor: Actor) -> Origin:
        """Note that somebody has looked after what its source says of an event. Raises `NotFound`, `Denied`."""
        origin = self.of(event_id, actor=actor)
        origin.needs_look = False
        self.session.flush()
        return origin


def represent(origin: Origin) -> dict[str, Any]:
    """Return an origin as it is shown."""
    names = (
        "event_id", "provider", "external_id", "url", "status", "is_time_known", "is_price_known", "differs", "needs_look", "trouble",
        "created_at", "asked_at", "refreshed_at", "refresh_at",
    )  # fmt: skip
    return {name: getattr(origin, name) for name in names}
