"""From the lines of an event to icalendar's component, its times in their zones.

Values are icalendar's; lines are taken apart here. Its own parser looks at each letter of them, which takes too long where
somebody means harm.
"""

import re
from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Event, Parameters
from icalendar.prop import vCategory, vDDDLists, vDDDTypes, vDuration, vInt, vRecur, vText

from turnout_external_events.files.components import EXTRAS, LISTS, TEXTS, Part, name_of
from turnout_external_events.files.zones import FileZones
from turnout_external_events.sources.contract import Malformed

_SINGLE = ("DTSTART", "DTEND", "RECURRENCE-ID")
_LINE = re.compile(r"[^;:]*+((?:;(?:[^\":]++|\"[^\"]*+\")*+)?+):(.*)", re.DOTALL)
"""A property: its name, its parameters, whose values may be quoted, and its value (section 3.1)."""
_PARAMETER = re.compile(r';\s*(TZID|RANGE|FMTTYPE)\s*=\s*("[^"]*"|[^;:,"]*)', re.IGNORECASE)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_DURATION: Any = vDuration
_WORD = re.compile(r"(?:\\.|[^\\,])+", re.DOTALL)


def parsed(part: Part, zones: FileZones) -> Event:
    """Return an event's component. Times in no zone are in the file's, if it has one. Raises `Malformed`, `ValueError`."""
    if part.fault:
        raise Malformed(part.fault)
    own: tzinfo | None = None if zones.default is None else ZoneInfo(zones.default)
    event = Event()
    for line in part.lines:
        name = name_of(line)
        found = _LINE.fullmatch(line)
        if name in TEXTS | EXTRAS:
            if found is not None:
                _add_words(event, name, _parameters(found[1]), found[2])
            continue
        if found is None:
            raise Malformed(f"Its {name} cannot be read.")
        own = _add_times(event, name, _parameters(found[1]), found[2].strip(), zones) or own
    _require_sound(event)
    if own is not None:
        _put_into(event, own)
    return event


def _parameters(written: str) -> dict[str, str]:
    return {name.upper(): value.strip('" ') for name, value in _PARAMETER.findall(written)} if written else {}


def _add_words(event: Event, name: str, said: dict[str, str], written: str) -> None:
    value: Any
    if name == "CATEGORIES":
        value = vCategory([_plain(word) for word in _WORD.findall(written)])
    else:
        # Addresses have no escapes.
        value = vText(written if name in {"URL", *EXTRAS} else _plain(written))
        if said:
            value.params = Parameters(said)
    event.add(name, value, encode=False)


def _plain(written: str) -> str:
    """Return a text without its escapes (section 3.3.11)."""
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], written) if "\\" in written else written


def _add_times(event: Event, name: str, said: dict[str, str], written: str, zones: FileZones) -> tzinfo | None:
    """Add a property of time. Return its zone, where only the file has that. Raises `Malformed`."""
    named = zones.named(said["TZID"]) if "TZID" in said and name in (*_SINGLE, *LISTS) else None
    if name == "RDATE" and not written:
        return None
    try:
        value = _value(name, written, named.key if isinstance(named, ZoneInfo) else None)
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError):
        if name == "SEQUENCE":
            return None
        raise Malformed(f"Its {name} cannot be read.") from None
    if "RANGE" in said:
        value.params["RANGE"] = said["RANGE"].upper()
    event.add(name, value, encode=False)
    return None if isinstance(named, ZoneInfo) else named


def _value(name: str, written: str, zone: str | None) -> Any:
    if name == "SEQUENCE":
        return vInt(int(written))
    if name in {"RRULE", "EXRULE"}:
        return vRecur(vRecur.from_ical(written))
    kind: Any = vDDDLists if name in LISTS else vDDDTypes
    return kind(_DURATION.from_ical(written) if name == "DURATION" else kind.from_ical(written, timezone=zone))


def _require_sound(event: Event) -> None:
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
    for name in LISTS:
        for dates in _each(event.get(name)):
            for each in dates.dts:
                each.dt = (
                    tuple(_in_zone(end, zone) for end in each.dt)
                    if isinstance(each.dt, tuple)
                    else _in_zone(each.dt, zone)
                )


def _each(value: Any) -> Iterator[vDDDLists]:
    if isinstance(value, list):
        yield from value
    elif value is not None:
        yield value


def _in_zone(moment: Any, zone: tzinfo) -> Any:
    return moment.replace(tzinfo=zone) if isinstance(moment, datetime) and moment.tzinfo is None else moment
