"""Events in iCalendar files (RFC 5545): those of a time to come, each by itself, so that one that is odd spoils no other."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from time import thread_time

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
from turnout_external_events.files.vevents import Terms, event_of, is_private, is_within, words
from turnout_external_events.files.zones import FileZones
from turnout_external_events.sources.checking import check
from turnout_external_events.sources.contract import ExternalEvent, Malformed, Refusal

MOST_IN_ALL = 5000
SECONDS = 4.0
"""How long a processor may work on one file. The limits of size end it before; this is for slow machines, and for what nobody thought of."""
SECONDS_FOR_SERIES = 2.0
"""How long of these on what recurs, where few characters may mean much work."""
PRIVATE = "It is marked private, and imported it could be seen by all."
PRIVATE_TITLE = "A private entry"
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
    found = _parts(content)
    reading = _Reading(found, FileZones(found, timezone), scope, horizon)
    return reading.read()


def require(content: bytes) -> None:
    """Raise `Malformed` for a file that is no calendar, or too much of one, without reading its events."""
    _parts(content)


def _parts(content: bytes) -> Parts:
    found = parts(decoded(content))
    if found.calendar.value("CALSCALE").upper() not in {"", "GREGORIAN"}:
        raise Malformed("The calendar is not a Gregorian one.")
    return found


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
        self._until = thread_time() + SECONDS
        self._for_series = SECONDS_FOR_SERIES

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
                self._remark(f"There are more than {MOST_IN_ALL:,} events; the others were not read.")
                break
        if self._without_zone == 1:
            self._remark("The time of 1 event is in no time zone: only its day is known.")
        elif self._without_zone:
            self._remark(f"The times of {self._without_zone:,} events are in no time zone: only their days are known.")
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
                uid = part.value("UID")
                known = self._group_id([uid]) if uid else ""
                title = _title(part.value("CLASS"), part.value("SUMMARY"))
                self._refused.append(Refusal(_said(error), known, title))
            else:
                groups.setdefault(words(event, "UID") or number, []).append(event)
        yield from groups.values()

    def _read_group(self, group: Sequence[Event]) -> None:
        for other in _strangers(group):
            self._refuse(other, "Another event of the calendar has the same UID.")
        if not any(map(recurs, group)):
            self._add(max(group, key=sequence), "")
            return
        began, until = thread_time(), self._until
        self._until = min(until, began + self._for_series)
        try:
            self._read_series(group)
        finally:
            self._for_series -= thread_time() - began
            self._until = until

    def _read_series(self, group: Sequence[Event]) -> None:
        self._require_time()
        found = occurrences(group, self._horizon)
        private = next((each for each in group if _is_private(each) and "RECURRENCE-ID" not in each), None)
        if found and private is not None:
            self._refuse(private, PRIVATE)
            return
        for event, name in found[:MOST_OCCURRENCES]:
            self._add(event, name)
        if len(found) > MOST_OCCURRENCES:
            self._refuse(group[0], f"It recurs more than {MOST_OCCURRENCES} times; the later ones were not read.")

    def _add(self, component: Event, name: str) -> None:
        self._require_time()
        event = check(event_of(component, self._id(component, name), self._terms))
        if event.external_id in self._known:
            self._refuse(component, "It is in the calendar twice.")
        elif is_within(event, self._horizon) and _is_private(component):
            self._refused.append(Refusal(PRIVATE, event.external_id, PRIVATE_TITLE))
        elif is_within(event, self._horizon):
            self._known.add(event.external_id)
            self._events.append(event)
            start = moment_of(component, "DTSTART")
            self._without_zone += isinstance(start, datetime) and start.tzinfo is None

    def _id(self, component: Event, name: str) -> str:
        """Return a short name for an event, or for the one of its times that has a `name`; all of its times begin alike."""
        return self._group_id(_identity(component)) + _digest([name])[:12]

    def _group_id(self, said: Sequence[str]) -> str:
        """Return what the names of an event's times begin with."""
        return _digest([self._scope, *said])[:20]

    def _refuse(self, event: Event, reason: str) -> None:
        """Note what cannot be read: of what recurs that may be any of its times."""
        title = _title(words(event, "CLASS"), words(event, "SUMMARY"))
        self._refused.append(Refusal(reason, self._group_id(_identity(event)), title))

    def _remark(self, said: str) -> None:
        self._refused.append(Refusal(said, is_remark=True))

    def _require_time(self) -> None:
        if thread_time() > self._until:
            raise Malformed(
                "The calendar takes too long to read: there is too much in it, or rules that are too complicated."
            )


def _identity(event: Event) -> Sequence[str]:
    """Return by what an event is known: its UID; of one that has none, when it begins and what it is called."""
    uid = words(event, "UID")
    return [uid] if uid else ["", stamp(moment_of(event, "DTSTART")), words(event, "SUMMARY")]


def _is_private(event: Event) -> bool:
    return is_private(words(event, "CLASS"))


def _title(said: str, title: str) -> str:
    """Return how an event is called to whoever reads why it is refused; `said` is its CLASS."""
    return PRIVATE_TITLE if is_private(said) else title[:200]


def _digest(said: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


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
