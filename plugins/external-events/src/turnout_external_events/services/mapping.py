"""What an event of elsewhere is as an event here: pure, but for its venue and category, which are looked up."""

import re
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import get_territory_currencies
from sqlalchemy import select
from turnout.plugin import Actor, Session, Settings
from turnout.taxonomy.models import Category

from turnout_external_events.errors import DateUnknown
from turnout_external_events.services.places import VenueMatcher
from turnout_external_events.sources.contract import ExternalEvent, ExternalVenue
from turnout_external_events.sources.reading import zone_of_country

TOGETHER = (
    ("title",),
    ("description",),
    ("starts_at", "ends_at", "timezone"),
    ("venue_id", "location", "country"),
    ("category_id",),
    ("image_url",),
    ("tickets_url",),
    ("price",),
)
"""The fields of an event that a source may say. Those that make sense only together are changed together, or not at all."""
FIELDS = tuple(name for group in TOGETHER for name in group)
A_DAY = timedelta(days=1)
SYNONYMS = {
    "music": ("music", "concerts", "concert"),
    "concert": ("concerts", "music"),
    "concerts": ("concert", "music"),
    "sports": ("sport",),
    "sport": ("sports",),
    "arts-theatre": ("theatre", "theater", "arts"),
    "arts-theater": ("theatre", "theater", "arts"),
    "theater": ("theatre", "arts"),
    "theatre": ("theater", "arts"),
    "film": ("cinema", "films"),
    "family": ("kids", "children"),
    "conference": ("conferences",),
    "festival": ("festivals",),
}
"""Slugs of categories that may be meant by a word, beside the word's own."""


class Mapper:
    """Says what an event here is to be, by what a source says of one."""

    def __init__(self, session: Session, settings: Settings, venues: VenueMatcher) -> None:
        self.session = session
        self.settings = settings
        self.venues = venues
        self._categories: dict[tuple[str, ...], int | None] = {}

    def values(
        self, provider: str, external: ExternalEvent, overrides: Mapping[str, Any], *, actor: Actor
    ) -> dict[str, Any]:
        """Return the fields of the event, with the organizer's own words instead of the source's. Raises `DateUnknown`."""
        said = self.times(external, overrides) | self.what(external) | self.where(provider, external, overrides, actor)
        if overrides.get("currency", said.get("currency")) != said.get("currency"):
            said.pop("price", None)  # so much of something else
        return {**said, **overrides}

    def theirs(self, provider: str, external: ExternalEvent, *, actor: Actor, in_words: bool = False) -> dict[str, Any]:
        """Return what the source itself says of the fields that may follow it, with the currency of a price that it says.

        With `in_words` no venue is looked for, nor made, of what is held somewhere else here.
        """
        said = self.what(external) | (_in_words(external) if in_words else self.where(provider, external, {}, actor))
        with suppress(DateUnknown):
            said |= self.times(external, {})
        names = FIELDS if external.price is None else (*FIELDS, "currency")
        return {name: said[name] for name in names if name in said}

    def what(self, external: ExternalEvent) -> dict[str, Any]:
        """Return what it is, and what it costs where the source says that."""
        said = {
            "title": external.title,
            "description": external.description,
            "category_id": self._category(external.categories),
            "image_url": external.image_url,
            "tickets_url": external.url,
        }
        if external.price is not None:
            return said | {"price": external.price.least, "currency": external.price.currency}
        # A price that the source says later is taken over only in the event's currency, which cannot change.
        currency = _currency(external.venue)
        return said if currency is None else said | {"currency": currency}

    def times(self, external: ExternalEvent, overrides: Mapping[str, Any]) -> dict[str, Any]:
        """Return when it is. Raises `DateUnknown`."""
        zone = overrides.get("timezone") or _zone(external)
        usual = timedelta(hours=self.settings["external_events.event_hours"])
        starts_at, ends_at = _begin(external, zone), _end(external, zone)
        if starts_at is not None and (ends_at is None or ends_at < starts_at):
            ends_at = starts_at + usual
        begins = overrides.get("starts_at")
        if begins is not None:
            ends_at = begins + (ends_at - starts_at if starts_at is not None and ends_at is not None else usual)
            starts_at = begins
        if starts_at is None:
            raise DateUnknown(
                "The source does not say yet when it will be; say it by starts_at, or wait until it does."
            )
        return {"starts_at": starts_at, "ends_at": ends_at, "timezone": zone}

    def where(
        self, provider: str, external: ExternalEvent, overrides: Mapping[str, Any], actor: Actor
    ) -> dict[str, Any]:
        """Return where it is: a venue, which is made if need be, or words."""
        if is_elsewhere(overrides):
            return {"venue_id": None, "location": "", "country": None}
        venue = None if external.venue is None else self.venues.match(provider, external.venue, actor=actor)
        if venue is not None:
            return {"venue_id": venue.id, "location": ""}
        return _in_words(external)

    def _category(self, words: tuple[str, ...]) -> int | None:
        """Return the category that the first of these words means, so that the most specific one decides."""
        if words not in self._categories:
            wanted = [slug for word in words for slug in _slugs(word)]
            rows = self.session.execute(select(Category.slug, Category.id).where(Category.slug.in_(wanted)))
            known = {row.slug: row.id for row in rows}
            self._categories[words] = next((known[slug] for slug in wanted if slug in known), None)
        return self._categories[words]


def is_elsewhere(overrides: Mapping[str, Any]) -> bool:
    """Tell whether an organizer says another place than the source."""
    return overrides.get("venue_id") is not None or bool(overrides.get("location"))


def kept(value: Any) -> Any:
    """Return a field's value as it is kept as JSON, to be compared with later ones."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value.normalize().quantize(Decimal("0.0001"))) if isinstance(value, Decimal) else value


def _zone(external: ExternalEvent) -> str:
    venue = external.venue
    return (
        external.timezone
        or (venue.timezone if venue is not None else None)
        or (zone_of_country(venue.country) if venue is not None else None)
        or "UTC"
    )


def _begin(external: ExternalEvent, zone: str) -> datetime | None:
    """Return when it begins; what has a day and no time, when that day does."""
    if external.starts_at is not None:
        return external.starts_at
    if external.starts_on is None or external.is_estimate:
        return None
    return _midnight(external.starts_on, zone)


def _end(external: ExternalEvent, zone: str) -> datetime | None:
    """Return when it ends; where only days are said, when the last of them is over."""
    if external.ends_at is not None:
        return external.ends_at
    last = external.ends_on or (external.starts_on if external.starts_at is None else None)
    if last is None:
        return None
    # That it ends on the day on which it begins says nothing of when.
    is_said = external.starts_at is None or external.starts_at.astimezone(ZoneInfo(zone)).date() < last
    return _midnight(last + A_DAY, zone) if is_said else None


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def _currency(venue: ExternalVenue | None) -> str | None:
    """Return the currency of the country in which a venue is."""
    if venue is None or venue.country is None:
        return None
    return next(iter(get_territory_currencies(venue.country)), None)


def _in_words(external: ExternalEvent) -> dict[str, Any]:
    """Return where it is, without a venue."""
    venue = external.venue
    parts = () if venue is None else (venue.name, venue.address, venue.city)
    location = external.location or ", ".join(part for part in parts if part)[:300]
    return {"venue_id": None, "location": location, "country": None if venue is None else venue.country}


def _slugs(word: str) -> tuple[str, ...]:
    plain = unicodedata.normalize("NFKD", word).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    return (slug, *SYNONYMS.get(slug, ())) if slug else ()
