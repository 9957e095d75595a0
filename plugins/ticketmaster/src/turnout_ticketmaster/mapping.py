"""An event as Ticketmaster writes it, read with care: most of its members may be missing, and any may be odd.

What an event must have is its id and name. A date or a price that cannot be understood is told from one that is missing: the
first makes the event one that cannot be read (`Malformed`), because nobody is to come on a wrong day; the second is left out.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
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
from turnout_external_events.sources.reading import amount, country_code, instant, local, zone, zone_of_country

from turnout_ticketmaster.members import Raw, flag_of, is_true, object_of, objects_of, text_of

ID = "[A-Za-z0-9_-]{1,64}"
STATUSES = {
    "canceled": CANCELLED,
    "cancelled": CANCELLED,
    "postponed": POSTPONED,
    "rescheduled": RESCHEDULED,
}
"""What `dates.status.code` means; "onsale", "offsale" and whatever else there may be: it takes place."""
SAYING_NOTHING = frozenset({"undefined", "other", "miscellaneous"})
"""Names of classifications that are none."""
WIDTH, LEAST_WIDTH = 1024, 640
"""Pixels that a picture should have across a page, and at least."""


def name_of(raw: Any) -> tuple[Any, Any]:
    """Return an event's id and name as they are, for reports."""
    return raw.get("id"), raw.get("name")


def read_event(raw: Any) -> ExternalEvent:
    """Return an event. Raises `Malformed`, and what reading odd JSON raises."""
    external_id, title = raw["id"], raw["name"]
    if not isinstance(external_id, str) or not re.fullmatch(ID, external_id):
        raise Malformed("Its id is none of Ticketmaster's.")
    if not isinstance(title, str) or not title.strip():
        raise Malformed("It has no name.")
    if flag_of(raw, "test"):
        raise Malformed("It is a test of Ticketmaster's, and no real event.")
    dates, place = object_of(raw, "dates"), _place(raw)
    country = _country(place)
    timezone = zone(dates.get("timezone"), place.get("timezone")) or zone_of_country(country)
    starts_at, starts_on, is_estimate = _beginning(object_of(dates, "start"), timezone)
    ends_at, ends_on = _end(object_of(dates, "end"), timezone, starts_at, starts_on)
    venue = _venue(place, country)
    return ExternalEvent(
        external_id,
        title.strip(),
        starts_at=starts_at,
        starts_on=starts_on,
        is_estimate=is_estimate,
        ends_at=ends_at,
        ends_on=ends_on,
        timezone=timezone,
        status=STATUSES.get(text_of(object_of(dates, "status"), "code").lower(), SCHEDULED),
        description=_description(raw),
        venue=venue,
        location="" if venue else _location(place),
        categories=tuple(_categories(raw)),
        price=_price(raw),
        url=text_of(raw, "url") or None,
        image_url=_image_url(raw),
    )


def _beginning(start: Raw, timezone: str | None) -> tuple[datetime | None, date | None, bool]:
    """Return when it begins, or on which day, and whether that is only expected."""
    is_estimate = flag_of(start, "dateTBA", "dateTBD")
    is_untimed = flag_of(start, "timeTBA", "noSpecificTime")
    if not is_estimate and not is_untimed:
        moment = _moment(start, timezone)
        if moment is not None:
            return moment, None, False
    return None, _day(start, timezone), is_estimate


def _end(
    end: Raw, timezone: str | None, starts_at: datetime | None, starts_on: date | None
) -> tuple[datetime | None, date | None]:
    """Return when it ends, or else on which day: not what is only about so, nor what is before it begins."""
    if flag_of(end, "approximate"):
        return None, None
    is_untimed = flag_of(end, "noSpecificTime")
    if starts_at is not None:
        moment = None if is_untimed else _moment(end, timezone)
        if moment is not None:
            return (moment if moment > starts_at else None), None
        starts_on = starts_at.astimezone(ZoneInfo(timezone or "UTC")).date()
    last = _day(end, timezone)
    return None, last if last is not None and starts_on is not None and last >= starts_on else None


def _moment(when: Raw, timezone: str | None) -> datetime | None:
    """Return the moment that is said: `dateTime` has it, wherever that is; a local time needs a zone."""
    moment = instant(when.get("dateTime"))
    if moment is not None:
        return moment
    day, time = when.get("localDate"), when.get("localTime")
    return local(f"{day}T{time}", timezone) if day and time and timezone else None


def _day(when: Raw, timezone: str | None) -> date | None:
    """Return the day at the place."""
    said = when.get("localDate")
    if said is not None:
        return date.fromisoformat(said)
    moment = instant(when.get("dateTime"))
    return moment.astimezone(ZoneInfo(timezone)).date() if moment is not None and timezone else None


def _place(raw: Raw) -> Raw:
    """Return the first venue that has a name, or else the first."""
    found = [place for place in objects_of(object_of(raw, "_embedded"), "venues") if place]
    return next((place for place in found if text_of(place, "name")), found[0] if found else {})


def _country(place: Raw) -> str | None:
    country = object_of(place, "country")
    return country_code(country.get("countryCode"), country.get("name"))


def _venue(place: Raw, country: str | None) -> ExternalVenue | None:
    name = text_of(place, "name")
    if not name:
        return None
    return ExternalVenue(
        name,
        id=text_of(place, "id") or None,
        address=_address(place),
        city=text_of(object_of(place, "city"), "name"),
        country=country,
        timezone=zone(place.get("timezone")),
    )


def _address(place: Raw) -> str:
    address = object_of(place, "address")
    return ", ".join(filter(None, (text_of(address, "line1"), text_of(address, "line2"))))


def _location(place: Raw) -> str:
    """Return in words where a place is that has no name."""
    parts = (_address(place), *(text_of(object_of(place, name), "name") for name in ("city", "state", "country")))
    return ", ".join(filter(None, parts))


def _description(raw: Raw) -> str:
    """Return what is told, and what is to be minded, each once."""
    said = (text_of(raw, "description") or text_of(raw, "info"), text_of(raw, "pleaseNote"))
    return "\n\n".join(dict.fromkeys(filter(None, said)))


def _categories(raw: Raw) -> Iterator[str]:
    """Return what kinds of event it is, the most specific first, those of its main classification before others."""
    seen = set(SAYING_NOTHING)
    for classification in sorted(objects_of(raw, "classifications"), key=lambda each: not is_true(each, "primary")):
        for level in ("subGenre", "genre", "segment"):
            name = text_of(object_of(classification, level), "name")
            if name and name.casefold() not in seen:
                seen.add(name.casefold())
                yield name


def _price(raw: Raw) -> PriceRange | None:
    """Return the lowest and the highest price of the first currency; None where that is not sure."""
    ranges = [found for found in map(_range, objects_of(raw, "priceRanges")) if found is not None]
    if not ranges:
        return None
    currency = ranges[0].currency
    same = [found for found in ranges if found.currency == currency]
    return PriceRange(min(found.least for found in same), max(found.most for found in same), currency)


def _range(said: Raw) -> PriceRange | None:
    currency = text_of(said, "currency").upper()
    least, most = amount(said.get("min")), amount(said.get("max", said.get("min")))
    if not re.fullmatch("[A-Z]{3}", currency) or least is None or most is None or least > most:
        return None
    return PriceRange(least, most, currency)


def _image_url(raw: Raw) -> str | None:
    """Return the picture that is best across a page: the event's own, not one that stands for many; wide; of about that width."""
    pictures = [picture for picture in objects_of(raw, "images") if re.match("https?://", text_of(picture, "url"))]
    best = min(pictures, key=_unfitness, default=None)
    return None if best is None else text_of(best, "url")


def _unfitness(picture: Raw) -> tuple[bool, bool, int]:
    width = picture.get("width")
    width = width if isinstance(width, int) else 0
    is_wide = picture.get("ratio") == "16_9" and width >= LEAST_WIDTH
    return is_true(picture, "fallback"), not is_wide, abs(width - WIDTH)
