"""From the lines of an event to icalendar's component, its times in their zones."""

import re
from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Event
from icalendar.prop import vDDDLists, vDDDTypes

from turnout_external_events.files.components import Part, name_of
from turnout_external_events.files.zones import FileZones
from turnout_external_events.sources.contract import Malformed

_SINGLE = ("DTSTART", "DTEND", "RECURRENCE-ID")
_LISTS = ("RDATE", "EXDATE")
_DECISIVE = frozenset({*_SINGLE, *_LISTS, "DURATION", "RRULE"})
"""Properties without which nobody knows when an event is: where one cannot be read, the event is not."""
_TZID = re.compile(r""";\s*TZID\s*=\s*("[^"]*"|[^;:,"]*)""", re.IGNORECASE)


def parsed(part: Part, zones: FileZones) -> Event:
    """Return an event's component. Times in no zone are in the file's, if it has one. Raises `Malformed`, `ValueError`."""
    if part.fault:
        raise Malformed(part.fault)
    own: tzinfo | None = None if zones.default is None else ZoneInfo(zones.default)
    lines = []
    for line in part.lines:
        zone, written = _zoned(line, zones)
        own = own if zone is None else zone
        lines.append(written)
    event = Event.from_ical("\r\n".join(("BEGIN:VEVENT", *lines, "END:VEVENT", "")))
    if not isinstance(event, Event):
        raise Malformed("It is no event.")
    _require_sound(event)
    if own is not None:
        _put_into(event, own)
    return event


def _zoned(line: str, zones: FileZones) -> tuple[tzinfo | None, str]:
    """Return a line with the IANA database's name of its zone; or without, and the zone, where only the file has it."""
    named = _TZID.search(line.partition(":")[0]) if name_of(line) in (*_SINGLE, *_LISTS) else None
    if named is None:
        return None, line
    zone = zones.named(named[1].strip('" '))
    before, after = line[: named.start()], line[named.end() :]
    return (None, f"{before};TZID={zone.key}{after}") if isinstance(zone, ZoneInfo) else (zone, before + after)


def _require_sound(event: Event) -> None:
    broken = next((name for name, _ in event.errors if name in _DECISIVE or name is None), None)
    if broken is not None or (event.errors and "DTSTART" not in event):
        raise Malformed(f"Its {broken or 'DTSTART'} cannot be read.")
    if "DTSTART" not in event:
        raise Malformed("It does not say when it begins (DTSTART).")
    for name in _SINGLE:
        value = event.get(name)
        if value is not None and not (isinstance(value, vDDDTypes) and hasattr(value.dt, "year")):
            raise Malformed(f"Its {name} is there more than once, or is no date.")


def _put_into(event: Event, zone: tzinfo) -> None:
    """Put the event's times that are in no zone into `zone`."""
    for name in _SINGLE:
        if name in event:
            value: Any = event[name]
            value.dt = _in_zone(value.dt, zone)
    for name in _LISTS:
        for dates in _each(event.get(name)):
            for each in dates.dts:
                each.dt = (
                    tuple(_in_zone(end, zone) for end in each.dt)
                    if isinstance(each.dt, tuple)
                    else _in_zone(each.dt, zone)
                )


def _each(value: Any) -> list[vDDDLists]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _in_zone(moment: Any, zone: tzinfo) -> Any:
    return moment.replace(tzinfo=zone) if isinstance(moment, datetime) and moment.tzinfo is None else moment
