"""Staying fresh: sources are asked again about what was imported, some events at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from sqlalchemy import select
from turnout.events.models import Event
from turnout.plugin import Actor, Clock, Denied, NotFound, ReadSession, Session

from turnout_external_events.errors import SourceFailed, UnknownProvider
from turnout_external_events.models import Origin
from turnout_external_events.services.merging import Merger
from turnout_external_events.sources.asking import asked
from turnout_external_events.sources.checking import check
from turnout_external_events.sources.contract import (
    EventSource,
    ExternalEvent,
    Malformed,
    NotThere,
    Pace,
    QuotaSpent,
    SourceError,
    Unavailable,
)
from turnout_external_events.sources.directive import Sources

BATCH = 20
"""How many events one job asks for: what it heard is written at its end."""
IN_A_ROW = 3
"""After so many events in a row of which a source said nothing it is left alone for now: it is not one event's fault."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class News:
    """What a source said of one event: how it is now, that it is `gone`, or why that cannot be known."""

    origin_id: int
    event: ExternalEvent | None = None
    is_gone: bool = False
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a source said of some events, and after how many seconds it can be asked of the others; None: it was asked of all."""

    news: tuple[News, ...]
    seconds: float | None = None


class Refresher:
    """Asks sources what has become of events, and lets the events follow."""

    def __init__(self, session: Session, reading: ReadSession, clock: Clock, sources: Sources, merger: Merger) -> None:
        self.session = session
        self.reading = reading
        self.clock = clock
        self.sources = sources
        self.merger = merger

    def due(self) -> list[str]:
        """Return the sources of which events are due, of those that can be asked."""
        found = []
        for name, source in self.sources.items():
            if source.by_address or source.check() is not None:
                continue
            query = select(Origin.id).where(Origin.provider == name, Origin.refresh_at <= self.clock.now()).limit(1)
            if self.session.scalar(query) is not None:
                found.append(name)
        return found

    def ask(self, provider: str) -> Heard:
        """Ask a source about the events that are due first. No transaction may be open meanwhile."""
        source = self.sources.get(provider)
        if source is None or source.check() is not None:
            return Heard(())
        with self.reading as session:
            due = (
                select(Origin.id, Origin.external_id)
                .where(Origin.provider == provider, Origin.refresh_at <= self.clock.now())
                .order_by(Origin.refresh_at, Origin.id)
            )
            rows = session.execute(due.limit(BATCH)).all()
        return self._asked(provider, rows)

    def ask_of(self, event_id: int, *, actor: Actor) -> Heard:
        """Ask the source of one event that the actor may change. Raises `NotFound`, `Denied`, `UnknownProvider`, `SourceFailed`."""
        with self.reading as session:
            query = select(Origin.id, Origin.external_id, Origin.provider, Event.organizer_id)
            of_event = query.join(Event, Event.id == Origin.event_id).where(Origin.event_id == event_id)
            row = session.execute(of_event.where(Origin.is_leading)).first()
        if row is None:
            raise NotFound("This event does not come from elsewhere.")
        if not actor.owns(row.organizer_id):
            raise Denied("Only its organizer and staff change an event.")
        source = self.sources.get(row.provider)
        if source is None or source.by_address:
            raise UnknownProvider(f"Nobody can be asked about single events of {row.provider}.")
        missing = source.check()
        if missing is not None:
            raise SourceFailed(missing)
        try:
            return Heard((_told(source, row, Pace.FRESH),))
        except Unavailable as trouble:
            raise SourceFailed(str(trouble)) from None

    def _asked(self, provider: str, rows: Sequence[Any]) -> Heard:
        source = self.sources[provider]
        news: list[News] = []
        unheard = 0
        for row in rows:
            try:
                news.append(_told(source, row, Pace.STEADY))
                unheard = 0
            except QuotaSpent as trouble:
                return Heard(tuple(news), trouble.seconds)
            except Unavailable as trouble:
                # It waits for its turn as if it had been heard of: else it would be the first always, and none behind it asked.
                news.append(_troubled(source, row, trouble))
                unheard += 1
                if unheard == IN_A_ROW:
                    return Heard(tuple(news), trouble.seconds or 0.0)
        return Heard(tuple(news))

    def take(self, heard: Heard) -> int:
        """Let events follow what was heard; return how many changed."""
        changed = 0
        for news in heard.news:
            origin = self.session.get(Origin, news.origin_id)
            if origin is None:
                continue  # the event was deleted meanwhile
            if news.event is not None:
                changed += self.merger.follow(origin, news.event)
            elif news.is_gone:
                self.merger.lose(origin)
            else:
                self.merger.fail(origin, news.trouble)
        return changed


def _told(source: EventSource, row: Any, pace: Pace) -> News:
    """Return what a source says of an event. Raises `Unavailable`."""
    try:
        return News(row.id, check(asked(source, partial(source.fetch, row.external_id, pace))))
    except NotThere:
        return News(row.id, is_gone=True)
    except Unavailable:
        raise
    except (SourceError, Malformed) as trouble:
        return _troubled(source, row, trouble)


def _troubled(source: EventSource, row: Any, trouble: Exception) -> News:
    log.warning("an event could not be refreshed", source=source.title, reason=str(trouble))
    return News(row.id, trouble=str(trouble))
