"""How the fake searches: SeatGeek's parameters, one page at a time, and nothing past the ten thousandth result."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from turnout_seatgeek.fake.catalog import Catalog
from turnout_seatgeek.fake.programme import Document

DEEPEST = 10_000
USUAL_PAGE, LARGEST_PAGE = 10, 100
REMEMBERED = 32
_MOMENT = re.compile(r"(datetime_utc|datetime_local)(?:\.(gte|gt|lte|lt))?")
_COMPARE: dict[str | None, Callable[[str, str], bool]] = {
    None: lambda found, wanted: found == wanted,
    "gte": lambda found, wanted: found >= wanted,
    "gt": lambda found, wanted: found > wanted,
    "lte": lambda found, wanted: found <= wanted,
    "lt": lambda found, wanted: found < wanted,
}
_SORTED_BY = {"datetime_utc", "datetime_local", "id", "score", "announce_date"}

Query = tuple[tuple[str, str], ...]


class BadQuery(ValueError):
    """A parameter does not say what it should."""


class Search:
    """Searches a catalog. What was found is remembered, so that the next page costs no more than its events."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._found = lru_cache(REMEMBERED)(self._find)

    def page(self, asked: Mapping[str, str]) -> Document:
        """Return a page of events as SeatGeek answers it. Raises `BadQuery`."""
        page = _whole(asked, "page", 1, 10**9)
        size = _whole(asked, "per_page", USUAL_PAGE, LARGEST_PAGE)
        words = {name: value for name, value in asked.items() if name not in {"page", "per_page"}}
        ids = self._found(self._catalog.version, tuple(sorted(words.items())))
        shown = ids[:DEEPEST][(page - 1) * size : page * size]
        return {
            "events": [self._catalog.shown(event_id) for event_id in shown if event_id in self._catalog],
            "meta": {"total": len(ids), "took": 1, "page": page, "per_page": size, "geolocation": None},
        }

    def _find(self, _version: int, query: Query) -> list[int]:
        asked = dict(query)
        sort, _, direction = asked.pop("sort", "datetime_utc.asc").partition(".")
        if sort not in _SORTED_BY or direction not in {"asc", "desc"}:
            raise BadQuery("The sort is not known.")
        tests = [test for name, value in asked.items() if (test := _test(name, value)) is not None]
        ids = self._catalog.ids(
            _seconds(asked.get("datetime_utc.gte", "")), _seconds(asked.get("datetime_utc.lte", "~"))
        )
        if tests:
            ids = [event["id"] for event in self._catalog.events(ids) if all(test(event) for test in tests)]
        if sort != "datetime_utc":
            ids = [event["id"] for event in sorted(self._catalog.events(ids), key=lambda event: str(event[sort]))]
        return ids[::-1] if direction == "desc" else ids


def _test(name: str, value: str) -> Callable[[Document], bool] | None:
    """Return what tells whether an event is meant by a parameter; None for those by which nothing is left out here."""
    if name in {"datetime_utc.gte", "datetime_utc.lte"}:
        return None  # by these, the catalog is cut
    if moment := _MOMENT.fullmatch(name):
        field, compare, wanted = moment[1], _COMPARE[moment[2]], _seconds(value)
        return lambda event: event[field] is not None and compare(event[field], wanted)
    words = value.casefold().split()
    if name == "q":
        return lambda event: all(word in _said(event) for word in words)
    wanted_values = set(value.casefold().split(","))
    if name in {"id", "type"}:
        return lambda event: str(event[name]).casefold() in wanted_values
    part, _, field = name.partition(".")
    if part == "venue" and field in {"city", "state", "country", "postal_code", "id"}:
        return lambda event: str((event["venue"] or {}).get(field)).casefold() == value.casefold()
    if part in {"taxonomies", "performers"} and field in {"id", "name", "slug"}:
        return lambda event: any(str(one.get(field)).casefold() in wanted_values for one in event[part])
    return None


def _said(event: Document) -> str:
    """Return the words by which an event is found."""
    venue = event["venue"] or {}
    words: list[Any] = [event["title"], event["short_title"], venue.get("name"), venue.get("city")]
    words += [performer["name"] for performer in event["performers"]]
    return " ".join(str(word) for word in words if word).casefold()


def _seconds(value: str) -> str:
    """Return a time as events have it. Raises `BadQuery`, also for one that names a zone: here, none does."""
    if value in {"", "~"}:
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise BadQuery("A datetime is not one.") from None
    if moment.tzinfo is not None:
        raise BadQuery("A datetime has a zone.")
    return moment.isoformat(timespec="seconds")


def _whole(asked: Mapping[str, str], name: str, usual: int, most: int) -> int:
    value = asked.get(name, str(usual))
    if not re.fullmatch("[0-9]{1,9}", value) or not 1 <= int(value) <= most:
        raise BadQuery(f"{name} must be a number from 1 to {most}.")
    return int(value)
