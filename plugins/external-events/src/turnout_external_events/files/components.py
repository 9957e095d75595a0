"""The parts of an iCalendar file (RFC 5545, section 3.4): found line by line, so that one that is broken spoils no other.

Only the properties that are read here are kept: whatever else there is, is not parsed at all.
"""

import re
from dataclasses import dataclass, field

from turnout_external_events.sources.contract import Malformed

EVENT, TIMEZONE, CALENDAR = "VEVENT", "VTIMEZONE", "VCALENDAR"
OF_CALENDARS = frozenset({"METHOD", "CALSCALE", "X-WR-TIMEZONE"})
TEXTS = frozenset({"UID", "SUMMARY", "DESCRIPTION", "LOCATION", "URL", "STATUS", "CLASS"})
"""Properties that say what an event is. Where one is there more than once, the first goes."""
EXTRAS = frozenset({"CATEGORIES", "ATTACH", "IMAGE"})
"""Properties of which there may be some, and none is needed."""
LISTS = frozenset({"RDATE", "EXDATE"})
TIMES = frozenset({"DTSTART", "DTEND", "DURATION", "RRULE", "EXRULE", "RECURRENCE-ID", "SEQUENCE", *LISTS})
"""Properties that say when an event is. Without any of them nobody knows that."""
OF_EVENTS = TEXTS | EXTRAS | TIMES
OF_TIMEZONES = frozenset(
    {"TZID", "X-LIC-LOCATION", "DTSTART", "TZOFFSETFROM", "TZOFFSETTO", "TZNAME", "RRULE", "RDATE"}
)
MOST_EVENTS, MOST_TIMEZONES = 10_000, 500
MOST_LINES = 500_000
LONGEST_TIMES = 2_000_000
"""How many characters a file may have in properties of time: 10,000 events have fewer, and 5,000 that recur."""
WEIGHT_OF_RULES = 5
"""As how many characters one of a rule counts, because reading it takes so much longer."""
MOST_DATES = 1000
"""How many times an event may list: by which it also recurs, or which it leaves out."""
MOST_EXTRAS = 10
DEEPEST = 10
LONGEST_LINE = 100_000
LONGEST_EVENT = 200_000
LONGEST_RULE = 1000
LONGEST_EXTRA = 2000
_FOLD = re.compile(r"\n[ \t]")
"""Where a long line goes on (section 3.1)."""
_NAME = re.compile(r"\s*([A-Za-z0-9-]+)\s*[;:]")


@dataclass(slots=True)
class Part:
    """A component of a calendar: its `lines`, unfolded, without BEGIN and END; why it cannot be read (`fault`), if so."""

    name: str
    lines: list[str] = field(default_factory=list)
    size: int = 0
    dates: int = 0
    seen: dict[str, int] = field(default_factory=dict)
    fault: str = ""

    def add(self, line: str) -> None:
        """Add a line, unless it is too long to be one of an event."""
        self.size += len(line)
        if len(line) > LONGEST_LINE or self.size > LONGEST_EVENT:
            self.fault = f"It is too long: an event may have {LONGEST_EVENT:,} characters, and a line {LONGEST_LINE:,}."
        if not self.fault:
            self.lines.append(line)

    def add_property(self, name: str, line: str) -> None:
        """Add a line of an event, unless it says nothing that is read, or too much."""
        count = self.seen[name] = self.seen.get(name, 0) + 1
        # Of times, the second says that there is one too many.
        if (
            (name in TEXTS and count > 1)
            or (name in TIMES - LISTS and count > 2)
            or (name in EXTRAS and (count > MOST_EXTRAS or len(line) > LONGEST_EXTRA))
        ):
            return
        if name in LISTS:
            self.dates += 1 + line.count(",")
            if self.dates > MOST_DATES:
                self.fault = f"It lists more than {MOST_DATES:,} times."
        elif name in TIMES and len(line) > LONGEST_RULE:
            self.fault = f"Its {name} is not understood: it is too long."
        self.add(line)

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
    lines = _FOLD.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    if lines.count("\n") > MOST_LINES:
        raise Malformed(f"The calendar has more than {MOST_LINES:,} lines.")
    for line in lines.split("\n"):
        reader.read(line)
    return reader.finish()


class _Reader:
    """Follows what begins and ends. What is within events, such as alarms, is passed over."""

    def __init__(self) -> None:
        self._found = Parts()
        self._path: list[str] = []
        self._open: Part | None = None
        self._is_calendar = False
        self._of_times = 0

    def read(self, line: str) -> None:
        """Go one line further."""
        name = name_of(line)
        if name == "BEGIN":
            self._begin(line, _component(line))
        elif name == "END":
            self._end(line, _component(line))
        elif self._path == [CALENDAR] and name in OF_CALENDARS:
            self._found.calendar.add(line)
        elif self._open is None:
            return
        elif self._open.name == TIMEZONE:
            if name in OF_TIMEZONES:
                self._open.add(line)
        elif name in OF_EVENTS and self._path == [CALENDAR, EVENT]:
            if name in TIMES:
                self._of_times += len(line) * (WEIGHT_OF_RULES if name == "RRULE" else 1)
            if self._of_times > LONGEST_TIMES:
                raise Malformed("The calendar says too much of when its events are; import it in parts.")
            self._open.add_property(name, line)

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
