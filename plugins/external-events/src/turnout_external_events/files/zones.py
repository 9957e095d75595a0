"""The time zones of one iCalendar file: IANA's wherever a name means one, else as the file itself describes them.

The library's own way remembers what files say of time zones for the whole process, so that one file would decide how the
next is read; here each file is read by itself.
"""

import re
from collections.abc import Iterable
from datetime import tzinfo
from io import StringIO
from zoneinfo import ZoneInfo

from babel.core import get_global
from dateutil.tz import tzical

from turnout_external_events.files.components import Part, Parts, name_of
from turnout_external_events.sources.contract import Malformed
from turnout_external_events.sources.reading import zone

_CHANGE = re.compile(
    r"FREQ=YEARLY(;(INTERVAL=1|WKST=[A-Z]{2}|UNTIL=[0-9TZ]{8,16}|COUNT=[0-9]{1,4}"
    r"|BYDAY=[+-]?[0-9]?[A-Z]{2}|BYMONTH=[0-9]{1,2}|BYMONTHDAY=-?[0-9]{1,2}(,[0-9]{1,2}){0,6}))*;?"
)
"""How clocks change: on one day of the year. Any other rule would cost time, and is of no time zone that there is."""
_UNIVERSAL = frozenset(
    {"UTC", "Etc/UTC", "GMT", "Etc/GMT", "Zulu", "Etc/Zulu", "UCT", "Etc/UCT", "Universal", "Etc/Universal"}
)
_MOST_PARTS = 8


class FileZones:
    """The time zones of a file. `default` is the name of the one for times that name none, or None."""

    def __init__(self, parts: Parts, timezone: str | None) -> None:
        self._described = {part.value("TZID").strip("\"'"): part for part in reversed(parts.timezones)}
        self._known: dict[str, tzinfo] = {}
        self.default = _meant(parts.calendar.value("X-WR-TIMEZONE")) or zone(timezone)

    def named(self, tzid: str) -> tzinfo:
        """Return the zone that a property names by ``TZID``. Raises `Malformed` for one that nobody knows."""
        if tzid not in self._known:
            self._known[tzid] = self._find(tzid)
        return self._known[tzid]

    def _find(self, tzid: str) -> tzinfo:
        described = self._described.get(tzid)
        name = _meant(tzid) or (_meant(described.value("X-LIC-LOCATION")) if described is not None else None)
        if name is not None:
            return ZoneInfo(name)
        if described is None:
            raise Malformed(f"Its time zone {tzid!r:.80} is not known, and the file does not describe it.")
        return _as_described(described)


def name_of_zone(found: tzinfo | None, default: str | None) -> str | None:
    """Return the IANA database's name of a zone; None for one that only the file describes.

    Times in UTC are those of `default`: calendars that say their zone once often write all their times so.
    """
    if not isinstance(found, ZoneInfo):
        return None
    return default if found.key in _UNIVERSAL else found.key


def _meant(written: str) -> str | None:
    """Return the IANA zone that is meant by its name, by Windows' name, or by a name after a maker's prefix."""
    said = written.strip().strip("\"'")
    parts = said.strip("/").split("/")
    suffixes = ["/".join(parts[start:]) for start in range(len(parts))] if len(parts) <= _MOST_PARTS else []
    return zone(said, get_global("windows_zone_mapping").get(said), *suffixes)


def _as_described(part: Part) -> tzinfo:
    text = "\r\n".join(("BEGIN:VCALENDAR", "BEGIN:VTIMEZONE", *_plain(part.lines), "END:VTIMEZONE", "END:VCALENDAR"))
    try:
        found = tzical(StringIO(text)).get()
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError):
        found = None
    if found is None:
        raise Malformed(f"What the file says of its time zone {part.value('TZID')!r:.80} cannot be understood.")
    return found


def _plain(lines: Iterable[str]) -> Iterable[str]:
    """Give lines without parameters, and without what is not understood. Raises `Malformed` for rules that are no zone's."""
    for line in lines:
        name, value = name_of(line), line.partition(":")[2].strip()
        if name == "RRULE" and not _CHANGE.fullmatch(value.upper()):
            raise Malformed("What the file says of a time zone is no rule by which clocks change.")
        if name != "X-LIC-LOCATION":
            yield f"{name}:{value}"
