"""A provider that speaks with a fake Stripe."""

import pytest
from turnout_payments.providers import DONE, FAILED, PENDING
from turnout_payments.testing import CannotBePaid, Stage

from turnout_stripe.amounts import from_stripe
from turnout_stripe.fake import FakeStripe
from turnout_stripe.fake.bank import BadRequest
from turnout_stripe.gateway import Gateway
from turnout_stripe.provider import StripeProvider

pytest_plugins = ["turnout.testing.fixtures", "turnout_payments.testing.fixtures"]
STATUSES = {DONE: "succeeded", PENDING: "pending", FAILED: "failed"}


class StripeStage(Stage):
    """How things happen at Stripe."""

    name = "stripe"
    home = "https://api.stripe.com"
    required = secrets = ("secret_key", "webhook_secret")
    wrong = ("secret_key", "sk_live_veryprivate")
    stale = 301
    # Of ISK Stripe counts hundredths that are none, and of RSD such as we have not.
    amounts = ((1, "USD"), (1050, "JPY"), (1050, "KWD"), (1050, "HUF"), (55, "ISK"), (1500, "RSD"))
    too_fine = ((1051, "KWD"),)
    not_taken = ("UGX",)

    def __init__(self):
        super().__init__()
        self.fake = FakeStripe(now=self.now)
        self.bank = self.fake.bank

    def settings(self):
        return self.fake.settings()

    def provider(self, settings, clock):
        return StripeProvider(Gateway(settings), settings, clock)

    def opened(self):
        return len(self.bank.sessions)

    def held(self, ref):
        account = self.fake.books().get(ref)
        return 0 if account is None else from_stripe(account.held, account.currency)

    def pay(self, ref):
        try:
            self.bank.pay(ref)
        except BadRequest as refused:
            raise CannotBePaid from refused

    def decline(self, ref):
        assert self.visit(self.bank.session(ref).url, "decline") is None

    def delay(self, ref):
        self.bank.pay_later(ref)

    def arrive(self, ref):
        self.bank.arrive(ref)

    def fail(self, ref):
        self.bank.fail(ref)

    def refund(self, ref, amount):
        return self.bank.refund(self.bank.session(ref).payment_intent, amount).id

    def refunds_become(self, status):
        self.bank.refunds_are = STATUSES[status]

    def fail_refund(self, refund_ref):
        self.bank.settle_refund(refund_ref, succeeds=False)

    def dispute(self, ref, amount):
        return self.bank.dispute(ref, amount).id

    def end_dispute(self, dispute_ref, *, won):
        self.bank.close_dispute(dispute_ref, won=won)

    def forget_keys(self):
        self.fake._api._answers.clear()

    def stranger(self):
        urls = dict.fromkeys(("success_url", "cancel_url"), "https://example.com")
        nobody = dict.fromkeys(("client_reference_id", "customer_email"))
        session = self.bank.make_session(
            amount=100, currency="eur", name="Another's", metadata={}, expires_at=self.now() + 3600, **urls, **nobody
        )
        self.bank.expire(session.id)


@pytest.fixture(scope="session")
def plugins():
    return "payments stripe"


@pytest.fixture(scope="session")
def stage_type():
    return StripeStage


@pytest.fixture
def stripe(stage):
    """The fake by itself."""
    return stage.fake
