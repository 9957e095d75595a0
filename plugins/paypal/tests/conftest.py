"""A provider that speaks with a fake PayPal, by a clock that stands still."""

from datetime import timedelta

import pytest
from turnout.testing.clocks import ManualClock
from turnout_payments.providers import Charge, WantedRefund

from turnout_paypal.fake import FakePayPal
from turnout_paypal.gateway import Gateway
from turnout_paypal.provider import PayPalProvider

pytest_plugins = ["turnout.testing.fixtures"]


@pytest.fixture(scope="session")
def plugins():
    return "payments paypal"


@pytest.fixture
def watch():
    """The time, for provider and fake alike."""
    return ManualClock()


@pytest.fixture
def paypal(watch):
    with FakePayPal(now=lambda: watch.now().timestamp()) as fake:
        yield fake


@pytest.fixture
def make_provider(paypal, watch):
    """Return what makes a provider, with other settings if need be."""

    def make_provider(**other):
        settings = paypal.settings() | {"paypal.timeout_seconds": 5}
        settings |= {f"paypal.{name}": value for name, value in other.items()}
        return PayPalProvider(Gateway(settings), settings, watch)

    return make_provider


@pytest.fixture
def provider(make_provider):
    return make_provider()


@pytest.fixture
def charge(watch):
    """Return what asks for money."""

    def charge(key="charge-1", amount=2500, currency="EUR", **other):
        return Charge(
            **{
                "key": key,
                "payment_id": 1,
                "amount": amount,
                "currency": currency,
                "description": "Fado night, 2 places",
                "reference": "K7QX2M",
                "email": "ada@example.com",
                "back_url": "https://tickets.example.com/payments/token/back",
                "expires_at": watch.now() + timedelta(minutes=15),
            }
            | other
        )

    return charge


@pytest.fixture
def agreed(provider, paypal, charge):
    """Return what opens a payment to which the buyer agrees; gives its ref."""

    def agreed(key="charge-1", **other):
        ref = provider.open(charge(key, **other)).ref
        paypal.bank.approve(ref)
        return ref

    return agreed


@pytest.fixture
def paid(provider, agreed):
    """Return what does that, and takes the money."""

    def paid(key="charge-1", **other):
        ref = agreed(key, **other)
        provider.look(ref)
        return ref

    return paid


@pytest.fixture
def wanted():
    """Return what asks for a refund."""

    def wanted(amount, key="refund-1", currency="EUR"):
        return WantedRefund(key, amount, currency, "The event is cancelled.")

    return wanted
