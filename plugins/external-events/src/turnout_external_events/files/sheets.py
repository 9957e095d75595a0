"""Events in tables (CSV): a row is an event, and a mapping says which column has what of it."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from time import thread_time
from typing import Any
from zoneinfo import ZoneInfo

from turnout_external_events.files import cells
from turnout_external_events.files.headings import FIELDS, guess
from turnout_external_events.files.tables import Table, table
from turnout_external_events.sources.checking import check
from turnout_external_events.sources.contract import (
    SCHEDULED,
    ExternalEvent,
    ExternalVenue,
    Malformed,
    PriceRange,
    Refusal,
)
from turnout_external_events.sources.reading import in_utc, local, zone

__all__ = ["FIELDS", "Row", "Table", "guess", "read", "table", "wanting"]

_WITH_DAYS = ("date", "starts_at", "end_date", "ends_at")
A_DAY = timedelta(days=1)
SECONDS = 4.0
"""How long a processor may work on one table. The limits of size end it before; this is for slow machines, and for what nobody thought of."""


@dataclass(frozen=True, slots=True)
class Row:
    """An event of a table, and what it says about selling it here: `overrides` may have capacity, price (text) and currency."""

    event: ExternalEvent
    overrides: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _When:
    """The beginning or the end of an event: a day, a time of it, or both; or a moment."""

    day: cells.Day | None = None
    clock: time | None = None
    moment: datetime | None = None


def wanting(mapping: Mapping[str, str]) -> list[str]:
    """Return the fields that a mapping must have, and has not: what an event is called, and when it is."""
    missing = [] if "title" in mapping else ["title"]
    return missing if {"date", "starts_at"} & set(mapping) else [*missing, "date"]


def read(
    table: Table, mapping: Mapping[str, str], *, scope: str, timezone: str | None, day_first: bool | None
) -> tuple[tuple[Row, ...], tuple[Refusal, ...]]:
    """Return the events of a table, and why others cannot be read, each by its line.

    `mapping` says by the names of fields (`FIELDS`) which columns have them. Times are in the row's zone, else in `timezone`.
    Whether 1/2/2027 is in January is told by the other days of the table, and else by `day_first`. Ids have 32 characters,
    and stay the same when the table is read again with the same `scope`. Raises `Malformed` for a mapping that is no such,
    and for a table that takes too long.
    """
    if wanting(mapping):
        raise Malformed(f"Say which columns have: {', '.join(wanting(mapping))}.")
    unknown = sorted((set(mapping) - set(FIELDS)) | (set(mapping.values()) - set(table.columns)))
    if unknown:
        raise Malformed(f"There is no such field or column: {', '.join(unknown)[:200]}.")
    reading = _Reading(scope, zone(timezone), _order(table, mapping, day_first))
    rows, refused, seen = [], [], dict[str, int]()
    until = thread_time() + SECONDS
    for line, said in _said(table, mapping):
        if thread_time() > until:
            raise Malformed("The table takes too long to read; import it in parts.")
        try:
            row = reading.row(said)
            first = seen.setdefault(row.event.external_id, line)
            if first != line:
                raise Malformed(f"It is the same event as in line {first}.")
        except (Malformed, OverflowError) as error:
            reason = error if isinstance(error, Malformed) else "It is too far away in time."
            refused.append(Refusal(f"Line {line}: {reason}", title=said.get("title", "")[:200]))
        else:
            rows.append(row)
    return tuple(rows), tuple(refused)


def _said(table: Table, mapping: Mapping[str, str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Give what each row says, by fields, with its line; without what is empty."""
    places = {field: table.columns.index(column) for field, column in mapping.items()}
    for line, row in zip(table.lines, table.rows, strict=True):
        yield line, {field: row[place] for field, place in places.items() if row[place]}


def _order(table: Table, mapping: Mapping[str, str], day_first: bool | None) -> bool | None:
    """Return whether days come before months, as those days of the table tell that can only be read one way."""
    told = set()
    for _, said in _said(table, {field: column for field, column in mapping.items() if field in _WITH_DAYS}):
        for text in said.values():
            try:
                day, _, _ = cells.day_and_time(text)
            except Malformed:
                continue
            told.add(None if day is None else day.says_day_first)
    told.discard(None)
    return told.pop() if len(told) == 1 else day_first


@dataclass(frozen=True, slots=True)
class _Reading:
    """How the rows of one table are read."""

    scope: str
    timezone: str | None
    day_first: bool | None

    def row(self, said: Mapping[str, str]) -> Row:
        """Return the event that a row says. Raises `Malformed`."""
        title = said.get("title", "")
        if not title:
            raise Malformed("It has no title.")
        name = self._zone(said)
        begin, end = _when(said, "starts_at", "date", "time"), _when(said, "ends_at", "end_date", "end_time")
        times = self._times(begin, end, name)
        price, currency = _price(said)
        overrides: dict[str, Any] = {}
        if "capacity" in said:
            overrides["capacity"] = cells.count(said["capacity"])
            if price is None:
                raise Malformed("It has places for sale here, and no price; write 0 where it costs nothing.")
        overrides |= {} if price is None else {"price": f"{price:.2f}"}
        overrides |= {} if currency is None else {"currency": currency}
        event = ExternalEvent(
            external_id=self._id(said, times),
            title=title,
            timezone=name,
            status=cells.status(said["status"]) if "status" in said else SCHEDULED,
            description=said.get("description", ""),
            categories=_categories(said.get("category", "")),
            price=None if price is None or currency is None else PriceRange(price, price, currency),
            url=cells.web_address(said["url"]) if "url" in said else None,
            image_url=cells.web_address(said["image_url"]) if "image_url" in said else None,
            **_where(said),
            **times,
        )
        return Row(check(event), overrides)

    def _zone(self, said: Mapping[str, str]) -> str | None:
        if "timezone" not in said:
            return self.timezone
        found = zone(said["timezone"])
        if found is None:
            raise Malformed(f"{said['timezone']!r:.60} is no time zone; write it as Europe/Lisbon.")
        return found

    def _times(self, begin: _When, end: _When, name: str | None) -> dict[str, Any]:
        starts_at: datetime | None
        if begin.moment is not None:
            starts_at = in_utc(begin.moment)
            starts_on = (begin.moment if name is None else starts_at.astimezone(ZoneInfo(name))).date()
        elif begin.day is None:
            raise Malformed("It does not say on which day it is.")
        else:
            starts_on = begin.day.on(day_first=self.day_first)
            starts_at = None if begin.clock is None else self._moment(datetime.combine(starts_on, begin.clock), name)
        last = None if end.day is None else end.day.on(day_first=self.day_first)
        ends_at = self._end(end, last, starts_at, starts_on, name)
        if (last is not None and last < starts_on) or (ends_at and starts_at and ends_at < starts_at):
            raise Malformed("It ends before it begins.")
        return {
            "starts_at": starts_at,
            "starts_on": starts_on if starts_at is None else None,
            "ends_at": ends_at if ends_at != starts_at else None,
            # When one single day ends, nobody has said.
            "ends_on": last if ends_at is None and last != starts_on else None,
        }

    def _end(
        self, end: _When, last: date | None, starts_at: datetime | None, starts_on: date, name: str | None
    ) -> datetime | None:
        if end.moment is not None:
            return in_utc(end.moment)
        if end.clock is None:
            return None
        if last is not None:
            return self._moment(datetime.combine(last, end.clock), name)
        if starts_at is None or name is None:
            return None
        ends_at = self._moment(datetime.combine(starts_on, end.clock), name)
        # Who begins at 22:00 and ends at 2:00 means the night.
        return ends_at if ends_at >= starts_at else self._moment(datetime.combine(starts_on + A_DAY, end.clock), name)

    def _moment(self, wall: datetime, name: str | None) -> datetime:
        if name is None:
            raise Malformed("It has a time, and no time zone; choose one to import the table with.")
        return local(wall.isoformat(), name)

    def _id(self, said: Mapping[str, str], times: Mapping[str, Any]) -> str:
        """Return a short name for an event: by the id that it has there, else by what it is called, when and where."""
        when = str(times["starts_at"] or times["starts_on"])
        known = [said["id"]] if "id" in said else ["", said["title"], when, said.get("venue", ""), said.get("city", "")]
        return hashlib.sha256(json.dumps([self.scope, *known]).encode()).hexdigest()[:32]


def _when(said: Mapping[str, str], moment: str, day: str, clock: str) -> _When:
    """Return what a row says in three columns: one of the day, one that may have day and time, one of the time.

    Each may have less than it is called by: under "Start" there often are times alone, beside a column of days.
    """
    found: cells.Day | None = None
    exact: datetime | None = None
    written = ""
    for name in (day, moment):
        if name not in said:
            continue
        if cells.is_time(said[name]):
            written = said[name]
            continue
        found, at, exact = cells.day_and_time(said[name])
        written = at or written
    written = said.get(clock, written)
    return _When(found, cells.clock_time(written) if written else None, exact)


def _where(said: Mapping[str, str]) -> dict[str, Any]:
    address, city = said.get("address", ""), said.get("city", "")
    country = cells.country(said["country"]) if "country" in said else None
    if "venue" in said:
        return {
            "venue": ExternalVenue(said["venue"], address=address, city=city, country=country),
            "location": said.get("location", ""),
        }
    return {"location": ", ".join(part for part in (said.get("location"), address, city, said.get("country")) if part)}


def _price(said: Mapping[str, str]) -> Any:
    """Return the price that a row says, and its currency, each None where it does not."""
    price, currency = cells.amount(said["price"]) if "price" in said else (None, None)
    if "currency" in said:
        named = cells.currency_code(said["currency"])
        if named is None:
            raise Malformed(f"{said['currency']!r:.60} is no currency; write its code, such as EUR.")
        if currency not in {None, named}:
            raise Malformed(f"Its price is in {currency}, and its currency is {named}.")
        currency = named
    return price, currency


def _categories(text: str) -> tuple[str, ...]:
    parts = text.replace(";", ",").replace("|", ",").split(",")
    return tuple(part.strip() for part in parts if part.strip())
