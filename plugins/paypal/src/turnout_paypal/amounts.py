"""Amounts as PayPal writes them: as text with decimals, for the currencies that it takes.

See https://developer.paypal.com/reference/currency-codes/.
"""

from decimal import Decimal, InvalidOperation

from turnout.plugin import Invalid
from turnout_payments.money import to_decimal, to_minor
from turnout_payments.providers import Refused, Unavailable

TAKEN = frozenset(
    (
        "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "JPY",
        "MXN", "MYR", "NOK", "NZD", "PHP", "PLN", "SEK", "SGD", "THB", "TWD", "USD",
    )
)  # fmt: skip
WITHOUT_DECIMALS = frozenset(("HUF", "JPY", "TWD"))
"""Of which PayPal takes whole amounts only, whether or not the currency has smaller units."""


def to_paypal(amount: int, currency: str) -> dict[str, str]:
    """Return an amount of ours as PayPal writes it. Raises `Refused` for one that is finer than it takes."""
    value = to_decimal(amount, currency)
    unit = Decimal(1) if currency in WITHOUT_DECIMALS else Decimal("0.01")
    if value % unit:
        raise Refused(f"PayPal does not take so exact an amount of {currency}.")
    return {"currency_code": currency, "value": str(value.quantize(unit))}


def from_paypal(money: dict[str, str]) -> int:
    """Return what we call an amount of PayPal's. Raises `Unavailable` for what is none."""
    try:
        return to_minor(Decimal(money["value"]), money["currency_code"])
    except (Invalid, InvalidOperation):
        raise Unavailable("PayPal answered with an amount that is none.") from None
