"""Importing one event: the same one again is found again, in whatever order things happen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, tuple_
from turnout.events.models import ARCHIVED, CANCELLED, DRAFT, PUBLISHED, Event
from turnout.events.services import EventService
from turnout.plugin import Actor, Clock, Session

from turnout_external_events import sources
from turnout_external_events.errors import CannotImport
from turnout_external_events.models import Origin
from turnout_external_events.services.mapping import TOGETHER, Mapper, kept
from turnout_external_events.services.merging import Merger
from turnout_external_events.sources.contract import ExternalEvent

MADE, CHANGED, SAME = "made", "changed", "same"
FILES = "csv"
"""The provider of what came in a sheet; a calendar's is `ical`, be it a file or a feed."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What came of an import: the event, and whether it was `made`, `changed`, or the `same` already."""

    event_id: int
    outcome: str


class Importer:
    """Makes events here out of events of elsewhere."""

    def __init__(
        self,
        session: Session,
        clock: Clock,
        events: EventService,
        mapper: Mapper,
        merger: Merger,
    ) -> None:
        self.session = session
        self.clock = clock
        self.events = events
        self.mapper = mapper
        self.merger = merger

    def known(self, identities: Sequence[tuple[str, str]], *, actor: Actor) -> dict[tuple[str, str], int]:
        """Return which of these (provider, external id) are here already, with their events' ids; no drafts of others."""
        if not identities:
            return {}
        query = (
            select(Origin.provider, Origin.external_id, Origin.event_id, Event.status, Event.organizer_id)
            .join(Event, Event.id == Origin.event_id)
            .where(tuple_(Origin.provider, Origin.external_id).in_(identities))
        )
        return {
            (row.provider, row.external_id): row.event_id
            for row in self.session.execute(query)
            if row.status != DRAFT or actor.owns(row.organizer_id)
        }

    def bring(
        self,
        provider: str,
        external: ExternalEvent,
        overrides: Mapping[str, Any],
        *,
        actor: Actor,
        is_new: bool = True,
    ) -> Brought:
        """Import an event; the actor's own that is here already follows what its source says.

        `overrides` are fields of events that the organizer says otherwise; with a ``capacity`` it is for sale here. `is_new`:
        whether the source has just been asked; what it said some minutes ago may be older than what is known.
        Raises `CannotImport`, `DateUnknown`, and what `EventService.create` raises.
        """
        origin = self.session.scalar(
            select(Origin).where(Origin.provider == provider, Origin.external_id == external.external_id)
        )
        if origin is not None:
            return self._again(origin, external, actor, is_new=is_new)
        if external.status == sources.CANCELLED:
            raise CannotImport("It is cancelled.")
        values = self.mapper.values(provider, external, overrides, actor=actor)
        if values["starts_at"] < self.clock.now():
            raise CannotImport(
                "It has begun already, or is over."
                if external.starts_at is not None
                else "It may have begun already: its source says the day, and no time."
            )
        twin = self._twin(provider, external, values, actor)
        event = twin or self._make(external, values, overrides, actor)
        self._keep(event, provider, external, values, overrides, is_leading=twin is None)
        return Brought(event.id, MADE if twin is None else SAME)

    def _again(self, origin: Origin, external: ExternalEvent, actor: Actor, *, is_new: bool) -> Brought:
        event = self.session.get_one(Event, origin.event_id)
        if not actor.owns(event.organizer_id):
            if event.status == DRAFT:
                raise CannotImport("Somebody else has it here already, as a draft.")
            return Brought(event.id, SAME)
        changed = is_new and origin.is_leading and self.merger.follow(origin, external)
        return Brought(event.id, CHANGED if changed else SAME)

    def _make(
        self, external: ExternalEvent, values: Mapping[str, Any], overrides: Mapping[str, Any], actor: Actor
    ) -> Event:
        new = {**values, "is_bookable": overrides.get("capacity") is not None}
        event = self.events.create({"status": PUBLISHED, **new}, actor=actor)
        if external.status == sources.POSTPONED and event.status != DRAFT:
            self.events.postpone(event.id, actor=actor)
        return event

    def _keep(
        self,
        event: Event,
        provider: str,
        external: ExternalEvent,
        values: Mapping[str, Any],
        overrides: Mapping[str, Any],
        *,
        is_leading: bool,
    ) -> None:
        names = [name for group in TOGETHER for name in group if name not in overrides]
        # What the source says nothing of is its own, too: it may say it later.
        current, now = self.merger.current(event), self.clock.now()
        self.session.add(
            Origin(
                event_id=event.id,
                provider=provider,
                external_id=external.external_id,
                is_leading=is_leading,
                url=external.url,
                status=external.status,
                is_time_known=external.starts_at is not None,
                is_price_known=external.price is not None,
                applied={name: current[name] for name in names},
                seen={name: kept(values[name]) for name in names if name in values},
                created_at=now,
                refreshed_at=now,
                refresh_at=self.merger.next_look(provider, event) if is_leading else None,
            )
        )
        self.session.flush()

    def _twin(self, provider: str, external: ExternalEvent, values: Mapping[str, Any], actor: Actor) -> Event | None:
        """Return the actor's event that came from another source and is the same: at one venue, at one time, by one name."""
        if values["venue_id"] is None or external.starts_at is None:
            return None
        query = (
            select(Event)
            .join(Origin, Origin.event_id == Event.id)
            .where(
                Event.venue_id == values["venue_id"],
                Event.starts_at == values["starts_at"],
                Event.organizer_id == actor.user_id,
                Event.status.not_in((CANCELLED, ARCHIVED)),
                Origin.provider != provider,
                Origin.is_leading,
                Origin.is_time_known,
            )
        )
        name = _name(values["title"])
        return next((event for event in self.session.scalars(query) if _name(event.title) == name), None)


def _name(title: str) -> str:
    return "".join(letter for letter in title.casefold() if letter.isalnum())
