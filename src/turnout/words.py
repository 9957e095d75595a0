"""Moments, money and texts as people read them: in mails, on tickets, wherever no program reads."""

import unicodedata
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time, get_timezone_name
from babel.numbers import format_currency

LOCALE = "en"
_NOT_IN_A_LINE = frozenset({"Cc", "Zl", "Zp", "Cs"})


def _local(moment: datetime | str, timezone: str) -> datetime:
    given = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return given.astimezone(ZoneInfo(timezone))


def day(moment: datetime | str, timezone: str) -> str:
    """Return "Saturday, 1 May 2027" in that time zone."""
    return format_date(_local(moment, timezone), "EEEE, d MMMM y", locale=LOCALE)


def clock(moment: datetime | str, timezone: str) -> str:
    """Return "19:30" in that time zone."""
    return format_time(_local(moment, timezone), "HH:mm", locale=LOCALE)


def zone(moment: datetime | str, timezone: str) -> str:
    """Return what the time zone is called at that moment: "Western European Summer Time (Europe/Lisbon)"."""
    local = _local(moment, timezone)
    return f"{get_timezone_name(local, width='long', locale=LOCALE)} ({timezone})"


def money(amount: Decimal | str, currency: str) -> str:
    """Return "€12.50"."""
    return format_currency(Decimal(amount), currency, locale=LOCALE)


def one_line(text: str) -> str:
    """Return `text` as one line without control characters, so that it can be nothing else than what it is put into."""
    return " ".join("".join(" " if unicodedata.category(sign) in _NOT_IN_A_LINE else sign for sign in text).split())
