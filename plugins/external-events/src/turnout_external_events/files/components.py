"""The parts of an iCalendar file (RFC 5545, section 3.4): found line by line, so that one that is broken spoils no other.

Only the properties that are read here are kept: whatever else there is, is not parsed at all.
"""

import re
from dataclasses import dataclass, field

from turnout_external_events.sources.contract import Malformed

EVENT, TIMEZONE, CALENDAR = "VEVENT", "VTIMEZONE", "VCALENDAR"
OF_CALENDARS = frozenset({"METHOD", "CALSCALE", "X-WR-TIMEZONE"})
OF_EVENTS = frozenset({
    "UID", "SEQUENCE", "SUMMARY", "DESCRIPTION", "LOCATION", "URL", "CATEGORIES", "ATTACH", "IMAGE", "STATUS",
    "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID",
})  # fmt: skip
OF_TIMEZONES = frozenset(
    {"TZID", "X-LIC-LOCATION", "DTSTART", "TZOFFSETFROM", "TZOFFSETTO", "TZNAME", "RRULE", "RDATE"}
)
MOST_EVENTS, MOST_TIMEZONES = 10_000, 500
DEEPEST = 10
LONGEST_LINE = 100_000
LONGEST_EVENT = 200_000
_FOLD = re.compile(r"\n[ \t]")
"""Where a long line goes on (section 3.1)."""
_NAME = re.compile(r"\s*([A-Za-z0-9-]+)\s*[;:]")


@dataclass(slots=True)
class Part:
    """A component of a calendar: its `lines`, unfolded, without BEGIN and END; why it cannot be read (`fault`), if so."""

    name: str
    lines: list[str] = field(default_factory=list)
    size: int = 0
    fault: str = ""

    def add(self, line: str) -> None:
        """Add a line, unless it is too long to be one of an event."""
        self.size += len(line)
        if len(line) > LONGEST_LINE or self.size > LONGEST_EVENT:
            self.fault = f"It is too long: an event may have {LONGEST_EVENT:,} characters, and a line {LONGEST_LINE:,}."
        if not self.fault:
            self.lines.append(line)

    def value(self, name: str) -> str:
        """Return the value of the first property with a name, as it is written; "" if there is none."""
        return next((line.partition(":")[2].strip() for line in self.lines if name_of(line) == name), "")


@dataclass(slots=True)
class Parts:
    """What is in a file: the calendars' own properties, what they say of time zones, and their events."""

    calendar: Part = field(default_factory=lambda: Part(CALENDAR))
    timezones: list[Part] = field(default_factory=list)
    events: list[Part] = field(default_factory=list)


def name_of(line: str) -> str:
    """Return the name of the property of a line, in capitals; "" where it has none."""
    found = _NAME.match(line)
    return found[1].upper() if found else ""


def parts(text: str) -> Parts:
    """Return the parts of a file. Raises `Malformed` for one that is no calendar, or has too much in it."""
    reader = _Reader()
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    for line in _FOLD.sub("", lines).split("\n"):
        reader.read(line)
    return reader.finish()


class _Reader:
    """Follows what begins and ends. What is within events, such as alarms, is passed over."""

    def __init__(self) -> None:
        self._found = Parts()
        self._path: list[str] = []
        self._open: Part | None = None
        self._is_calendar = False

    def read(self, line: str) -> None:
        """Go one line further."""
        name = name_of(line)
        if name == "BEGIN":
            self._begin(line, _component(line))
        elif name == "END":
            self._end(line, _component(line))
        elif self._path == [CALENDAR] and name in OF_CALENDARS:
            self._found.calendar.add(line)
        elif self._open is not None and (
            name in OF_TIMEZONES
            if self._open.name == TIMEZONE
            else name in OF_EVENTS and self._path == [CALENDAR, EVENT]
        ):
            self._open.add(line)

    def finish(self) -> Parts:
        """Return what was found."""
        if not self._is_calendar:
            raise Malformed("This is no iCalendar file: it has no BEGIN:VCALENDAR.")
        self._close("The file ends in the middle of it.")
        return self._found

    def _begin(self, line: str, component: str) -> None:
        if component == EVENT and self._open is not None:
            self._close("It has no end: another begins within it.")
            self._path = [CALENDAR]
        self._path.append(component)
        if len(self._path) > DEEPEST:
            raise Malformed("This is no calendar: its parts are nested too deeply.")
        self._is_calendar = self._is_calendar or self._path == [CALENDAR]
        if self._path in ([CALENDAR, EVENT], [CALENDAR, TIMEZONE]):
            self._open = Part(component)
        elif self._open is not None and self._open.name == TIMEZONE:
            self._open.add(line)

    def _end(self, line: str, component: str) -> None:
        if component not in self._path:
            return
        while self._path.pop() != component:
            pass
        if self._open is None:
            return
        if len(self._path) > 1:
            if self._open.name == TIMEZONE:
                self._open.add(line)
        else:
            self._close("" if component == self._open.name else "It has no end.")

    def _close(self, fault: str) -> None:
        """Keep the part that is open, if one is; `fault` says why it cannot be read."""
        part, self._open = self._open, None
        if part is None:
            return
        part.fault = part.fault or fault
        (self._found.timezones if part.name == TIMEZONE else self._found.events).append(part)
        if len(self._found.events) > MOST_EVENTS or len(self._found.timezones) > MOST_TIMEZONES:
            raise Malformed(f"The calendar has more than {MOST_EVENTS:,} events, or {MOST_TIMEZONES:,} time zones.")


def _component(line: str) -> str:
    return line.partition(":")[2].strip().upper()
