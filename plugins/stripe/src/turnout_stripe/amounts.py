"""Amounts as Stripe counts them: in smallest units, too, but it has other decimals than we for some currencies.

See https://docs.stripe.com/currencies. It counts ISK in hundredths that must be 00, and KWD in thousandths that end in 0.
"""

from decimal import Decimal

from turnout.plugin import Invalid
from turnout_payments.money import to_decimal, to_minor
from turnout_payments.providers import Refused

NOT_TAKEN = frozenset({"UGX"})
"""Of which it does not say clearly how it counts them: a mistake would be a hundredfold one."""

_WITHOUT_DECIMALS = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF")
)
_WITH_THREE = frozenset(("BHD", "JOD", "KWD", "OMR", "TND"))
_STEPS = {"ISK": 100} | dict.fromkeys(_WITH_THREE, 10)


def _decimals(currency: str) -> int:
    if currency in _WITHOUT_DECIMALS:
        return 0
    return 3 if currency in _WITH_THREE else 2


def to_stripe(amount: int, currency: str) -> int:
    """Return what Stripe calls an amount of ours. Raises `Refused` for one that is finer than it takes."""
    wanted = to_decimal(amount, currency).scaleb(_decimals(currency))
    if wanted % _STEPS.get(currency, 1):
        raise Refused(f"Stripe does not take so exact an amount of {currency}.")
    return int(wanted)


def from_stripe(amount: int, currency: str) -> int:
    """Return what we call an amount of Stripe's. Raises `Refused` for one that is finer than ours can be."""
    try:
        return to_minor(Decimal(amount).scaleb(-_decimals(currency)), currency)
    except Invalid:
        raise Refused(f"Stripe has an amount of {currency} that is finer than its smallest unit.") from None
