"""A Stripe for tests and demos: a real HTTP server on this machine, which takes nobody's money.

    with FakeStripe(webhook_url="http://127.0.0.1:6543/api/v1/payments/webhooks/stripe") as stripe:
        settings = stripe.settings()  # what the plugin needs to speak with it
        ...
        stripe.bank.pay(session_id)   # or somebody does, at the session's url
        stripe.courier.settle()
        assert stripe.books()[session_id].held == 2500

It behaves as Stripe does where the plugin relies on it. `faults` lets calls go wrong, `courier` lets notices come late,
twice, out of order or forged, and `bank` has what buyers, banks and staff at Stripe's own pages do.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from turnout.testing.fakes import BUSY, ERROR, FAULTS, GARBLED, LOST, SILENT, Answer, Call, Courier, Fake

from turnout_stripe.fake import pages
from turnout_stripe.fake.api import StripeApi, error
from turnout_stripe.fake.bank import DECLINED, Account, BadRequest, Bank, Session, new_id
from turnout_stripe.signatures import signature

__all__ = ["BUSY", "ERROR", "FAULTS", "GARBLED", "LOST", "SILENT", "Account", "FakeStripe"]

PAGES = "/c/pay/"


class FakeStripe(Fake):
    """Pretends to be Stripe, from when it is entered (``with``) to when it is left. `now` tells the time, as `time.time` does."""

    api_prefixes = ("/v1/",)

    def __init__(
        self,
        port: int = 0,
        *,
        webhook_url: str | None = None,
        secret_key: str = "sk_test_fake",  # noqa: S107 - protects nothing
        webhook_secret: str = "whsec_fake",  # noqa: S107 - likewise
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(port, webhook_url=webhook_url)
        self.secret_key = secret_key
        self.webhook_secret = webhook_secret
        self.now = now
        self.bank = Bank(self.url, self._tell, now)
        self._api = StripeApi(self.bank, secret_key)

    def settings(self) -> dict[str, str]:
        """Return the settings of an application that is to speak with this one."""
        return {
            "stripe.base_url": self.url,
            "stripe.secret_key": self.secret_key,
            "stripe.webhook_secret": self.webhook_secret,
        }

    def books(self) -> dict[str, Account]:
        """Return what is held, by session."""
        return self.bank.books()

    def answer(self, call: Call) -> Answer:
        """Answer a call of the API."""
        return self._api.answer(call)

    def problem(self, status: int, message: str) -> Answer:
        """Return an error in Stripe's shape."""
        return error(message, status, "api_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "rate_limit_error")

    def show(self, call: Call) -> Answer:
        """Show a buyer the page of their session, or do what they chose there; ``/books`` are for who runs this by hand."""
        if call.path == "/books":
            return Answer.json({ref: asdict(account) | {"held": account.held} for ref, account in self.books().items()})
        if not call.path.startswith(PAGES):
            return Answer.html("Not found", HTTPStatus.NOT_FOUND)
        try:
            session = self.bank.session(call.path.removeprefix(PAGES))
            return self._played(session, parse_qs(call.body.decode()).get("action", [""])[0])
        except BadRequest as refused:
            return Answer.html(str(refused), refused.status)

    def _played(self, session: Session, action: str) -> Answer:
        """Do what a buyer chose on the page of their session."""
        if action == pages.CANCEL:
            return Answer.see(session.cancel_url)
        if action == pages.PAY:
            self.bank.pay(session.id)
        elif action == pages.PAY_LATER:
            self.bank.pay_later(session.id)
        else:
            return Answer.html(pages.page(session, DECLINED if action == pages.DECLINE else ""))
        return Answer.see(session.success_url.replace("{CHECKOUT_SESSION_ID}", session.id))

    def sign(self, courier: Courier, body: bytes) -> Mapping[str, str]:
        """Sign as Stripe does."""
        moment = int(self.now()) - courier.age
        secret = "whsec_of_somebody_else" if courier.forged else self.webhook_secret
        return {"Stripe-Signature": f"t={moment},v1={signature(secret, moment, body)}"}

    def _tell(self, kind: str, about: Mapping[str, Any]) -> None:
        self.courier.send(
            {
                "id": new_id("evt"),
                "object": "event",
                "type": kind,
                "created": int(self.now()),
                "livemode": False,
                "data": {"object": about},
            }
        )
