"""Events in iCalendar files (RFC 5545): those of a time to come, each by itself, so that one that is odd spoils no other."""

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from datetime import datetime

from icalendar import Event

from turnout_external_events.files.components import Parts, parts
from turnout_external_events.files.parsing import parsed
from turnout_external_events.files.recurring import (
    MOST_OCCURRENCES,
    moment_of,
    occurrences,
    recurs,
    sequence,
    sortable,
    stamp,
)
from turnout_external_events.files.texts import decoded
from turnout_external_events.files.vevents import Terms, event_of, is_within, words
from turnout_external_events.files.zones import FileZones
from turnout_external_events.sources.checking import check
from turnout_external_events.sources.contract import ExternalEvent, Malformed, Refusal

MOST_IN_ALL = 5000
SECONDS = 8.0
"""How long a file may take; what is honest takes a part of it."""
_UNREADABLE = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)


def read(
    content: bytes, *, scope: str, horizon: tuple[datetime, datetime], timezone: str | None = None
) -> tuple[tuple[ExternalEvent, ...], tuple[Refusal, ...]]:
    """Return the events of a file that are within `horizon` (aware), the first first, and why others cannot be read.

    What recurs is one event for each time. Ids have 32 characters, and stay the same when the file is read again with the
    same `scope`: also of an event that is moved to another day or that begins to recur, and of the times of a series that is
    moved within its day (`occurrences`). `timezone` is meant where neither an event nor the calendar names a zone; of times of which nobody says it
    only the day is known. Raises `Malformed` for a file that is no calendar, or too much of one.
    """
    found = parts(decoded(content))
    if found.calendar.value("CALSCALE").upper() not in {"", "GREGORIAN"}:
        raise Malformed("The calendar is not a Gregorian one.")
    reading = _Reading(found, FileZones(found, timezone), scope, horizon)
    return reading.read()


class _Reading:
    """The reading of one file."""

    def __init__(self, parts: Parts, zones: FileZones, scope: str, horizon: tuple[datetime, datetime]) -> None:
        self._parts = parts
        self._zones = zones
        self._scope = scope
        self._horizon = horizon
        self._terms = Terms(zones.default, parts.calendar.value("METHOD").upper() == "CANCEL")
        self._events: list[ExternalEvent] = []
        self._known: set[str] = set()
        self._refused: list[Refusal] = []
        self._without_zone = 0
        self._until = time.monotonic() + SECONDS

    def read(self) -> tuple[tuple[ExternalEvent, ...], tuple[Refusal, ...]]:
        """Return the events, and what is wrong with others, as far as there is place and time for them."""
        for group in self._groups():
            self._require_time()
            try:
                self._read_group(group)
            except _UNREADABLE as error:
                self._refuse(group[0], _said(error))
            if len(self._events) > MOST_IN_ALL:
                del self._events[MOST_IN_ALL:]
                self._refused.append(Refusal(f"There are more than {MOST_IN_ALL:,} events; the others were not read."))
                break
        if self._without_zone:
            self._refused.append(
                Refusal(f"The times of {self._without_zone:,} events are in no time zone: only their days are known.")
            )
        self._events.sort(key=_when)
        return tuple(self._events), tuple(self._refused)

    def _groups(self) -> Iterator[Sequence[Event]]:
        """Give the components of each event: those with its UID; one that has none is an event by itself."""
        groups: dict[str | int, list[Event]] = {}
        for number, part in enumerate(self._parts.events):
            self._require_time()
            try:
                event = parsed(part, self._zones)
            except _UNREADABLE as error:
                self._refused.append(Refusal(_said(error), title=part.value("SUMMARY")[:200]))
            else:
                groups.setdefault(words(event, "UID") or number, []).append(event)
        yield from groups.values()

    def _read_group(self, group: Sequence[Event]) -> None:
        for other in _strangers(group):
            self._refuse(other, "Another event of the calendar has the same UID.")
        if not any(map(recurs, group)):
            self._add(max(group, key=sequence), "")
            return
        found = occurrences(group, self._horizon)
        for event, name in found[:MOST_OCCURRENCES]:
            self._add(event, name)
        if len(found) > MOST_OCCURRENCES:
            self._refuse(group[0], f"It recurs more than {MOST_OCCURRENCES} times; the later ones were not read.")

    def _add(self, component: Event, name: str) -> None:
        self._require_time()
        event = check(event_of(component, self._id(component, name), self._terms))
        if event.external_id in self._known:
            self._refuse(component, "It is in the calendar twice.")
        elif is_within(event, self._horizon):
            self._known.add(event.external_id)
            self._events.append(event)
            start = moment_of(component, "DTSTART")
            self._without_zone += isinstance(start, datetime) and start.tzinfo is None

    def _id(self, component: Event, name: str) -> str:
        """Return a short name for an event, or for the one of its times that has a `name`."""
        uid = words(component, "UID")
        said = [uid] if uid else ["", stamp(moment_of(component, "DTSTART")), words(component, "SUMMARY")]
        return hashlib.sha256(json.dumps([self._scope, *said, name]).encode()).hexdigest()[:32]

    def _refuse(self, event: Event, reason: str) -> None:
        self._refused.append(Refusal(reason, self._id(event, ""), words(event, "SUMMARY")[:200]))

    def _require_time(self) -> None:
        if time.monotonic() > self._until:
            raise Malformed(
                "The calendar takes too long to read: there is too much in it, or rules that are too complicated."
            )


def _strangers(group: Sequence[Event]) -> Iterator[Event]:
    """Give events that have another's UID by mistake: they begin at another time, and are no later version of it."""
    whole = [event for event in group if "RECURRENCE-ID" not in event]
    if len(whole) > 1:
        kept = max(whole, key=sequence)
        for event in whole:
            if sequence(event) == sequence(kept) and moment_of(event, "DTSTART") != moment_of(kept, "DTSTART"):
                yield event


def _when(event: ExternalEvent) -> str:
    moment = event.starts_at or event.starts_on
    return "" if moment is None else sortable(moment)


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, Malformed) else f"It cannot be read: {type(error).__name__}."
