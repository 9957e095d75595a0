"""Importing one event: the same one again is found again, in whatever order things happen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, tuple_
from turnout.events.models import ARCHIVED, CANCELLED, DRAFT, PUBLISHED, Event
from turnout.events.services import EventService
from turnout.plugin import Actor, Clock, Session

from turnout_external_events import sources
from turnout_external_events.errors import CannotImport
from turnout_external_events.models import Origin
from turnout_external_events.services.deletions import Deletions
from turnout_external_events.services.mapping import FIELDS, Mapper, is_elsewhere, kept
from turnout_external_events.services.merging import Merger
from turnout_external_events.services.selling import require_terms
from turnout_external_events.sources.contract import ExternalEvent

MADE, CHANGED, SAME = "made", "changed", "same"
FILES = "csv"
"""The provider of what came in a sheet; a calendar's is `ical`, be it a file or a feed."""

_COPIES = (
    select(Origin, Event.status, Event.organizer_id).join(Event, Event.id == Origin.event_id).order_by(Origin.copy)
)


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
        deletions: Deletions,
    ) -> None:
        self.session = session
        self.clock = clock
        self.events = events
        self.mapper = mapper
        self.merger = merger
        self.deletions = deletions

    def known(self, identities: Sequence[tuple[str, str]], *, actor: Actor) -> dict[tuple[str, str], int]:
        """Return which of these (provider, external id) are here already, with their events' ids; no drafts of others."""
        if not identities:
            return {}
        which = tuple_(Origin.provider, Origin.external_id).in_(identities)
        copies: dict[tuple[str, str], list[Any]] = {}
        for row in self.session.execute(_COPIES.where(which)):
            copies.setdefault((row.Origin.provider, row.Origin.external_id), []).append(row)
        found = {identity: _of(rows, actor) for identity, rows in copies.items()}
        return {identity: origin.event_id for identity, origin in found.items() if origin is not None}

    def bring(
        self,
        provider: str,
        external: ExternalEvent,
        overrides: Mapping[str, Any],
        *,
        actor: Actor,
        is_new: bool = True,
        address: str | None = None,
    ) -> Brought:
        """Import an event; the actor's own that is here already follows what its source says.

        What is here only as drafts of others is imported as if it were not: nobody keeps events from others by drafts.
        `overrides` are fields of events that the organizer says otherwise; with a ``capacity`` it is for sale here. `is_new`:
        whether the source has just been asked; what it said some minutes ago may be older than what is known. `address` is
        where it was read, of a source that is read as a whole.
        Raises `CannotImport`, `DateUnknown`, and what `EventService.create` and `require_terms` raise.
        """
        same = Origin.provider == provider, Origin.external_id == external.external_id
        copies = self.session.execute(_COPIES.where(*same)).all()
        origin = _of(copies, actor)
        if origin is not None:
            return self._again(origin, external, actor, is_new=is_new, address=address)
        self.require_to_come(external, overrides)
        values = self.mapper.values(provider, external, overrides, actor=actor)
        twin = self._twin(provider, external, values, actor)
        event = twin or self._make(external, values, overrides, actor)
        theirs = self.mapper.theirs(provider, external, actor=actor, in_words=is_elsewhere(overrides))
        origin = self._origin(event, provider, external, theirs, overrides, is_leading=twin is None, address=address)
        origin.is_price_known = "price" in values
        # Two who import it at the same time find the same number here: one of them begins again, and finds the other's.
        origin.copy = copies[-1].Origin.copy + 1 if copies else 0
        self.session.add(origin)
        self.session.flush()
        self.deletions.forget(provider, external.external_id, actor.user_id)
        require_terms(event.id, self.session)
        return Brought(event.id, MADE if twin is None else SAME)

    def require_to_come(self, external: ExternalEvent, overrides: Mapping[str, Any]) -> None:
        """Let nothing be imported that will not take place any more. Raises `CannotImport`, `DateUnknown`."""
        if external.status == sources.CANCELLED:
            raise CannotImport("It is cancelled.")
        if self.mapper.times(external, overrides)["starts_at"] < self.clock.now():
            raise CannotImport(
                "It has begun already, or is over."
                if external.starts_at is not None
                else "It may have begun already: its source says the day, and no time."
            )

    def _again(
        self, origin: Origin, external: ExternalEvent, actor: Actor, *, is_new: bool, address: str | None
    ) -> Brought:
        event = self.session.get_one(Event, origin.event_id)
        if not actor.owns(event.organizer_id):
            return Brought(event.id, SAME)
        origin.address = address
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

    def _origin(
        self,
        event: Event,
        provider: str,
        external: ExternalEvent,
        theirs: Mapping[str, Any],
        overrides: Mapping[str, Any],
        *,
        is_leading: bool,
        address: str | None,
    ) -> Origin:
        # What the source says nothing of is its own, too: it may say it later.
        names = [name for name in FIELDS if name not in overrides]
        current, now = self.merger.current(event), self.clock.now()
        seen = {name: kept(value) for name, value in theirs.items()}
        return Origin(
            event_id=event.id,
            provider=provider,
            external_id=external.external_id,
            address=address,
            is_leading=is_leading,
            url=external.url,
            status=external.status,
            is_time_known=external.starts_at is not None,
            applied={name: current[name] for name in names},
            seen=seen,
            differs=any(current[name] != said for name, said in seen.items()),
            created_at=now,
            asked_at=now,
            refreshed_at=now,
            refresh_at=self.merger.next_look(provider, address, event) if is_leading else None,
        )

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


def _of(copies: Sequence[Any], actor: Actor) -> Origin | None:
    """Return which of the copies of one event is meant by an actor: their own, else what all see, else what they may see."""
    preferences: tuple[Callable[[Any], bool], ...] = (
        lambda row: row.organizer_id == actor.user_id,
        lambda row: row.status != DRAFT,
        lambda row: actor.owns(row.organizer_id),
    )
    return next((row.Origin for is_meant in preferences for row in copies if is_meant(row)), None)


def _name(title: str) -> str:
    return "".join(letter for letter in title.casefold() if letter.isalnum())
