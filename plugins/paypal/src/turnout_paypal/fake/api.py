"""PayPal's API as the fake answers it: tokens, documents, and request ids that make calls repeatable."""

import base64
import json
import re
import secrets
import time
from collections.abc import Callable
from decimal import Decimal
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, unquote

from turnout.testing.fakes import Answer, Call

from turnout_paypal.amounts import TAKEN, WITHOUT_DECIMALS
from turnout_paypal.fake.bank import Bank, Problem

MOST_DECIMALS = 2

Document = dict[str, Any]
Verify = Callable[[str, Document], bool]


def error(name: str, message: str, status: int, *details: Document) -> Answer:
    """Return an error in PayPal's shape."""
    document = {"name": name, "message": message, "debug_id": "f0000fake", "details": list(details)}
    return Answer.json(document, status)


class PayPalApi:
    """Answers calls. `credentials` are those that callers must have; tokens last `token_seconds`."""

    def __init__(self, bank: Bank, credentials: tuple[str, str], verify: Verify) -> None:
        self.bank = bank
        self.token_seconds = 32_400.0
        self._basic = "Basic " + base64.b64encode(":".join(credentials).encode()).decode()
        self._verify = verify
        self._tokens: dict[str, float] = {}
        self._answers: dict[tuple[str, str], Answer] = {}
        self._routes: list[tuple[str, re.Pattern[str], Callable[..., tuple[Any, int]]]] = [
            ("POST", re.compile("/v2/checkout/orders"), self.make_order),
            ("GET", re.compile("/v2/checkout/orders/([^/]+)"), self.get_order),
            ("POST", re.compile("/v2/checkout/orders/([^/]+)/capture"), self.capture),
            ("POST", re.compile("/v2/payments/captures/([^/]+)/refund"), self.refund),
        ]

    def answer(self, call: Call) -> Answer:
        """Answer a call, or as it was answered before."""
        if call.path == "/v1/oauth2/token":
            return self._token(call)
        bearer = call.headers.get("authorization", "").removeprefix("Bearer ")
        if self._tokens.get(bearer, 0) <= time.monotonic():
            return Answer.json(
                {"error": "invalid_token", "error_description": "Token signature verification failed"}, 401
            )
        if call.path == "/v1/notifications/verify-webhook-signature":
            return self._verified(call)
        request_id = call.headers.get("paypal-request-id") if call.method == "POST" else None
        if request_id is None:
            return self._answer(call)
        with self.bank.lock:
            if (call.path, request_id) not in self._answers:
                answer = self._answer(call)
                if answer.status >= HTTPStatus.BAD_REQUEST:
                    return answer  # what was refused may be tried again
                self._answers[call.path, request_id] = answer
            return self._answers[call.path, request_id]

    def forget_tokens(self) -> None:
        """Let no token be good any more."""
        self._tokens.clear()

    def forget_requests(self) -> None:
        """Forget which requests were made, as PayPal does in time."""
        self._answers.clear()

    def _token(self, call: Call) -> Answer:
        if call.headers.get("authorization") != self._basic:
            return Answer.json({"error": "invalid_client", "error_description": "Client Authentication failed"}, 401)
        if parse_qs(call.body.decode()) != {"grant_type": ["client_credentials"]}:
            return Answer.json(
                {"error": "unsupported_grant_type", "error_description": "Grant type is not supported"}, 400
            )
        token = secrets.token_urlsafe(32)
        self._tokens[token] = time.monotonic() + self.token_seconds
        return Answer.json({"access_token": token, "token_type": "Bearer", "expires_in": self.token_seconds})

    def _verified(self, call: Call) -> Answer:
        text = call.body.decode()
        try:
            asked = json.loads(text)
        except ValueError:
            return error("INVALID_REQUEST", "Request is not well-formed, syntactically incorrect.", 400)
        # The event as it was sent, byte for byte: that is what was signed.
        raw = text.partition('"webhook_event": ')[2].removesuffix("}")
        return Answer.json({"verification_status": "SUCCESS" if self._verify(raw, asked) else "FAILURE"})

    def _answer(self, call: Call) -> Answer:
        try:
            document = json.loads(call.body or b"{}")
            for method, path, function in self._routes:
                found = path.fullmatch(call.path)
                if found and method == call.method:
                    with self.bank.lock:
                        return Answer.json(*function(document, *map(unquote, found.groups())))
        except Problem as problem:
            detail = {"issue": problem.issue, "description": str(problem)}
            message = (
                "The requested action could not be performed, semantically incorrect, or failed business validation."
            )
            return error(problem.name, message, problem.status, detail)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError):
            return error("INVALID_REQUEST", "Request is not well-formed, syntactically incorrect.", 400)
        return error("RESOURCE_NOT_FOUND", "The specified resource does not exist.", 404)

    def make_order(self, document: Document) -> tuple[Document, int]:
        """``POST /v2/checkout/orders``."""
        (unit,) = document["purchase_units"]
        context = document["payment_source"]["paypal"]["experience_context"]
        if document["intent"] != "CAPTURE":
            raise Problem("NOT_SUPPORTED", "Only the intent CAPTURE is known here.")
        currency = unit["amount"]["currency_code"]
        order = self.bank.make_order(
            value=_value(unit["amount"]["value"], currency),
            currency=currency,
            description=unit.get("description", ""),
            reference_id=unit.get("reference_id", "default"),
            custom_id=unit.get("custom_id"),
            return_url=context["return_url"],
            cancel_url=context["cancel_url"],
        )
        return order.shown(self.bank.url), 200

    def get_order(self, _document: Document, order_id: str) -> tuple[Document, int]:
        """``GET /v2/checkout/orders/{id}``."""
        return self.bank.order(order_id).shown(self.bank.url), 200

    def capture(self, _document: Document, order_id: str) -> tuple[Document, int]:
        """``POST /v2/checkout/orders/{id}/capture``."""
        return self.bank.capture(order_id).shown(self.bank.url), 201

    def refund(self, document: Document, capture_id: str) -> tuple[Document, int]:
        """``POST /v2/payments/captures/{id}/refund``."""
        amount = document.get("amount")
        value = None if amount is None else _value(amount["value"], amount["currency_code"])
        return self.bank.refund(capture_id, value, document.get("custom_id")).shown(self.bank.url), 201


def _value(text: str, currency: str) -> Decimal:
    if currency not in TAKEN:
        raise Problem("CURRENCY_NOT_SUPPORTED", "Currency code is not currently supported.")
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", text):
        raise Problem("INVALID_PARAMETER_VALUE", "The value of a field is invalid.", 400, "INVALID_REQUEST")
    decimals = len(text.partition(".")[2])
    if decimals and currency in WITHOUT_DECIMALS:
        raise Problem("DECIMALS_NOT_SUPPORTED", "Currency does not support decimals.")
    if decimals > MOST_DECIMALS:
        raise Problem("DECIMAL_PRECISION", "The value of the field should not be more than two decimal places.")
    if not Decimal(text):
        raise Problem("CANNOT_BE_ZERO_OR_NEGATIVE", "Must be greater than zero.")
    return Decimal(text)
