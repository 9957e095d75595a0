"""The time zones of one iCalendar file: IANA's wherever a name means one, else as the file itself describes them.

The library's own way remembers what files say of time zones for the whole process, so that one file would decide how the
next is read; here each file is read by itself.
"""

from datetime import tzinfo
from zoneinfo import ZoneInfo

from babel.core import get_global

from turnout_external_events.files.components import Parts
from turnout_external_events.files.observances import DescribedZone
from turnout_external_events.sources.contract import Malformed
from turnout_external_events.sources.reading import zone

_UNIVERSAL = frozenset(
    {"UTC", "Etc/UTC", "GMT", "Etc/GMT", "Zulu", "Etc/Zulu", "UCT", "Etc/UCT", "Universal", "Etc/Universal"}
)
_MOST_PARTS = 8
MOST_DESCRIBED = 50
"""How many zones of a file may be such as nobody else knows."""


class FileZones:
    """The time zones of a file. `default` is the name of the one for times that name none, or None."""

    def __init__(self, parts: Parts, timezone: str | None) -> None:
        self._described = {part.value("TZID").strip("\"'"): part for part in reversed(parts.timezones)}
        self._known: dict[str, tzinfo | str] = {}
        self._own = 0
        self.default = _meant(parts.calendar.value("X-WR-TIMEZONE")) or zone(timezone)

    def named(self, tzid: str) -> tzinfo:
        """Return the zone that a property names by ``TZID``. Raises `Malformed` for one that nobody knows."""
        if tzid not in self._known:
            try:
                self._known[tzid] = self._find(tzid)
            except Malformed as error:
                self._known[tzid] = str(error)
        found = self._known[tzid]
        if isinstance(found, str):
            raise Malformed(found)
        return found

    def _find(self, tzid: str) -> tzinfo:
        described = self._described.get(tzid)
        name = _meant(tzid) or (_meant(described.value("X-LIC-LOCATION")) if described is not None else None)
        if name is not None:
            return ZoneInfo(name)
        if described is None:
            raise Malformed(f"Its time zone {tzid!r:.80} is not known, and the file does not describe it.")
        self._own += 1
        if self._own > MOST_DESCRIBED:
            raise Malformed(f"The file describes more than {MOST_DESCRIBED} time zones of its own.")
        return DescribedZone(described)


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
