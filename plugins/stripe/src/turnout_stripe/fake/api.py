"""Stripe's API as the fake answers it: forms in, documents out, keys that make requests repeatable."""

import re
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from turnout.testing.fakes import Answer, Call

from turnout_stripe.fake.bank import BadRequest, Bank

SHORTEST, LONGEST = 30 * 60, 24 * 3600
SLACK = 30
"""How many seconds a request may be under way."""
MOST = 99_999_999
LONGEST_KEY = 255

Form = dict[str, Any]


def read_form(text: str) -> Form:
    """Return a form as nested dicts: ``a[b][0]=c`` is ``{"a": {"b": {"0": "c"}}}``. Raises `BadRequest`."""
    form: Form = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        first, *rest = re.findall(r"[^\[\]]+", name) or [""]
        inner = form
        for outer, part in zip([first, *rest], rest, strict=False):
            inner = inner.setdefault(outer, {})
            if not isinstance(inner, dict):
                raise BadRequest("Invalid request.", part)
        inner[rest[-1] if rest else first] = value
    return form


def error(message: str, status: int, kind: str = "invalid_request_error", **more: str | None) -> Answer:
    """Return an error in Stripe's shape."""
    document = {"type": kind, "message": message, "code": None, "param": None} | more
    return Answer.json({"error": document}, status)


def listed(objects: Iterable[Any], query: Mapping[str, str], url: str) -> dict[str, Any]:
    """Return a page of objects, the newest first, as ``limit`` and ``starting_after`` want it."""
    found = [each.shown() for each in objects][::-1]
    ids = [each["id"] for each in found]
    start = ids.index(query["starting_after"]) + 1 if "starting_after" in query else 0
    limit = int(query.get("limit", 10))
    part = found[start : start + limit]
    return {"object": "list", "url": url, "has_more": start + limit < len(found), "data": part}


class StripeApi:
    """Answers calls. `key` is the secret key that callers must have."""

    def __init__(self, bank: Bank, key: str) -> None:
        self.bank = bank
        self.key = key
        self._answers: dict[str, tuple[tuple[str, str, bytes], Answer]] = {}
        self._routes: list[tuple[str, re.Pattern[str], Callable[..., Any]]] = [
            ("POST", re.compile("/v1/checkout/sessions"), self.make_session),
            ("GET", re.compile("/v1/checkout/sessions/([^/]+)"), self.get_session),
            (
                "POST",
                re.compile("/v1/checkout/sessions/([^/]+)/expire"),
                lambda _form, found: bank.expire(found).shown(),
            ),
            ("GET", re.compile("/v1/payment_intents/([^/]+)"), lambda _form, found: bank.intent(found).shown()),
            ("POST", re.compile("/v1/refunds"), self.make_refund),
            ("GET", re.compile("/v1/refunds"), self.list_refunds),
            ("GET", re.compile("/v1/disputes"), self.list_disputes),
        ]

    def answer(self, call: Call) -> Answer:
        """Answer a call, or as it was answered before."""
        if call.headers.get("authorization") != f"Bearer {self.key}":
            return error("Invalid API Key provided.", HTTPStatus.UNAUTHORIZED)
        key = call.headers.get("idempotency-key") if call.method == "POST" else None
        if key is None:
            return self._answer(call)
        if len(key) > LONGEST_KEY:
            return error("Idempotency-Key is too long.", HTTPStatus.BAD_REQUEST, "idempotency_error")
        asked = (call.method, call.path, call.body)
        with self.bank.lock:
            if key not in self._answers:
                self._answers[key] = asked, self._answer(call)
            before, answer = self._answers[key]
        if before != asked:
            return error(
                "Keys for idempotent requests can only be used with the same parameters they were first used with.",
                HTTPStatus.BAD_REQUEST,
                "idempotency_error",
            )
        return answer

    def _answer(self, call: Call) -> Answer:
        try:
            form = read_form(call.body.decode()) if call.method == "POST" else dict(call.query)
            for method, path, function in self._routes:
                found = path.fullmatch(call.path)
                if found and method == call.method:
                    with self.bank.lock:
                        return Answer.json(function(form, *found.groups()))
        except BadRequest as refused:
            return error(str(refused), refused.status, param=refused.param, code=refused.code)
        return error(f"Unrecognized request URL ({call.method}: {call.path}).", HTTPStatus.NOT_FOUND)

    def make_session(self, form: Form) -> dict[str, Any]:
        """``POST /v1/checkout/sessions``."""
        if form.get("mode") != "payment":
            raise BadRequest("mode must be payment here.", "mode")
        item = _part(form, "line_items", "0")
        price = _part(item, "price_data")
        amount = _whole(price, "unit_amount", 1, MOST) * _whole(item, "quantity", 1, 100)
        now = int(self.bank.now())
        expires_at = _whole(form, "expires_at", 0, 2**53, now + LONGEST)
        if not now + SHORTEST - SLACK <= expires_at <= now + LONGEST + SLACK:
            raise BadRequest(
                "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.",
                "expires_at",
            )
        return self.bank.make_session(
            amount=amount,
            currency=_text(price, "currency"),
            name=_text(_part(price, "product_data"), "name"),
            success_url=_text(form, "success_url"),
            cancel_url=form.get("cancel_url", ""),
            client_reference_id=form.get("client_reference_id"),
            customer_email=form.get("customer_email"),
            metadata=form.get("metadata", {}),
            expires_at=expires_at,
        ).shown()

    def get_session(self, query: Mapping[str, str], session_id: str) -> dict[str, Any]:
        """``GET /v1/checkout/sessions/{id}``, with its payment intent as a whole if ``expand`` says so."""
        session = self.bank.session(session_id)
        shown = session.shown()
        if query.get("expand[0]") == "payment_intent" and session.payment_intent is not None:
            shown["payment_intent"] = self.bank.intent(session.payment_intent).shown()
        return shown

    def make_refund(self, form: Form) -> dict[str, Any]:
        """``POST /v1/refunds``."""
        amount = _whole(form, "amount", 1, MOST) if "amount" in form else None
        return self.bank.refund(_text(form, "payment_intent"), amount, form.get("metadata", {})).shown()

    def list_refunds(self, query: Mapping[str, str]) -> dict[str, Any]:
        """``GET /v1/refunds``."""
        return listed(_of(self.bank.refunds.values(), query), query, "/v1/refunds")

    def list_disputes(self, query: Mapping[str, str]) -> dict[str, Any]:
        """``GET /v1/disputes``."""
        return listed(_of(self.bank.disputes.values(), query), query, "/v1/disputes")


def _of(objects: Iterable[Any], query: Mapping[str, str]) -> list[Any]:
    return [each for each in objects if query.get("payment_intent", each.payment_intent) == each.payment_intent]


def _text(form: Form, name: str) -> str:
    value = form.get(name)
    if not isinstance(value, str) or not value:
        raise BadRequest(f"Missing required param: {name}.", name, "parameter_missing")
    return value


def _part(form: Form, *names: str) -> Form:
    part: Any = form
    for name in names:
        part = part.get(name)
        if not isinstance(part, dict):
            raise BadRequest(f"Missing required param: {names[0]}.", names[0], "parameter_missing")
    found: Form = part
    return found


def _whole(form: Form, name: str, least: int, most: int, missing: int | None = None) -> int:
    if missing is not None and name not in form:
        return missing
    text = _text(form, name)
    if not re.fullmatch("-?[0-9]{1,20}", text):
        raise BadRequest(f"Invalid integer: {text}", name, "parameter_invalid_integer")
    if not least <= int(text) <= most:
        raise BadRequest(f"{name} must be between {least} and {most}.", name)
    return int(text)
