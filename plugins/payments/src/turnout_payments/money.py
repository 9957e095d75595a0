"""Exact money: whole numbers of a currency's smallest unit in tables, decimals in the domain, text in JSON.

How many decimals a currency has is ISO 4217's, as Turnout itself has it: 2 for EUR, none for JPY, 3 for KWD.
"""

from decimal import Decimal
from functools import cache

from babel.numbers import get_currency_precision
from turnout.plugin import Invalid


@cache
def _decimals(currency: str) -> int:
    return get_currency_precision(currency)


def to_minor(amount: Decimal, currency: str, field: str = "amount") -> int:
    """Return 1050 for 10.50 EUR. Raises `Invalid` at `field` for what is finer than the currency's smallest unit."""
    scaled = amount.scaleb(_decimals(currency))
    if scaled != scaled.to_integral_value():
        raise Invalid({field: f"is finer than the smallest unit of {currency}"})
    return int(scaled)


def to_decimal(minor: int, currency: str) -> Decimal:
    """Return 10.50 for 1050 of EUR."""
    return Decimal(minor).scaleb(-_decimals(currency))


def as_text(minor: int, currency: str) -> str:
    """Return "10.50" for 1050 of EUR, "1050" of JPY, "1.050" of KWD."""
    return f"{to_decimal(minor, currency):f}"
