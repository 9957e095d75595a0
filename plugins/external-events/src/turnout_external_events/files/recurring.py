"""What recurs (RFC 5545, section 3.8.5): each time that it takes place, within bounds of time and memory.

The times themselves are found by recurring-ical-events. It follows any rule for as long as that takes: one that never comes
(30 February) to the year 9999. So rules that would take long are refused before.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import MAXYEAR, UTC, date, datetime, timedelta
from typing import Any

from dateutil.rrule import rrulestr
from icalendar import Calendar, Event
from icalendar.prop import vRecur
from recurring_ical_events import CalendarQuery

from turnout_external_events.sources.contract import Malformed

MOST_OCCURRENCES = 366
MOST_STEPS = 100_000
"""How many times a rule may have given up to the end of the horizon."""
MOST_VERSIONS = 1000
"""How many times of a series may be otherwise than its rule says."""
MOST_TIMES_A_DAY = 24
LONGEST = timedelta(days=366)
_DAYS = {"DAILY": 1, "WEEKLY": 7, "MONTHLY": 28, "YEARLY": 365}
_PARTS = frozenset({
    "FREQ", "UNTIL", "COUNT", "INTERVAL", "WKST", "BYSETPOS",
    "BYMONTH", "BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY", "BYHOUR", "BYMINUTE", "BYSECOND",
})  # fmt: skip
_OF_TIMES = ("BYHOUR", "BYMINUTE", "BYSECOND")
_CYCLE = 400
"""After so many years each date is on the same day of the week again."""
Moment = date
"""A day, or a `datetime`, which is a kind of it: in a zone, or in none."""


def recurs(event: Event) -> bool:
    """Tell whether an event takes place more than once, or is one time of one that does."""
    return any(name in event for name in ("RRULE", "RDATE", "RECURRENCE-ID"))


def occurrences(events: Sequence[Event], horizon: tuple[datetime, datetime]) -> list[tuple[Event, str]]:
    """Return each time of an event within `horizon`, the first first, with what names it among the others.

    `events` are all components with the event's UID: the event, and those of its times that are otherwise. A time is named by
    the day on which it was to be by the rule, in the zone of the series, however it was moved; so names stay when all of a
    series is moved by an hour. Where it is not at the series' own time of day, the time belongs to the name: a day may have
    several. The time at which the series itself begins is named "", as an event is that does not recur: an event that begins
    to recur stays the first of its times. Names do change with the day of the week, and when a series is made to begin on
    another day. There are at most one more than `MOST_OCCURRENCES`. Raises `Malformed`, and whatever the library raises on
    what makes no sense.
    """
    if len(events) > MOST_VERSIONS:
        raise Malformed(f"More than {MOST_VERSIONS:,} events of the calendar have its UID.")
    for event in events:
        _require_bearable(event, horizon)
    calendar = Calendar()
    for event in events:
        calendar.add_component(event)
    moved = {stamp(moment_of(event, "RECURRENCE-ID")): event for event in events if _is_for_future(event)}
    series = [event for event in events if "RECURRENCE-ID" not in event]
    begin = moment_of(max(series, key=sequence), "DTSTART") if series else None
    found = sorted(CalendarQuery(calendar).between(*horizon), key=lambda event: sortable(moment_of(event, "DTSTART")))
    return [(event, _name(_planned(event, moved), begin)) for event in found[: MOST_OCCURRENCES + 1]]


def sequence(event: Event) -> int:
    """Return the number of an event's version; it counts up whenever its organizer changes it."""
    sequence = event.get("SEQUENCE", -1)
    return sequence if isinstance(sequence, int) else -1


def moment_of(event: Event, name: str) -> Moment:
    """Return the day or time that a property says, which is there."""
    value: Any = event[name]
    moment: Moment = value.dt
    return moment


def stamp(moment: Moment) -> str:
    """Return a moment such that it is written alike in every time zone."""
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        return f"{moment.timestamp():.0f}"
    return moment.isoformat()


def sortable(moment: Moment) -> str:
    """Return what days and times, in a zone or in none, are compared and sorted by."""
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat()


def _planned(event: Event, moved: dict[str, Event]) -> Moment:
    """Return when an occurrence was to be by the rule."""
    named = moment_of(event, "RECURRENCE-ID")
    if stamp(named) not in moved or not _is_for_future(event):
        return named
    # All later times follow the one that was moved, and have its RECURRENCE-ID.
    moving = moved[stamp(named)]
    return moment_of(event, "DTSTART") - (moment_of(moving, "DTSTART") - moment_of(moving, "RECURRENCE-ID"))


def _name(planned: Moment, begin: Moment | None) -> str:
    """Return what names a time of a series that begins at `begin`; None: only times of it are known."""
    if begin is not None and stamp(planned) == stamp(begin):
        return ""
    if not isinstance(planned, datetime):
        return planned.isoformat()
    if not isinstance(begin, datetime):
        return planned.date().isoformat()
    if planned.tzinfo is not None and begin.tzinfo is not None:
        planned = planned.astimezone(begin.tzinfo)
    is_usual = planned.time() == begin.time()
    return planned.date().isoformat() if is_usual else planned.replace(tzinfo=None).isoformat()


def _is_for_future(event: Event) -> bool:
    named: Any = event.get("RECURRENCE-ID")
    return named is not None and named.params.get("RANGE") == "THISANDFUTURE"


def _require_bearable(event: Event, horizon: tuple[datetime, datetime]) -> None:
    if "EXRULE" in event:
        raise Malformed("It leaves out times by a rule (EXRULE), which is not understood.")
    if "DTEND" in event and _day(moment_of(event, "DTEND")) - _day(moment_of(event, "DTSTART")) > LONGEST:
        raise Malformed("It recurs, and lasts longer than a year each time.")
    rule = event.get("RRULE")
    if rule is None:
        return
    if not isinstance(rule, vRecur):
        raise Malformed("It has more than one rule by which it recurs, or one that cannot be read.")
    begin, end = _day(moment_of(event, "DTSTART")), horizon[1].date()
    _require_bearable_rule(rule, (end - begin).days)
    if not _comes(rule, begin, end):
        raise Malformed("The rule by which it recurs never comes.")


def _comes(rule: vRecur, begin: date, end: date) -> bool:
    """Tell whether a rule gives a time after the `end`, or is over by then.

    It is tried as many cycles of the calendar later as there is room for, so that there is an end to trying.
    """
    days = set(rule) - {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", *_OF_TIMES}
    if not days or (days == {"BYDAY"} and _only(rule, "FREQ") == "WEEKLY"):
        return True
    later = (MAXYEAR - max(begin, end).year) // _CYCLE * _CYCLE
    first, last = (datetime(day.year + later, day.month, day.day) for day in (begin, end))  # noqa: DTZ001 - rules are in no zone
    count = _only(rule, "COUNT", 0)
    endless: Any = vRecur(
        {name: value for name, value in rule.items() if name != "UNTIL" and (name != "COUNT" or count > 0)}
    )
    found = 0
    for moment in rrulestr(endless.to_ical().decode(), dtstart=first):
        found += 1
        if moment > last:
            return True
    return found == count > 0


def _require_bearable_rule(rule: vRecur, days: int) -> None:
    """Raise `Malformed` for a rule that asks for too much within so many days since it began."""
    unknown = sorted(set(rule) - _PARTS)
    if unknown:
        raise Malformed(f"The rule by which it recurs is not understood: {', '.join(unknown)[:80]}.")
    period = _DAYS.get(str(_only(rule, "FREQ")).upper())
    if period is None:
        raise Malformed("It recurs more often than daily, which is not read.")
    interval = _only(rule, "INTERVAL", 1)
    if not isinstance(interval, int) or interval < 1:
        raise Malformed("The rule by which it recurs has an interval of less than one.")
    times = math.prod(len(list(_each(rule.get(name, (0,))))) for name in _OF_TIMES)
    if times > MOST_TIMES_A_DAY:
        raise Malformed(f"It recurs more than {MOST_TIMES_A_DAY} times a day.")
    by_day = any(name.startswith("BY") and name not in _OF_TIMES for name in rule)
    if times * (days if by_day else days // (period * interval)) > MOST_STEPS:
        raise Malformed("It has recurred for too long; let it begin later.")


def _only(rule: vRecur, name: str, missing: Any = None) -> Any:
    values = list(_each(rule.get(name, missing)))
    return values[0] if len(values) == 1 else None


def _each(values: Any) -> Iterator[Any]:
    if isinstance(values, Iterable) and not isinstance(values, str | bytes):
        yield from values
    else:
        yield values


def _day(moment: Moment) -> date:
    return moment.date() if isinstance(moment, datetime) else moment
