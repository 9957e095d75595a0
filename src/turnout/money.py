"""Money in words: amounts as text, with as many decimals as the currency has (ISO 4217)."""

from decimal import Decimal
from functools import cache

from babel.numbers import get_currency_precision

from turnout.errors import Invalid


@cache
def _unit(currency: str) -> Decimal:
    """Return the smallest amount that there is of a currency: 0.01 of EUR, 1 of JPY, 0.001 of KWD."""
    return Decimal(1).scaleb(-get_currency_precision(currency))


def as_text(amount: Decimal, currency: str) -> str:
    """Return "150.00" for 150 EUR and "150" for 150 JPY."""
    return str(amount.quantize(_unit(currency)))


def require_payable(amount: Decimal, currency: str, field: str) -> None:
    """Raise `Invalid` for an amount finer than the currency's smallest unit."""
    if amount != amount.quantize(_unit(currency)):
        raise Invalid({field: f"is finer than the smallest unit of {currency}, {_unit(currency)}"})
