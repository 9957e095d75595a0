"""A PayPal for tests and demos: a real HTTP server on this machine, which takes nobody's money.

    with FakePayPal(webhook_url="http://127.0.0.1:6543/api/v1/payments/webhooks/paypal") as paypal:
        settings = paypal.settings()    # what the plugin needs to speak with it
        ...
        paypal.bank.approve(order_id)   # or somebody does, at the order's payer-action
        paypal.courier.settle()
        assert paypal.books()[order_id].held == Decimal("25.00")

It behaves as PayPal does where the plugin relies on it. `faults` lets calls go wrong, `courier` lets notices come late,
twice, out of order or forged, and `bank` has what buyers, banks and staff at PayPal's own pages do.
"""

import base64
import hmac
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from hashlib import sha256
from http import HTTPStatus
from secrets import token_hex
from typing import Any
from urllib.parse import parse_qs

from turnout.testing.fakes import BUSY, ERROR, FAULTS, GARBLED, LOST, SILENT, Answer, Call, Courier, Fake

from turnout_paypal.fake import pages
from turnout_paypal.fake.api import PayPalApi, error
from turnout_paypal.fake.bank import Account, Bank, Problem, new_id

__all__ = ["BUSY", "ERROR", "FAULTS", "GARBLED", "LOST", "SILENT", "Account", "FakePayPal"]

PAGE = "/checkoutnow"


class FakePayPal(Fake):
    """Pretends to be PayPal, from when it is entered (``with``) to when it is left. `now` tells the time, as `time.time` does."""

    api_prefixes = ("/v1/", "/v2/")

    def __init__(
        self,
        port: int = 0,
        *,
        webhook_url: str | None = None,
        client_id: str = "fake-client",
        client_secret: str = "fake-secret",  # noqa: S107 - protects nothing
        webhook_id: str = "1JE4291016473214C",
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(port, webhook_url=webhook_url)
        self.client_id = client_id
        self.client_secret = client_secret
        self.webhook_id = webhook_id
        self.now = now
        self._signing_key = token_hex(32).encode()
        self.bank = Bank(self.url, self._tell, now)
        self.api = PayPalApi(self.bank, (client_id, client_secret), self._is_own)

    def settings(self) -> dict[str, str]:
        """Return the settings of an application that is to speak with this one."""
        return {
            "paypal.base_url": self.url,
            "paypal.client_id": self.client_id,
            "paypal.client_secret": self.client_secret,
            "paypal.webhook_id": self.webhook_id,
        }

    def books(self) -> dict[str, Account]:
        """Return what is held, by order."""
        return self.bank.books()

    def answer(self, call: Call) -> Answer:
        """Answer a call of the API."""
        return self.api.answer(call)

    def problem(self, status: int, message: str) -> Answer:
        """Return an error in PayPal's shape."""
        is_error = status >= HTTPStatus.INTERNAL_SERVER_ERROR
        return error("INTERNAL_SERVER_ERROR" if is_error else "RATE_LIMIT_REACHED", message, status)

    def show(self, call: Call) -> Answer:
        """Show a buyer the page of their order, or do what they chose there; ``/books`` are for who runs this by hand."""
        if call.path == "/books":
            books = {ref: asdict(account) | {"held": account.held} for ref, account in self.books().items()}
            return Answer.json({ref: {name: str(value) for name, value in one.items()} for ref, one in books.items()})
        if call.path != PAGE:
            return Answer.html("Not found", HTTPStatus.NOT_FOUND)
        try:
            order = self.bank.order(call.query.get("token", ""))
        except Problem as problem:
            return Answer.html(str(problem), problem.status)
        action = parse_qs(call.body.decode()).get("action", [""])[0]
        if action == pages.CANCEL:
            return Answer.see(order.cancel_url)
        if action == pages.PAY:
            self.bank.approve(order.id)
            return Answer.see(order.return_url)
        return Answer.html(pages.page(order))

    def sign(self, courier: Courier, body: bytes) -> Mapping[str, str]:
        """Sign as PayPal does, but by a secret of its own: whoever wants to know whether it is right has to ask."""
        moment = datetime.fromtimestamp(int(self.now()) - courier.age, UTC).isoformat().replace("+00:00", "Z")
        transmission = token_hex(16)
        webhook_id = "SOMEBODYELSES" if courier.forged else self.webhook_id
        return {
            "PAYPAL-TRANSMISSION-ID": transmission,
            "PAYPAL-TRANSMISSION-TIME": moment,
            "PAYPAL-TRANSMISSION-SIG": self._signature(transmission, moment, webhook_id, body),
            "PAYPAL-CERT-URL": f"{self.url}/v1/notifications/certs/CERT-fake",
            "PAYPAL-AUTH-ALGO": "SHA256withRSA",
        }

    def _signature(self, transmission: str, moment: str, webhook_id: str, body: bytes) -> str:
        signed = f"{transmission}|{moment}|{webhook_id}|{zlib.crc32(body)}"
        return base64.b64encode(hmac.new(self._signing_key, signed.encode(), sha256).digest()).decode()

    def _is_own(self, raw: str, asked: Mapping[str, Any]) -> bool:
        expected = self._signature(
            asked.get("transmission_id", ""), asked.get("transmission_time", ""), self.webhook_id, raw.encode()
        )
        return asked.get("webhook_id") == self.webhook_id and asked.get("transmission_sig") == expected

    def _tell(self, kind: str, about: str, resource: Mapping[str, Any]) -> None:
        self.courier.send(
            {
                "id": f"WH-{new_id()}-{new_id()}",
                "event_version": "1.0",
                "create_time": datetime.fromtimestamp(int(self.now()), UTC).isoformat().replace("+00:00", "Z"),
                "event_type": kind,
                "resource_type": about,
                "resource": resource,
            }
        )
