"""Time zones as iCalendar files describe them (RFC 5545, section 3.6.5), worked out once for the years that are read.

Whatever follows such rules anew for each time takes long where they are many, or began centuries ago.
"""

import re
from bisect import bisect_right
from calendar import monthrange
from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from typing import Any, NamedTuple

from icalendar.prop import vUTCOffset

from turnout_external_events.files.components import Part, name_of
from turnout_external_events.sources.contract import Malformed

YEARS = range(1970, 2200)
"""For these it is worked out when clocks change by a rule; before and after, they stay as they are."""
MOST_OBSERVANCES = 60
MOST_DATES = 1000
_RULE = re.compile(
    r"FREQ=YEARLY(;(INTERVAL=1|WKST=[A-Z]{2}|UNTIL=[0-9]{8}(T[0-9]{6}Z?)?"
    r"|BYDAY=[+-]?[1-5]?(MO|TU|WE|TH|FR|SA|SU)|BYMONTH=[0-9]{1,2}|BYMONTHDAY=-?[0-9]{1,2}(,-?[0-9]{1,2}){0,6}))*;?"
)
"""How clocks change: on one day of the year. Any other rule is of no time zone that there is."""
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_CANNOT = (LookupError, ValueError, ArithmeticError)


class _Change(NamedTuple):
    """At which moment (in UTC) clocks change, and how far they are from UTC before and after it."""

    at: datetime
    before: timedelta
    after: timedelta


class DescribedZone(tzinfo):
    """A time zone that only a file knows."""

    def __init__(self, part: Part) -> None:
        """Work out what a component VTIMEZONE says. Raises `Malformed`."""
        try:
            self._changes = sorted(change for lines in _observances(part.lines) for change in _changes(lines))
        except _CANNOT:
            self._changes = []
        if part.fault or not self._changes:
            raise Malformed(f"What the file says of its time zone {part.value('TZID')!r:.80} is not understood.")
        # By the clocks that change. What they show twice, or skip, is before the change, and after it where `fold` says so.
        self._starts = (
            [change.at + max(change.before, change.after) for change in self._changes],
            [change.at + min(change.before, change.after) for change in self._changes],
        )

    def utcoffset(self, moment: datetime | None) -> timedelta | None:
        """Return how far clocks are from UTC."""
        if moment is None:
            return None
        return self._offset(bisect_right(self._starts[moment.fold], moment.replace(tzinfo=None)))

    def dst(self, moment: datetime | None) -> None:
        """Return None: nobody asks."""

    def tzname(self, moment: datetime | None) -> None:
        """Return None: what a file calls its zone may be anything."""

    def fromutc(self, moment: datetime) -> datetime:
        """Return what clocks show at a moment in UTC."""
        naive = moment.replace(tzinfo=None)
        place = bisect_right(self._changes, naive, key=lambda change: change.at)
        shown = naive + self._offset(place)
        is_second = place > 0 and shown < self._starts[0][place - 1]
        return shown.replace(tzinfo=self, fold=is_second)

    def _offset(self, passed: int) -> timedelta:
        return self._changes[passed - 1].after if passed else self._changes[0].before


def _observances(lines: list[str]) -> Iterator[dict[str, list[str]]]:
    """Give what is said of each part of the year: values by the names of properties. Raises `ValueError`."""
    said: dict[str, list[str]] = {}
    count = dates = 0
    for line in lines:
        name, value = name_of(line), line.partition(":")[2].strip()
        if name == "BEGIN":
            said, count = {}, count + 1
        elif name == "END":
            yield said
        else:
            said.setdefault(name, []).append(value)
            dates += value.count(",") + 1 if name == "RDATE" else 0
        if count > MOST_OBSERVANCES or dates > MOST_DATES:
            raise ValueError("More than time zones have.")


def _changes(said: dict[str, list[str]]) -> Iterator[_Change]:
    """Give each time that clocks change to what is said. Raises whatever comes of what makes no sense."""
    offset: Any = vUTCOffset
    before, after = (offset.from_ical(said[name][0]) for name in ("TZOFFSETFROM", "TZOFFSETTO"))
    start = _moment(said["DTSTART"][0])
    listed = [_moment(value) for values in said.get("RDATE", ()) for value in values.split(",") if value]
    for moment in {start, *listed}:
        yield _Change(moment - before, before, after)
    for rule in said.get("RRULE", ()):
        if not _RULE.fullmatch(rule.upper()):
            raise ValueError("No rule by which clocks change.")
        for moment in _yearly(dict(part.split("=") for part in rule.upper().split(";") if part), start):
            yield _Change(moment - before, before, after)


def _yearly(rule: dict[str, str], start: datetime) -> Iterator[datetime]:
    """Give the times of a rule after its `start`, one in each of `YEARS`."""
    # Whether the last day is meant by the clock or by UTC makes no difference.
    until = _moment(rule["UNTIL"]) + timedelta(days=1) if "UNTIL" in rule else None
    month = int(rule.get("BYMONTH", start.month))
    for year in YEARS:
        day = _day(rule, year, month, start.day)
        moment = None if day is None else start.replace(year=year, month=month, day=day)
        if moment is not None and start < moment and (until is None or moment < until):
            yield moment


def _day(rule: dict[str, str], year: int, month: int, missing: int) -> int | None:
    """Return the day of a month that a rule says; None if this month has no such day."""
    first, length = monthrange(year, month)
    days = range(1, length + 1)
    named = [int(day) for day in rule.get("BYMONTHDAY", "" if "BYDAY" in rule else str(missing)).split(",") if day]
    possible = {day if day > 0 else length + 1 + day for day in named} if named else days
    place = 0
    if "BYDAY" in rule:
        ordinal = int(rule["BYDAY"][:-2] or 1)
        place = ordinal - 1 if ordinal > 0 else ordinal
        days = range(1 + (_DAYS.index(rule["BYDAY"][-2:]) - first) % 7, length + 1, 7)
    found = [day for day in days if day in possible]
    return found[place] if -len(found) <= place < len(found) else None


def _moment(written: str) -> datetime:
    """Return a time, or the beginning of a day, as it is written."""
    form = "%Y%m%dT%H%M%S" if "T" in written else "%Y%m%d"
    return datetime.strptime(written.rstrip("Z"), form)  # noqa: DTZ007 - clocks that change are in no zone
