"""SeatGeek's events in the neutral shape: what each field says, and what it does not.

    event = read_event(document["events"][0])

Whether texts are clean and short enough, and addresses are of the web, is seen to by external events, for all sources alike.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypeGuard
from zoneinfo import ZoneInfo

from turnout_external_events.sources import (
    CANCELLED,
    POSTPONED,
    RESCHEDULED,
    SCHEDULED,
    ExternalEvent,
    ExternalVenue,
    Malformed,
    PriceRange,
)
from turnout_external_events.sources.reading import amount, country_code, local, utc, zone, zone_of_country

CURRENCY = "USD"
"""SeatGeek says no currency with its prices: it is a market of the United States, and has dollars wherever the event is."""
STATUSES = {"cancelled": CANCELLED, "canceled": CANCELLED, "postponed": POSTPONED, "rescheduled": RESCHEDULED}
"""What SeatGeek says of events, and what that means; anything else, such as "normal" or "contingent": they will be."""
ID = re.compile(r"[0-9]{1,15}", re.ASCII)
"""What the events' numbers look like."""

Document = Mapping[str, Any]


def read_event(raw: Any) -> ExternalEvent:
    """Return an event in the neutral shape. Raises `Malformed`, or what `reading.each` and `reading.one` make it of."""
    if not isinstance(raw, dict):
        raise Malformed("It is no event.")
    place = _document(raw.get("venue"))
    venue = _venue(place)
    timezone = zone(place.get("timezone")) or zone_of_country(country_code(place.get("country")))
    starts_at, starts_on, is_estimate = _when(raw, timezone)
    return ExternalEvent(
        external_id=_id(raw["id"]),
        title=_title(raw),
        starts_at=starts_at,
        starts_on=starts_on,
        is_estimate=is_estimate,
        ends_at=_end(raw, starts_at),
        timezone=timezone,
        status=STATUSES.get(_text(raw.get("status")).casefold(), SCHEDULED),
        description=_text(raw.get("description")),
        venue=venue,
        location=_location(place) if venue is None else "",
        categories=_categories(raw),
        price=_price(_document(raw.get("stats"))),
        url=_text(raw.get("url")) or None,
        image_url=_image(raw),
    )


def named(raw: Any) -> tuple[Any, Any]:
    """Return the id and the title of an event that cannot be read, as far as it has them."""
    return raw.get("id"), _text(raw.get("title"))


def _id(value: Any) -> str:
    """Return an event's number as text."""
    text = str(value) if isinstance(value, int | str) else ""
    if not ID.fullmatch(text):
        raise Malformed(f"Its id is no number: {value!r:.60}.")
    return text


def _title(raw: Document) -> str:
    performers = ", ".join(filter(None, (_text(performer.get("name")) for performer in _performers(raw))))
    title = _text(raw.get("title")) or _text(raw.get("short_title")) or performers
    if not title:
        raise Malformed("It has no title.")
    return title


def _when(raw: Document, timezone: str | None) -> tuple[datetime | None, date | None, bool]:
    """Return when it starts, or else on which day, and whether that is only expected.

    `datetime_utc` is what counts, also where `datetime_local` says otherwise: the zone of a venue may be wrong. But where the
    time is not known, both have a placeholder, 03:30 at the place, and then the day is the one there.
    """
    is_estimate = _flag(raw, "date_tbd")
    if is_estimate or _flag(raw, "time_tbd") or _flag(raw, "datetime_tbd"):
        return None, _day(raw, timezone), is_estimate
    moment = utc(raw.get("datetime_utc"))
    if moment is None and timezone is not None and raw.get("datetime_local") is not None:
        moment = local(raw["datetime_local"], timezone)
    return moment, None if moment else _day(raw, timezone), False


def _day(raw: Document, timezone: str | None) -> date | None:
    """Return the day at the place, None where nothing says it."""
    if raw.get("datetime_local") is not None:
        return local(raw["datetime_local"], "UTC").date()  # the day of a wall clock is the same in whatever zone
    moment = utc(raw.get("datetime_utc"))
    return None if moment is None or timezone is None else moment.astimezone(ZoneInfo(timezone)).date()


def _end(raw: Document, starts_at: datetime | None) -> datetime | None:
    """Return when it ends: not what is counted from a placeholder, nor what is before the start."""
    ends_at = utc(raw.get("enddatetime_utc"))
    return ends_at if starts_at is not None and ends_at is not None and ends_at > starts_at else None


def _flag(raw: Document, name: str) -> bool:
    value = raw.get(name)
    if value is not None and not isinstance(value, bool):
        raise Malformed(f"{name} is neither true nor false: {value!r:.60}.")
    return bool(value)


def _venue(place: Document) -> ExternalVenue | None:
    name = _text(place.get("name"))
    if not name:
        return None
    number, capacity = place.get("id"), place.get("capacity")
    return ExternalVenue(
        name=name,
        id=_id(number) if number is not None else None,
        address=_text(place.get("address")) or _text(place.get("extended_address")),
        city=_text(place.get("city")),
        country=country_code(place.get("country")),
        timezone=zone(place.get("timezone")),
        capacity=capacity if _is_whole(capacity) and capacity > 0 else None,  # 0: nobody has said it
    )


def _location(place: Document) -> str:
    """Return where it is in words, where the place has no name."""
    parts = (_text(place.get(name)) for name in ("address", "city", "state", "country"))
    return _text(place.get("extended_address")) or ", ".join(filter(None, parts))


def _categories(raw: Document) -> tuple[str, ...]:
    """Return the names of its taxonomies, the most specific first, and its type."""
    taxonomies = _documents(raw.get("taxonomies"))
    parents = {one["id"]: one.get("parent_id") for one in taxonomies if _is_whole(one.get("id"))}

    def depth(taxonomy: Document) -> int:
        """Count those above it, as far as the event has them."""
        above, seen = taxonomy.get("parent_id"), set()
        while _is_whole(above) and above not in seen:
            seen.add(above)
            above = parents.get(above)
        return len(seen)

    names = [_text(one.get("name")) for one in sorted(taxonomies, key=depth, reverse=True)] + [_text(raw.get("type"))]
    return tuple(dict.fromkeys(name.replace("_", " ") for name in names if name))


def _price(stats: Document) -> PriceRange | None:
    """Return what its tickets cost. Often none are listed, and there is nothing to say."""
    least, most = amount(stats.get("lowest_price")), amount(stats.get("highest_price"))
    return None if least is None else PriceRange(least, max(least, most or least), CURRENCY)


def _image(raw: Document) -> str | None:
    """Return the picture of who it is about; else that of anybody who is there."""
    performers = sorted(_performers(raw), key=lambda performer: performer.get("primary") is not True)
    return next(filter(None, (_text(performer.get("image")) for performer in performers)), None)


def _performers(raw: Document) -> list[Document]:
    return _documents(raw.get("performers"))


def _documents(value: Any) -> list[Document]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _document(value: Any) -> Document:
    return value if isinstance(value, dict) else {}


def _is_whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
