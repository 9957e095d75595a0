"""What a component VEVENT says, as an event of elsewhere (RFC 5545, section 3.6.1; RFC 7986 for IMAGE)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Event

from turnout_external_events.files.recurring import Moment, moment_of, sortable
from turnout_external_events.files.zones import name_of_zone
from turnout_external_events.sources.contract import CANCELLED, SCHEDULED, ExternalEvent, Malformed

A_DAY = timedelta(days=1)
_PICTURE = re.compile(r"[^?#]*\.(jpe?g|png|webp|gif)([?#].*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Terms:
    """What goes for all events of a file: the name of its time zone, if it says one, and whether it calls them off."""

    timezone: str | None
    is_cancellation: bool


def event_of(component: Event, external_id: str, terms: Terms) -> ExternalEvent:
    """Return what a component says. Raises `Malformed`."""
    title = words(component, "SUMMARY")
    if not title:
        raise Malformed("It has no title (SUMMARY).")
    is_cancelled = terms.is_cancellation or words(component, "STATUS").upper() == "CANCELLED"
    return ExternalEvent(
        external_id=external_id,
        title=title,
        status=CANCELLED if is_cancelled else SCHEDULED,
        description=words(component, "DESCRIPTION"),
        location=words(component, "LOCATION"),
        categories=tuple(_categories(component)),
        url=_address(words(component, "URL")),
        image_url=next(_pictures(component), None),
        **_times(moment_of(component, "DTSTART"), _end(component), terms.timezone),
    )


def is_private(said: str) -> bool:
    """Tell by its CLASS whether not everybody may see an event. A word that is not known means that, too (section 3.8.1.3)."""
    return said.strip().upper() not in {"", "PUBLIC"}


def words(component: Event, name: str) -> str:
    """Return the text of a property, the first where there are some; "" where there is none."""
    value = next(_all(component, name), None)
    return "" if value is None else str(value).strip()


def is_within(event: ExternalEvent, horizon: tuple[datetime, datetime]) -> bool:
    """Tell whether an event takes place, at least in part, within `horizon`. A day is the zone's, or UTC's where none is known."""
    if event.starts_at is not None:
        starts_at, ends_at = event.starts_at, event.ends_at or event.starts_at
    else:
        assert event.starts_on is not None  # noqa: S101 - of an event in a file one of both is known
        zone = ZoneInfo(event.timezone or "UTC")
        starts_at = datetime.combine(event.starts_on, time(), zone)
        ends_at = datetime.combine((event.ends_on or event.starts_on) + A_DAY, time(), zone)
    return starts_at < horizon[1] and ends_at >= horizon[0]


def _times(start: Moment, end: Moment | None, default: str | None) -> dict[str, Any]:
    """Return when it is, as far as that is known: of a time in no zone the day."""
    if end is not None and sortable(end) < sortable(start):
        raise Malformed("It ends before it begins.")
    if isinstance(start, datetime):
        if start.tzinfo is None:
            return {"starts_on": start.date(), "ends_on": _last_day(start, end)}
        has_end = isinstance(end, datetime) and end.tzinfo is not None and end != start
        return {
            "starts_at": start.astimezone(UTC),
            "ends_at": end.astimezone(UTC) if has_end and isinstance(end, datetime) else None,
            "timezone": name_of_zone(start.tzinfo, default),
        }
    return {"starts_on": start, "ends_on": _last_day(start, end), "timezone": default}


def _last_day(start: Moment, end: Moment | None) -> date | None:
    """Return the last day of what lasts longer than one; None also where a day and a time, or two zones, cannot be compared.

    A night that ends in the morning is one day.
    """
    if isinstance(start, datetime):
        is_longer = isinstance(end, datetime) and end.tzinfo is None and end - start > A_DAY
        return (end - timedelta.resolution).date() if is_longer and isinstance(end, datetime) else None
    is_longer = end is not None and not isinstance(end, datetime) and end - start > A_DAY
    return end - A_DAY if is_longer and end is not None else None


def _end(component: Event) -> Moment | None:
    """Return when it ends: of whole days the day after, as iCalendar has it; None where nothing says it."""
    if "DTEND" in component:
        return moment_of(component, "DTEND")
    duration = next(_all(component, "DURATION"), None)
    if duration is None:
        return None
    start, lasts = moment_of(component, "DTSTART"), duration.td
    if not isinstance(start, datetime) or start.tzinfo is None:
        return start + lasts
    # Days are the calendar's, hours are of sixty minutes also in the night when the clocks change (section 3.3.6).
    return (start + timedelta(days=lasts.days)).astimezone(UTC) + timedelta(seconds=lasts.seconds)


def _categories(component: Event) -> Iterator[str]:
    for value in _all(component, "CATEGORIES"):
        for word in getattr(value, "cats", ()):
            if str(word).strip():
                yield str(word).strip()


def _pictures(component: Event) -> Iterator[str]:
    """Give the addresses of pictures: what is called one, or looks like one by its name or media type."""
    for value in _all(component, "IMAGE"):
        yield from filter(None, [_address(str(value))])
    for value in _all(component, "ATTACH"):
        address = _address(str(value))
        media_type = str(getattr(value, "params", {}).get("FMTTYPE", ""))
        if address and (media_type.lower().startswith("image/") or (not media_type and _PICTURE.fullmatch(address))):
            yield address


def _address(written: str) -> str | None:
    return written if re.match(r"https?://", written, re.IGNORECASE) else None


def _all(component: Event, name: str) -> Iterator[Any]:
    values = component.get(name)
    if isinstance(values, list):
        yield from values
    elif values is not None:
        yield values
