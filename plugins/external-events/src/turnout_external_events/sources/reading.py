"""Reading what sources answer: times, zones, countries, numbers; each event by itself, so that one that is odd spoils no other."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import get_global
from turnout.plugin import fields

from turnout_external_events.sources.contract import ExternalEvent, Malformed, Refusal

_ALIASES = {
    "usa": "US",
    "u.s.": "US",
    "u.s.a.": "US",
    "united states of america": "US",
    "uk": "GB",
    "great britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "holland": "NL",
    "the netherlands": "NL",
    "czech republic": "CZ",
    "turkey": "TR",
    "korea": "KR",
    "republic of korea": "KR",
    "republic of ireland": "IE",
    "hong kong": "HK",
    "macau": "MO",
    "macao": "MO",
    "russian federation": "RU",
    "viet nam": "VN",
    "uae": "AE",
    "ivory coast": "CI",
}
"""Names of countries in use that the Unicode CLDR has otherwise."""
_UNREADABLE = (Malformed, LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}.*")
_NO_ZONES = frozenset({"Factory", "localtime"})
"""In the database without being one: what a machine has until it is set up, and where that machine is."""
LONGEST = 200


def each(
    raws: Iterable[Any], read: Callable[[Any], ExternalEvent], name: Callable[[Any], tuple[Any, Any]]
) -> tuple[tuple[ExternalEvent, ...], tuple[Refusal, ...]]:
    """Read events one by one; return them, and of those that cannot be read why. `name` returns an event's raw id and title."""
    events, refused = [], []
    for raw in raws:
        try:
            events.append(read(raw))
        except _UNREADABLE as error:
            refused.append(_refusal(raw, error, name))
    return tuple(events), tuple(refused)


def one(raw: Any, read: Callable[[Any], ExternalEvent]) -> ExternalEvent:
    """Read one event. Raises `Malformed`."""
    try:
        return read(raw)
    except _UNREADABLE as error:
        raise Malformed(_said(error)) from None


def _refusal(raw: Any, error: Exception, name: Callable[[Any], tuple[Any, Any]]) -> Refusal:
    try:
        external_id, title = name(raw)
    except _UNREADABLE:
        external_id, title = None, None
    known = [str(value)[:LONGEST] if isinstance(value, str | int) else "" for value in (external_id, title)]
    return Refusal(_said(error), *known)


def _said(error: Exception) -> str:
    if isinstance(error, Malformed):
        return str(error)
    if isinstance(error, KeyError):
        return f"It has no {error.args[0]!r}, where there must be one."
    return f"It is not as it should be: {type(error).__name__}."


def zone(*names: Any) -> str | None:
    """Return the first of `names` that is a time zone of the IANA database."""
    return next((name for name in names if isinstance(name, str) and name in _zones()), None)


def zone_of_country(country: str | None) -> str | None:
    """Return the time zone of a country that has but one."""
    return None if country is None else _only_zones().get(country)


def instant(text: Any) -> datetime | None:
    """Return a moment that names its zone or UTC ("2024-04-13T02:30:00Z"); None for nothing. Raises `Malformed`."""
    if text is None:
        return None
    found = _datetime(text)
    if found.tzinfo is None:
        raise Malformed(f"A moment without a zone: {text!r:.60}.")
    return in_utc(found)


def utc(text: Any) -> datetime | None:
    """Return a moment that is UTC without saying so; None for nothing. One that says its zone is taken at its word.

    Raises `Malformed`.
    """
    if text is None:
        return None
    found = _datetime(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else in_utc(found)


def in_utc(moment: datetime) -> datetime:
    """Return an aware moment in UTC. Raises `Malformed` for one at the ends of time, which is in no year there."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise Malformed(f"It is in the year {moment.year}.") from None


def local(text: Any, timezone: str) -> datetime:
    """Return the moment of a wall clock's time at a place. Raises `Malformed` for a time that this clock never shows.

    Of a time that it shows twice, when summer ends, this is the first.
    """
    naive = _datetime(text)
    if naive.tzinfo is not None:
        raise Malformed(f"A local time with a zone: {text!r:.60}.")
    found = in_utc(naive.replace(tzinfo=ZoneInfo(timezone)))
    if found.astimezone(ZoneInfo(timezone)).replace(tzinfo=None) != naive:
        raise Malformed(f"The clocks go forward: {naive:%H:%M} on {naive:%Y-%m-%d} is no time in {timezone}.")
    return found


def _datetime(text: Any) -> datetime:
    """Return a day and a time of it. A day alone is none: it would become midnight, which nobody has said."""
    if not isinstance(text, str) or not _MOMENT.fullmatch(text):
        raise Malformed(f"No moment: {text!r:.60}.")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Malformed(f"No moment: {text!r:.60}.") from None


def country_code(*names: Any) -> str | None:
    """Return the ISO 3166 code of the first of `names`, codes or English names, that is one of a country."""
    for name in names:
        if isinstance(name, str):
            code = _countries().get(_plain(name))
            if code is not None:
                return code
    return None


def amount(value: Any) -> Decimal | None:
    """Return a number as it was written; None for nothing, and for what is no amount of money."""
    if value is None or isinstance(value, bool):
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return abs(found) if found.is_finite() and found >= 0 else None  # there is a -0, too


def _plain(name: str) -> str:
    """Return a country's name as all write it, whatever apostrophes, ampersands and letters they have."""
    return name.strip().casefold().replace("\u2019", "'").replace(" & ", " and ")


@cache
def _zones() -> frozenset[str]:
    return fields.timezones() - _NO_ZONES


@cache
def _countries() -> dict[str, str]:
    names = Locale("en").territories
    codes = fields.countries()
    return {_plain(names[code]): code for code in codes} | _ALIASES | {code.casefold(): code for code in codes}


@cache
def _only_zones() -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for name, country in get_global("zone_territories").items():
        found.setdefault(country, []).append(name)
    return {country: names[0] for country, names in found.items() if len(names) == 1 and names[0] in _zones()}
