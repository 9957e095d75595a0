from decimal import Decimal

import pytest

from turnout.errors import Invalid
from turnout.money import as_text, require_payable


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("0", "EUR", "0.00"),
        ("150", "EUR", "150.00"),
        ("150.5000", "EUR", "150.50"),
        ("9999999999.9900", "EUR", "9999999999.99"),
        ("1500", "JPY", "1500"),
        ("1500.0000", "JPY", "1500"),
        ("1E+3", "JPY", "1000"),
        ("1.125", "KWD", "1.125"),
        ("1", "KWD", "1.000"),
        ("0", "KWD", "0.000"),
    ],
)
def test_an_amount_has_as_many_decimals_as_its_currency(amount, currency, text):
    assert as_text(Decimal(amount), currency) == text


@pytest.mark.parametrize(
    ("amount", "currency"),
    [("0", "EUR"), ("0.01", "EUR"), ("1.10000", "EUR"), ("1500", "JPY"), ("1500.0", "JPY"), ("0.001", "KWD")],
)
def test_what_can_be_paid(amount, currency):
    require_payable(Decimal(amount), currency, "price")


@pytest.mark.parametrize(
    ("amount", "currency", "unit"), [("0.001", "EUR", "0.01"), ("0.5", "JPY", "1"), ("0.0001", "KWD", "0.001")]
)
def test_what_cannot_be_paid_is_named(amount, currency, unit):
    with pytest.raises(Invalid) as caught:
        require_payable(Decimal(amount), currency, "price")

    assert caught.value.errors == [("price", f"is finer than the smallest unit of {currency}, {unit}")]
