"""A provider that speaks with a fake PayPal."""

from decimal import Decimal

import pytest
from turnout_payments.money import to_minor
from turnout_payments.providers import DONE, FAILED, PENDING
from turnout_payments.testing import CannotBePaid, Stage

from turnout_paypal.fake import FakePayPal
from turnout_paypal.fake.bank import Problem
from turnout_paypal.gateway import Gateway
from turnout_paypal.provider import PayPalProvider

pytest_plugins = ["turnout.testing.fixtures", "turnout_payments.testing.fixtures"]
STATUSES = {DONE: "COMPLETED", PENDING: "PENDING", FAILED: "FAILED"}


class PayPalStage(Stage):
    """How things happen at PayPal. A buyer only agrees: what becomes of the money is decided when we take it."""

    name = "paypal"
    home = "https://api-m.paypal.com"
    required = ("client_id", "client_secret", "webhook_id")
    secrets = ("client_secret",)
    wrong = ("client_secret", "client-secret-veryprivate")
    stale = 3 * 86_400 + 1
    amounts = ((1, "USD"), (1050, "JPY"), (2500, "HUF"), (2500, "TWD"))
    too_fine = ((2550, "HUF"),)
    not_taken = ("KWD", "ISK", "eur")

    def __init__(self):
        super().__init__()
        self.fake = FakePayPal(now=self.now)
        self.bank = self.fake.bank

    def settings(self):
        return self.fake.settings()

    def provider(self, settings, clock):
        return PayPalProvider(Gateway(settings), settings, clock)

    def preface(self, path):
        return b'{"access_token": "veryprivate", "expires_in": 3600}' if path == "/v1/oauth2/token" else None

    def opened(self):
        return len(self.bank.orders)

    def held(self, ref):
        account = self.fake.books().get(ref)
        return 0 if account is None else to_minor(account.held, account.currency)

    def agree(self, ref, becomes):
        self.bank.captures_are = becomes
        try:
            self.bank.approve(ref)
        except Problem as refused:
            raise CannotBePaid from refused

    def pay(self, ref):
        self.agree(ref, "COMPLETED")

    def take(self, ref):
        self.bank.capture(ref)

    def decline(self, ref):
        self.agree(ref, "DECLINED")

    def delay(self, ref):
        self.agree(ref, "PENDING")

    def arrive(self, ref):
        self.bank.settle(ref)

    def fail(self, ref):
        self.bank.settle(ref, "DECLINED", "ECHECK")

    def refund(self, ref, amount):
        return self.bank.refund(self.bank.orders[ref].captures[0].id, Decimal(amount) / 100).id

    def refunds_become(self, status):
        self.bank.refunds_are = STATUSES[status]

    def fail_refund(self, refund_ref):
        self.bank.settle_refund(refund_ref, "FAILED")

    def forget_keys(self):
        self.fake.api.forget_requests()

    def stranger(self):
        urls = dict.fromkeys(("return_url", "cancel_url"), "https://example.com")
        order = self.bank.make_order(
            value=Decimal(1), currency="EUR", description="Another's", reference_id="default", custom_id=None, **urls
        )
        self.bank.approve(order.id)


@pytest.fixture(scope="session")
def plugins():
    return "payments paypal"


@pytest.fixture(scope="session")
def stage_type():
    return PayPalStage


@pytest.fixture
def paypal(stage):
    """The fake by itself."""
    return stage.fake
