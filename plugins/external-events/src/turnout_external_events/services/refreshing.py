"""Staying fresh: sources are asked again about what was imported, some events at a time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Select, select
from turnout.events.models import Event
from turnout.plugin import Actor, Clock, Denied, NotFound, ReadSession, Session, Settings

from turnout_external_events.errors import SourceFailed, SourceNotSetUp, UnknownProvider
from turnout_external_events.models import Origin
from turnout_external_events.services.allowance import SearchAllowance
from turnout_external_events.services.hearing import Heard, News, told, told_at, troubled
from turnout_external_events.services.merging import Merger
from turnout_external_events.services.schedule import leeway
from turnout_external_events.services.searching import require_set_up
from turnout_external_events.sources.asking import discreet
from turnout_external_events.sources.contract import EventSource, KeyRefused, Pace, QuotaSpent, Unavailable
from turnout_external_events.sources.directive import Sources
from turnout_external_events.sources.readiness import told as told_to

BATCH = 20
"""How many events one job asks for: what it heard is written at its end."""
AT_ONCE = 100
"""Of how many events that came from one address one job writes what it read there."""
IN_A_ROW = 3
"""After so many events in a row of which a source said nothing it is left alone for now: it is not one event's fault."""

_ASKED = Origin.id, Origin.external_id, Origin.address, Origin.seen
"""What is to be known of an origin to ask about it."""

log = structlog.get_logger()


class Refresher:
    """Asks sources what has become of events, and lets the events follow."""

    def __init__(
        self,
        session: Session,
        reading: ReadSession,
        clock: Clock,
        settings: Settings,
        sources: Sources,
        merger: Merger,
        allowance: SearchAllowance,
    ) -> None:
        self.session = session
        self.reading = reading
        self.clock = clock
        self.settings = settings
        self.sources = sources
        self.merger = merger
        self.allowance = allowance

    def due(self) -> list[str]:
        """Return the sources of which events are due, of those that can be asked."""
        found = []
        for name, source in self.sources.items():
            if source.check() is not None:
                continue
            query = select(Origin.id).where(Origin.provider == name, Origin.refresh_at <= self.clock.now()).limit(1)
            if self.session.scalar(query) is not None:
                found.append(name)
        return found

    def ask(self, provider: str) -> Heard:
        """Ask a source about the events that are due first; one that is read as a whole about those of one address.

        No transaction may be open meanwhile.
        """
        source = self.sources.get(provider)
        if source is None or source.check() is not None:
            return Heard(())
        if source.by_address:
            return self._read(provider, source)
        with self.reading as session:
            rows = session.execute(_due(provider, self.clock.now()).limit(BATCH)).all()
        return self._asked(source, rows)

    def ask_of(self, event_id: int, *, actor: Actor) -> Heard:
        """Ask the source of one event that the actor may change.

        Raises `TooManySearches`, `NotFound`, `Denied`, `UnknownProvider`, `SourceNotSetUp`, `SourceFailed`.
        """
        self.allowance.take(actor)
        with self.reading as session:
            query = select(*_ASKED, Origin.provider, Event.organizer_id)
            of_event = query.join(Event, Event.id == Origin.event_id).where(Origin.event_id == event_id)
            row = session.execute(of_event.where(Origin.is_leading)).first()
        if row is None:
            raise NotFound("This event does not come from elsewhere.")
        if not actor.owns(row.organizer_id):
            raise Denied("Only its organizer and staff change an event.")
        source = self.sources.get(row.provider)
        if source is None or (source.by_address and row.address is None):
            raise UnknownProvider("Nobody can be asked about it: it came in a file, or its source is not here.")
        require_set_up(source, actor)
        try:
            if source.by_address:
                return Heard(told_at(source, row.address, [row], Pace.FRESH))
            return Heard((told(source, row, Pace.FRESH),))
        except KeyRefused as trouble:
            raise SourceNotSetUp(told_to(str(trouble), actor)) from None
        except Unavailable as trouble:
            raise SourceFailed(str(trouble)) from None

    def _read(self, provider: str, source: EventSource) -> Heard:
        """Read what is at the address of the event that is due first, for those that are due soon, too."""
        now = self.clock.now()
        with self.reading as session:
            first = session.execute(_due(provider, now).where(Origin.address.is_not(None)).limit(1)).first()
            if first is None:
                return Heard(())
            soon = _due(provider, now + leeway(self.settings)).where(Origin.address == first.address)
            rows = session.execute(soon.limit(AT_ONCE)).all()
        try:
            return Heard(told_at(source, first.address, rows, Pace.STEADY))
        except KeyRefused as trouble:
            return _left_alone(source, (), trouble)
        except QuotaSpent as trouble:
            return Heard((), trouble.seconds)
        except Unavailable as trouble:
            # Others are somewhere else, and asked next.
            return Heard(tuple(troubled(source, row, trouble) for row in rows))

    def _asked(self, source: EventSource, rows: Sequence[Any]) -> Heard:
        news: list[News] = []
        unheard = 0
        for row in rows:
            try:
                news.append(told(source, row, Pace.STEADY))
                unheard = 0
            except KeyRefused as trouble:
                return _left_alone(source, news, trouble)
            except QuotaSpent as trouble:
                return Heard(tuple(news), trouble.seconds)
            except Unavailable as trouble:
                # It waits for its turn as if it had been heard of: else it would be the first always, and none behind it asked.
                news.append(troubled(source, row, trouble))
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
            elif news.trouble:
                self.merger.fail(origin, news.trouble)
            else:
                self.merger.put_off(origin)
        return changed


def _left_alone(source: EventSource, news: Sequence[News], trouble: KeyRefused) -> Heard:
    """Return what was heard before a source refused its key: that is no event's trouble, and all others stay due."""
    log.warning(
        "a source refuses its key, and its events are not refreshed", source=source.title, reason=discreet(trouble)
    )
    return Heard(tuple(news), 0.0)


def _due(provider: str, moment: datetime) -> Select[Any]:
    """Return what finds the events of a source that are due at a moment, the first first."""
    query = select(*_ASKED).where(Origin.provider == provider, Origin.refresh_at <= moment)
    return query.order_by(Origin.refresh_at, Origin.id)
