"""Dates in the event's time zone, money with its currency, texts as one line."""

import pytest

from turnout import words
from turnout.words import one_line


@pytest.mark.parametrize(
    ("moment", "timezone", "day", "clock", "zone"),
    [
        (
            "2027-05-01T18:30:00+00:00", "Europe/Lisbon", "Saturday, 1 May 2027", "19:30",
            "Western European Summer Time (Europe/Lisbon)",
        ),
        ("2027-05-01T18:30:00+00:00", "Asia/Tokyo", "Sunday, 2 May 2027", "03:30", "Japan Standard Time (Asia/Tokyo)"),
        ("2027-01-01T00:00:00+00:00", "UTC", "Friday, 1 January 2027", "00:00", "Coordinated Universal Time (UTC)"),
    ],
)  # fmt: skip
def test_moments_are_told_where_the_event_is(moment, timezone, day, clock, zone):
    assert words.day(moment, timezone) == day
    assert words.clock(moment, timezone) == clock
    assert words.zone(moment, timezone) == zone


@pytest.mark.parametrize(
    ("amount", "currency", "said"),
    [("12.5", "EUR", "€12.50"), ("1500", "JPY", "¥1,500"), ("1.5", "KWD", "KWD1.500"), ("0", "USD", "$0.00")],
)
def test_money(amount, currency, said):
    assert words.money(amount, currency) == said


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  a \n b\r\n\tc ", "a b c"),
        ("a\x00b\x1fc\x7fd\x85e\u2028f\u2029g", "a b c d e f g"),
        ("family 👨‍👩‍👧 שלום", "family 👨‍👩‍👧 שלום"),
        ("\n", ""),
    ],
)
def test_one_line(text, line):
    assert one_line(text) == line
