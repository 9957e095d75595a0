"""Money is exact, in the smallest unit of each currency."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from turnout.plugin import Invalid

from turnout_payments.money import as_text, to_decimal, to_minor

CASES = [("10.50", "EUR", 1050), ("1050", "JPY", 1050), ("1.050", "KWD", 1050), ("0.01", "USD", 1), ("0", "EUR", 0)]


@pytest.mark.parametrize(("text", "currency", "minor"), CASES)
def test_there_and_back(text, currency, minor):
    assert to_minor(Decimal(text), currency) == minor
    assert to_decimal(minor, currency) == Decimal(text)
    assert Decimal(as_text(minor, currency)) == Decimal(text)


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (1050, "EUR", "10.50"),
        (5, "KWD", "0.005"),
        (7, "JPY", "7"),
        (-1, "EUR", "-0.01"),
        (10**15, "EUR", "10000000000000.00"),
    ],
)
def test_as_text(minor, currency, text):
    assert as_text(minor, currency) == text


@pytest.mark.parametrize(("text", "currency"), [("10.505", "EUR"), ("0.1", "JPY"), ("1.0505", "KWD")])
def test_nothing_is_rounded(text, currency):
    with pytest.raises(Invalid) as refusal:
        to_minor(Decimal(text), currency, "price")
    assert refusal.value.errors == [("price", f"is finer than the smallest unit of {currency}")]


@given(st.integers(-(10**15), 10**15), st.sampled_from(("EUR", "JPY", "KWD")))
def test_any_amount_survives(minor, currency):
    assert to_minor(to_decimal(minor, currency), currency) == minor
    assert to_minor(Decimal(as_text(minor, currency)), currency) == minor
