"""SeatGeek as a source of events: its searches, and its events one by one."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from turnout.plugin import Settings
from turnout_external_events.sources import (
    BadAnswer,
    Criteria,
    EventSource,
    ExternalEvent,
    Found,
    KeyRefused,
    NotThere,
    Pace,
)
from turnout_external_events.sources.reading import each, one

from turnout_seatgeek.caller import SeatGeekCaller
from turnout_seatgeek.mapping import ID, named, read_event

DEEPEST = 10_000
"""Past so many results of one search, SeatGeek answers an empty list."""
_TAXONOMIES = {
    "music": "concert",
    "concerts": "concert",
    "sport": "sports",
    "theatre": "theater",
    "arts & theatre": "theater",
}
"""What SeatGeek calls what others, Ticketmaster among them, call otherwise: one search asks all sources."""


class SeatGeekSource(EventSource):
    """Finds events at SeatGeek, sorted by when they start."""

    title = "SeatGeek"
    largest_page = 100
    deepest = DEEPEST
    caller: SeatGeekCaller

    def __init__(self, caller: SeatGeekCaller, settings: Settings) -> None:
        self.caller = caller
        self.settings = settings

    def check(self) -> str | None:
        """Return which setting is missing."""
        return None if self.settings["seatgeek.client_id"].strip() else "seatgeek.client_id is not set."

    def search(self, criteria: Criteria, page: int, size: int, pace: Pace) -> Found:
        """Return a page of what SeatGeek finds. Raises `SourceError`."""
        asked = _asked(criteria) | {"sort": "datetime_utc.asc", "page": page, "per_page": size}
        document = self._get("/events", asked, pace)
        raws = document.get("events")
        if not isinstance(raws, list):
            raise BadAnswer("SeatGeek answered without a list of events.")
        events, refused = each(raws, read_event, named)
        reached, told = page * size, _total(document)
        # Past the deepest, and where there are fewer than was told, a list is empty: there the walk ends in any case.
        is_more_told = len(raws) >= size if told is None else reached < told
        has_more = bool(raws) and is_more_told and reached < DEEPEST
        return Found(events, told if told is not None else reached - size + len(raws), has_more, refused)

    def fetch(self, external_id: str, pace: Pace) -> ExternalEvent:
        """Return one event. Raises `SourceError`, `Malformed`."""
        if not ID.fullmatch(external_id):
            raise NotThere("SeatGeek's events have numbers.")
        event = one(self._get(f"/events/{external_id}", {}, pace), read_event)
        if event.external_id != external_id:
            raise BadAnswer("SeatGeek answered with another event than it was asked for.")
        return event

    def _get(self, path: str, parameters: Mapping[str, str | int], pace: Pace) -> dict[str, Any]:
        missing = self.check()
        if missing is not None:
            raise KeyRefused(missing)
        return self.caller.get(path, parameters, pace)


def _asked(criteria: Criteria) -> dict[str, str | int]:
    """Return a search in SeatGeek's parameters, those that say nothing left out."""
    category = criteria.category.strip().casefold()
    asked = {
        "q": criteria.query.strip(),
        "venue.city": criteria.location.strip(),
        "taxonomies.name": _TAXONOMIES.get(category, category.replace(" ", "_")),
        "datetime_utc.gte": _without_zone(criteria.date_from),
        "datetime_utc.lte": _without_zone(criteria.date_to),
    }
    return {name: value for name, value in asked.items() if value}


def _without_zone(moment: datetime | None) -> str:
    """Return a moment as SeatGeek has them: UTC that does not say so, in whole seconds."""
    return "" if moment is None else moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")


def _total(document: Mapping[str, Any]) -> int | None:
    """Return how many events SeatGeek says there are; None where it does not say."""
    meta = document.get("meta")
    total = meta.get("total") if isinstance(meta, dict) else None
    return total if isinstance(total, int) and not isinstance(total, bool) and total >= 0 else None
