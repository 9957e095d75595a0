"""What is written in the cells of tables, as people write it: days, times, amounts, addresses."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache

from babel import Locale
from babel.core import get_global

from turnout_external_events.files.headings import normalized
from turnout_external_events.sources.contract import CANCELLED, POSTPONED, RESCHEDULED, SCHEDULED, Malformed
from turnout_external_events.sources.reading import country_code

_ISO_DAY = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})", re.ASCII)
_DAY = re.compile(r"(\d{1,2})([./-])\s?(\d{1,2})\2\s?(\d{4}|\d{2})", re.ASCII)
_TIME = re.compile(
    r"(\d{1,2})(?:[:.h](\d{2})(?::(\d{2}))?)?\s?(?:([ap])\.?\s?m\.?)?(?:h|\s?uhr|\s?heures|\s?horas)?",
    re.ASCII | re.IGNORECASE,
)
_DAY_AND_TIME = re.compile(r"(\d[\d./ -]*\d)(?:\s*,\s*|\s+|T)(\d.*)", re.ASCII)
_SPENT = re.compile(r"\d[\d.,'\u2019 ]*", re.ASCII)
_NUMBER = re.compile(
    r"(?P<whole>\d+|\d{1,3}(?P<between>[.,'\u2019 ])\d{3}(?:(?P=between)\d{3})*)(?:(?P<mark>[.,])(?P<decimals>\d{1,2}))?",
    re.ASCII,
)
_FREE = "free, gratis, kostenlos, frei, eintritt frei, gratuit, gratuito, gratuita, libre, entrada libre, entrada livre"
_SIGNS = {"€": "EUR", "£": "GBP"}
"""Signs that mean one currency; those of many countries, such as $, mean none without a code."""
_STATUSES = {
    SCHEDULED: """scheduled, confirmed, active, on, published, planned, onsale, on sale, tentative,
        geplant, bestatigt, findet statt, aktiv, confirme, prevu, programado, confirmado, previsto, activo, ativo""",
    CANCELLED: """cancelled, canceled, abgesagt, entfallt, annule, annulee, cancelado, cancelada, anulado, anulada,
        suspendido""",
    POSTPONED: "postponed, verschoben, reporte, reportee, aplazado, aplazada, pospuesto, adiado, adiada",
    RESCHEDULED: """rescheduled, verlegt, neuer termin, reprogramme, reprogramado, reprogramada, reagendado, reagendada,
        remarcado""",
}
_LANGUAGES = ("en", "de", "fr", "es", "pt")
_NOON = 12
_CENTURY = 2000
_LONGEST = 60
"""No day, time, number or country needs more characters."""
MOST_PLACES = 10_000_000
MOST_MONEY = 9_999_999_999


@dataclass(frozen=True, slots=True)
class Day:
    """A day as it is written: three numbers, of which it is not always clear which is the month."""

    year: int
    first: int
    second: int
    is_certain: bool

    @property
    def says_day_first(self) -> bool | None:
        """Whether the day comes before the month: true or false where only one of both is possible, else None."""
        if self.is_certain or self.first == self.second:
            return None
        return True if self.first > _NOON else False if self.second > _NOON else None

    def on(self, *, day_first: bool | None) -> date:
        """Return the day. Raises `Malformed` for one that there is not, and where its order is not known."""
        if self.is_certain or self.first == self.second or self.says_day_first:
            month, day = self.second, self.first
        elif self.says_day_first is False:
            month, day = self.first, self.second
        elif day_first is None:
            raise Malformed(
                f"{self.first}/{self.second}/{self.year} may be one of two days; say whether the day or the month comes first."
            )
        else:
            month, day = (self.second, self.first) if day_first else (self.first, self.second)
        try:
            return date(self.year, month, day)
        except ValueError:
            raise Malformed(f"There is no day {day} of month {month} in {self.year}.") from None


def day(text: str) -> Day:
    """Return the day that is written: 2026-12-31, 31.12.2026, 31/12/2026, 12/31/2026. Raises `Malformed`."""
    found = _ISO_DAY.fullmatch(text)
    if found:
        return Day(int(found[1]), int(found[4]), int(found[3]), is_certain=True)
    found = _DAY.fullmatch(text)
    if found is None:
        raise Malformed(f"{text!r:.60} is no day; write it as 2026-12-31 or 31.12.2026.")
    year = int(found[4]) if len(found[4]) > len("26") else _CENTURY + int(found[4])
    # With dots, nobody puts the month first.
    return Day(year, int(found[1]), int(found[3]), is_certain=found[2] == ".")


def clock_time(text: str) -> time:
    """Return the time that is written: 19:30, 19.30 Uhr, 19h30, 7:30 pm. Raises `Malformed`."""
    found = _TIME.fullmatch(text)
    if found is None or not is_time(text):
        raise Malformed(f"{text!r:.60} is no time; write it as 19:30.")
    hour, minute, second = (int(part or 0) for part in found.groups()[:3])
    half = (found[4] or "").lower()
    if half and not 1 <= hour <= _NOON:
        raise Malformed(f"{text!r:.60} is no time; write it as 19:30.")
    if half:
        hour = hour % _NOON + (_NOON if half == "p" else 0)
    try:
        return time(hour, minute, second)
    except ValueError:
        raise Malformed(f"{text!r:.60} is no time; write it as 19:30.") from None


def is_time(text: str) -> bool:
    """Tell whether a cell has a time, and no day."""
    return len(text) <= _LONGEST and not text.isdigit() and _TIME.fullmatch(text) is not None


def day_and_time(text: str) -> tuple[Day | None, str, datetime | None]:
    """Return the day and the time (as text) of a cell that may have both; or the moment, where it says its offset from UTC.

    Raises `Malformed`.
    """
    _require_short(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is not None and moment.tzinfo is not None:
        return None, "", moment
    both = _DAY_AND_TIME.fullmatch(text)
    return (day(text), "", None) if both is None else (day(both[1]), both[2], None)


def amount(text: str) -> tuple[Decimal, str | None]:
    """Return an amount of money, and its currency's code if it says one: "12,50 €", "EUR 1.234,50", "free". Raises `Malformed`."""
    _require_short(text)
    if normalized(text) in _among(_FREE):
        return Decimal(0), None
    said = re.sub(r"[.,][-\u2013\u2014]+", "", " ".join(text.split()))  # 12,- has no decimals
    digits = _SPENT.search(said)
    around = said if digits is None else said.replace(digits[0], " ", 1).strip()
    currency = currency_code(around)
    if digits is None or (around and currency is None):
        raise Malformed(f"{text!r:.60} is no price, or its currency is not clear; write it as 12.50, or 12.50 EUR.")
    number = _number(digits[0].strip())
    if number > MOST_MONEY:
        raise Malformed(f"{text!r:.60} is too much: a price is at most {MOST_MONEY:,}.")
    return number, currency


def _number(digits: str) -> Decimal:
    """Return a number with a comma or dot before its decimals, perhaps with something else between its thousands."""
    found = _NUMBER.fullmatch(digits)
    if found is None or (found["mark"] and found["mark"] == found["between"]):
        raise Malformed(f"{digits!r} is no price; write it as 12.50.")
    if found["between"] and found["between"] in ".," and not found["mark"] and digits.count(found["between"]) == 1:
        raise Malformed(f"{digits!r} may be two prices; write it with two decimals, such as 1234.00.")
    return Decimal(re.sub(r"\D", "", found["whole"]) + "." + (found["decimals"] or "0"))


def count(text: str) -> int:
    """Return a number of places, one or more: 120, 1.200. Raises `Malformed`."""
    _require_short(text)
    found = _NUMBER.fullmatch(" ".join(text.split()))
    number = int(re.sub(r"\D", "", found["whole"])) if found is not None and not found["mark"] else 0
    if not 0 < number <= MOST_PLACES:
        raise Malformed(f"{text!r:.60} is no number of places: it must be from 1 to {MOST_PLACES:,}.")
    return number


def _require_short(text: str) -> None:
    if len(text) > _LONGEST:
        raise Malformed(f"{text!r:.60}... is too long.")


def currency_code(text: str) -> str | None:
    """Return the ISO 4217 code that a text is, or means by a sign; None for others."""
    code = text.strip().upper()
    return _SIGNS.get(code) or (code if code in get_global("all_currencies") else None)


def country(text: str) -> str:
    """Return the ISO 3166 code of a country, by its code or its name in one of five languages. Raises `Malformed`."""
    _require_short(text)
    code = country_code(text) or _countries().get(normalized(text))
    if code is None:
        raise Malformed(f"{text!r:.60} is no country that is known; write its code, such as PT.")
    return code


def status(text: str) -> str:
    """Return one of `STATUSES`. Raises `Malformed` for words that mean none of them."""
    _require_short(text)
    found = _statuses().get(normalized(text))
    if found is None:
        raise Malformed(
            f"{text!r:.60} is no status that is known; write scheduled, cancelled, postponed or rescheduled."
        )
    return found


def web_address(text: str) -> str:
    """Return a web address. Raises `Malformed`."""
    if not re.fullmatch(r"https?://[^\s/.?#][^\s]*", text, re.IGNORECASE):
        raise Malformed(f"{text!r:.60} is no web address: it must begin with https:// or http://.")
    return text


@cache
def _countries() -> dict[str, str]:
    return {
        normalized(name): code
        for language in reversed(_LANGUAGES)
        for code, name in Locale(language).territories.items()
        if len(code) == len("PT") and code.isalpha()
    }


@cache
def _statuses() -> dict[str, str]:
    return {word: name for name, words in _STATUSES.items() for word in _among(words)}


@cache
def _among(words: str) -> frozenset[str]:
    return frozenset(" ".join(word.split()) for word in words.split(","))
