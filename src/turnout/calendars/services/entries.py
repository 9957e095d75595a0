"""Calendar files (RFC 5545): entries as calendars show them, and how they are written.

One way for all of them: what goes with mails, what is read once, and what calendars subscribe to.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from email.utils import parseaddr
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard, vCalAddress, vDuration

from turnout.words import one_line

PUBLISH, CANCEL = "PUBLISH", "CANCEL"
"""What is to be done with a file's entries (RFC 5546): put them into the calendar, or take them out."""
CONFIRMED, TENTATIVE, CANCELLED = "CONFIRMED", "TENTATIVE", "CANCELLED"
MIDNIGHT = time()
REFRESH = timedelta(hours=1)
"""How often calendars that subscribe are asked to look again."""


@dataclass(frozen=True, slots=True)
class Appointment:
    """What is on, when and where. The moments are aware; `timezone` is the one in which they are shown."""

    title: str
    starts_at: datetime
    ends_at: datetime
    timezone: str
    place: str
    organizer: str


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry (VEVENT). What has the same `uid` is the same entry; of two, calendars show the one with the higher `sequence`.

    `stamp` is when it last changed; `status` is CONFIRMED, TENTATIVE or CANCELLED. With `is_busy`, nothing else fits into
    that time of the calendar's owner.
    """

    uid: str
    sequence: int
    stamp: datetime
    status: str
    appointment: Appointment
    description: str = ""
    is_busy: bool = True
    url: str | None = None
    categories: Sequence[str] = ()


def booking_entry(
    code: str, quantity: int, *, sequence: int, stamp: datetime, status: str, appointment: Appointment
) -> Entry:
    """Return the entry of a booking: the same one in mails and in the calendar of one's bookings."""
    description = f"Booking {code}, places: {quantity}"
    return Entry(f"turnout-booking-{code}", sequence, stamp, status, appointment, description)


def write(entries: Iterable[Entry], *, sender: str, method: str = PUBLISH, name: str = "") -> bytes:
    """Return a calendar file. `sender` is whom the installation's mail comes from ("Turnout <turnout@example.com>").

    With a `name` it is one to subscribe to, which calendars show under that name and read again from time to time.
    """
    entries = list(entries)
    file = Calendar()
    file.add("prodid", "-//Turnout//Turnout//EN")
    file.add("version", "2.0")
    file.add("method", method)
    if name:
        file.calendar_name = one_line(name)
        file.add("refresh-interval", vDuration(REFRESH), parameters={"VALUE": "DURATION"})
        file.add("x-published-ttl", vDuration(REFRESH))
    address = parseaddr(sender)[1]
    for entry in entries:
        file.add_component(_component(entry, address))
    if entries:
        _add_zones(file, [entry.appointment for entry in entries])
    return bytes(file.to_ical())


def _component(entry: Entry, address: str) -> Event:
    what = entry.appointment
    found = Event()
    found.add("uid", entry.uid)
    found.add("sequence", entry.sequence)
    found.add("dtstamp", entry.stamp)
    found.add("last-modified", entry.stamp)
    found.add("summary", one_line(what.title))
    starts, ends = _local(what.starts_at, what.timezone), _local(what.ends_at, what.timezone)
    if ends > starts and starts.time() == ends.time() == MIDNIGHT:
        # Whole days, which calendars show above the hours; the end is the day after the last (RFC 5545, section 3.6.1).
        found.add("dtstart", starts.date())
        found.add("dtend", ends.date())
    else:
        found.add("dtstart", starts)
        if ends > starts:
            found.add("dtend", ends)
    optional: dict[str, Any] = {
        "location": one_line(what.place),
        "description": _text(entry.description),
        "url": entry.url,
        "categories": [one_line(category) for category in entry.categories],
    }
    for name, value in optional.items():
        if value:
            found.add(name, value)
    found.add("organizer", _organizer(what.organizer, address), encode=False)
    found.add("status", entry.status)
    found.add("transp", "OPAQUE" if entry.is_busy and entry.status != CANCELLED else "TRANSPARENT")
    return found


def _local(moment: datetime, timezone: str) -> datetime:
    """Return a moment as the clocks there show it; in UTC where they show it twice, because calendars take the first time."""
    local = moment.astimezone(ZoneInfo(timezone))
    return moment.astimezone(ZoneInfo("UTC")) if local.fold else local


def _text(text: str) -> str:
    """Return text without control characters but the ends of its lines, which are all written alike."""
    lines = re.split(r"\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]", text)
    return "\n".join(re.sub(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]", "", line) for line in lines)


def _organizer(name: str, address: str) -> vCalAddress:
    """Return the organizer by name; the address is ours, because theirs is nobody's business."""
    organizer = vCalAddress(f"mailto:{address}")
    organizer.params["CN"] = one_line(name).replace('"', "'")
    return organizer


def _add_zones(file: Calendar, appointments: Sequence[Appointment]) -> None:
    """Add the rules of the time zones, of the years around the appointments rather than of all time."""
    first = min(what.starts_at for what in appointments).year - 1
    last = max(what.ends_at for what in appointments).year + 1
    file.add_missing_timezones(date(first, 1, 1), date(last, 12, 31))
    for zone in file.timezones:
        _correct(zone)


def _correct(zone: Timezone) -> None:
    """Let the changes to summer time begin when they do.

    A change is told as the clocks showed it before it (RFC 5545, section 3.6.5); icalendar tells those forward as
    clocks show them after it, an hour late.
    """
    for rule in zone.walk():
        if not isinstance(rule, TimezoneStandard | TimezoneDaylight):
            continue
        ahead = rule.TZOFFSETTO - rule.TZOFFSETFROM
        if ahead > timedelta(0):
            later = [moment - ahead for moment, _ in rule.rdates]
            rule.DTSTART -= ahead
            if later:
                rule.pop("rdate")
                rule.add("rdate", later)
