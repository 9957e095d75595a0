"""Ticketmaster as a source of events (Discovery API v2)."""

import re
from datetime import UTC, datetime

from turnout.plugin import Settings
from turnout_external_events.sources import (
    Criteria,
    EventSource,
    ExternalEvent,
    Found,
    KeyRefused,
    Malformed,
    NotThere,
    Pace,
    Refused,
)
from turnout_external_events.sources.reading import each, one

from turnout_ticketmaster.caller import TicketmasterCaller
from turnout_ticketmaster.mapping import ID, name_of, read_event
from turnout_ticketmaster.members import count_of, list_of, object_of

DEEPEST = 1000


class TicketmasterSource(EventSource):
    """Finds what is sold at Ticketmaster."""

    title = "Ticketmaster"
    largest_page = 200
    deepest = DEEPEST
    caller: TicketmasterCaller

    def __init__(self, caller: TicketmasterCaller, settings: Settings) -> None:
        self.caller = caller
        self._settings = settings

    def check(self) -> str | None:
        """Return that the key is missing."""
        if self._settings["ticketmaster.api_key"].strip():
            return None
        return "ticketmaster.api_key is not set: there is a key at developer.ticketmaster.com, free of charge."

    def search(self, criteria: Criteria, page: int, size: int, pace: Pace) -> Found:
        """Return events by date. Raises `SourceError`; `Refused` for pages that are past the first 1,000 events."""
        self._require_key()
        if size * (page - 1) >= DEEPEST:
            raise Refused("Ticketmaster shows no more than the first 1,000 events of a search.")
        document = self.caller.get("/events.json", _asked(criteria, page, size), pace)
        raws = list_of(object_of(document, "_embedded"), "events")
        events, refused = each(raws, read_event, name_of)
        total = count_of(object_of(document, "page"), "totalElements", len(raws))
        has_more = size * page < min(total, DEEPEST)
        return Found(events, total, has_more, refused)

    def fetch(self, external_id: str, pace: Pace) -> ExternalEvent:
        """Return an event as it is now. Raises `SourceError`, `Malformed`."""
        if not re.fullmatch(ID, external_id):
            raise NotThere("Ticketmaster has no events with such ids.")
        self._require_key()
        event = one(self.caller.get(f"/events/{external_id}.json", {}, pace), read_event)
        if event.external_id != external_id:
            raise Malformed("Ticketmaster answered with another event.")
        return event

    def _require_key(self) -> None:
        missing = self.check()
        if missing is not None:
            raise KeyRefused(missing)


def _asked(criteria: Criteria, page: int, size: int) -> dict[str, str | int]:
    """Return the parameters of a search. Days that are not sure are wanted, too; tests of Ticketmaster's own are not."""
    asked: dict[str, str | int] = {"page": page - 1, "size": size, "sort": "date,asc"}
    asked |= {"includeTBA": "yes", "includeTBD": "yes", "includeTest": "no"}
    given = {"keyword": criteria.query, "city": criteria.location, "classificationName": criteria.category}
    asked |= {name: value.strip() for name, value in given.items() if value.strip()}
    if criteria.date_from is not None:
        asked["startDateTime"] = _moment(criteria.date_from)
    if criteria.date_to is not None:
        asked["endDateTime"] = _moment(criteria.date_to)
    return asked


def _moment(moment: datetime) -> str:
    """Return a moment as Ticketmaster has it, which knows no parts of a second, and so has no event within one."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"
