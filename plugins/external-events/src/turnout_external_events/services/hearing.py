"""What a source says of events that are here: asked for one by one, or read with all else that is at their address."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

import structlog

from turnout_external_events.sources.asking import asked, discreet
from turnout_external_events.sources.checking import check, checked
from turnout_external_events.sources.contract import (
    Criteria,
    EventSource,
    ExternalEvent,
    KeyRefused,
    Malformed,
    NotThere,
    Pace,
    Refusal,
    SourceError,
    Unavailable,
)

MOST_PAGES = 100
"""How many pages of what is at one address are read: a source that always has more would be read for ever."""
UNSURE = "It is not in what could be read at its address."

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class News:
    """What a source said of one event: how it is now, that it is `gone`, or why that cannot be known; or nothing of these."""

    origin_id: int
    event: ExternalEvent | None = None
    is_gone: bool = False
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a source said of some events, and after how many seconds it can be asked of the others; None: it was asked of all."""

    news: tuple[News, ...]
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class _There:
    """What is at an address, of the events that were looked for (`Found`)."""

    events: Mapping[str, ExternalEvent]
    refused: Sequence[Refusal]
    covers: tuple[datetime, datetime] | None

    def says_of(self, row: Any) -> News:
        """Return what has become of an event: of what is not there only what would be is gone."""
        event = self.events.get(row.external_id)
        if event is not None:
            return News(row.id, event)
        for refusal in self.refused:
            if refusal.external_id and row.external_id.startswith(refusal.external_id):
                return News(row.id, trouble=refusal.reason)
        if self.covers is None:
            return News(row.id, trouble=UNSURE)
        said = row.seen.get("starts_at")
        begin, end = self.covers
        return News(row.id, is_gone=said is not None and begin <= datetime.fromisoformat(said) < end)


def told(source: EventSource, row: Any, pace: Pace) -> News:
    """Return what a source says of an event. Raises `Unavailable`, `KeyRefused`."""
    try:
        return News(row.id, check(asked(source, partial(source.fetch, row.external_id, pace))))
    except NotThere:
        return News(row.id, is_gone=True)
    except (Unavailable, KeyRefused):
        raise
    except (SourceError, Malformed) as trouble:
        return troubled(source, row, trouble)


def told_at(source: EventSource, address: str, rows: Sequence[Any], pace: Pace) -> tuple[News, ...]:
    """Return what a source that is read as a whole has at an address of events that came from there.

    Raises `Unavailable`, `KeyRefused`.
    """
    wanted = {row.external_id for row in rows}
    try:
        return asked(source, lambda: tuple(map(_read(source, address, wanted, pace).says_of, rows)))
    except (Unavailable, KeyRefused):
        raise
    except (SourceError, Malformed) as trouble:
        return tuple(troubled(source, row, trouble) for row in rows)


def troubled(source: EventSource, row: Any, trouble: Exception) -> News:
    """Return that a source could not say anything of an event."""
    reason = discreet(trouble)
    log.warning("an event could not be refreshed", source=source.title, reason=reason)
    return News(row.id, trouble=reason)


def _read(source: EventSource, address: str, wanted: Collection[str], pace: Pace) -> _There:
    """Read all that is at an address; of its events those that are `wanted` are kept. Raises `SourceError`."""
    events: dict[str, ExternalEvent] = {}
    refused: list[Refusal] = []
    for page in range(1, MOST_PAGES + 1):
        found = source.search(Criteria(address), page, source.largest_page, pace)
        some = tuple(event for event in found.events if event.external_id in wanted)
        kept = checked(replace(found, events=some))
        events |= {event.external_id: event for event in kept.events}
        refused += kept.refused
        if not found.has_more:
            return _There(events, refused, found.covers)
    return _There(events, refused, None)
