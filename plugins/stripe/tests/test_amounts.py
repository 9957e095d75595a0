"""Amounts, exact in every currency."""

import pytest
from turnout_payments.providers import Refused

from turnout_stripe.amounts import from_stripe, to_stripe

SAME = [
    (1050, "EUR", 1050),
    (1050, "JPY", 1050),
    (1050, "KWD", 1050),  # 1.050, in thousandths
    (1050, "HUF", 1050),
    (5, "ISK", 500),  # Stripe counts hundredths that are none
    (1500, "RSD", 150_000),  # we have no hundredths of it, Stripe has
]


@pytest.mark.parametrize(("ours", "currency", "stripes"), SAME)
def test_there_and_back(ours, currency, stripes):
    assert to_stripe(ours, currency) == stripes
    assert from_stripe(stripes, currency) == ours


def test_finer_than_stripe_takes():
    with pytest.raises(Refused, match="KWD"):
        to_stripe(1051, "KWD")


def test_finer_than_ours():
    with pytest.raises(Refused, match="RSD"):
        from_stripe(150_050, "RSD")


def test_a_payment_in_yen(provider, stripe, paid, wanted):
    ref = paid(amount=1050, currency="JPY")
    assert stripe.bank.session(ref).amount == 1050
    assert (provider.look(ref).captured, provider.look(ref).currency) == (1050, "JPY")
    assert provider.refund(ref, wanted(50, currency="JPY")).amount == 50


def test_a_payment_in_dinars(provider, stripe, paid):
    ref = paid(amount=1500, currency="RSD")
    assert stripe.bank.session(ref).amount == 150_000
    assert provider.look(ref).captured == 1500


def test_currencies_of_which_one_cannot_be_sure(provider):
    assert provider.takes("EUR")
    assert not provider.takes("UGX")
