"""PayPal as a provider of payments: the buyer agrees at PayPal, and then the money is taken (Orders v2)."""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, TypeGuard
from urllib.parse import quote, urlsplit

from turnout.plugin import Clock, Invalid, Settings
from turnout_payments.providers import (
    DONE,
    EXPIRED,
    FAILED,
    OPEN,
    PAID,
    PENDING,
    PROCESSING,
    Charge,
    Forged,
    Notice,
    Opened,
    PaymentProvider,
    Refused,
    Seen,
    SeenRefund,
    Unavailable,
    WantedRefund,
)

from turnout_paypal.amounts import TAKEN, from_paypal, to_paypal
from turnout_paypal.gateway import Gateway, Problem

SETTINGS = ("paypal.client_id", "paypal.client_secret", "paypal.webhook_id")
MOST_OF_A_DESCRIPTION = 127
LONGEST_ID, LONGEST_KIND = 255, 100

TRANSMISSION = {
    "transmission_id": "paypal-transmission-id",
    "transmission_time": "paypal-transmission-time",
    "transmission_sig": "paypal-transmission-sig",
    "cert_url": "paypal-cert-url",
    "auth_algo": "paypal-auth-algo",
}
"""What PayPal wants to know to say whether a notice is its own, and the headers that have it."""
LONGEST_HEADER, LARGEST_BODY = 1000, 64 * 1024
"""More than PayPal sends: anybody can send a notice, and only PayPal says later whose it is."""
STALE = timedelta(days=3)
"""For how long PayPal sends a notice again that was not taken; whether it dates it anew, it does not say."""
FAST = timedelta(minutes=5)
"""By how much PayPal's clock may be ahead of ours."""

TAKEN_CAPTURES = frozenset({"COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED"})
REFUND_STATUSES = {"COMPLETED": DONE, "PENDING": PENDING}
"""What PayPal says of refunds, and what that means; anything else is a failure."""


class PayPalProvider(PaymentProvider):
    """Takes what buyers have at PayPal, and what PayPal takes for them.

    An order cannot be closed: until it has ended by itself, the buyer can agree to it, and `look` takes the money. So nothing
    is lost that came late.
    """

    title = "PayPal"
    signature_headers = tuple(TRANSMISSION.values())

    def __init__(self, gateway: Gateway, settings: Settings, clock: Clock) -> None:
        self.gateway = gateway
        self.settings = settings
        self.clock = clock

    def check(self) -> str | None:
        """Return which setting is missing."""
        return next((f"Set {name}." for name in SETTINGS if not self.settings[name].strip()), None)

    def takes(self, currency: str) -> bool:
        """Tell whether PayPal knows a currency."""
        return currency in TAKEN

    def open(self, charge: Charge) -> Opened:
        """Make an order."""
        order = {
            "intent": "CAPTURE",
            "purchase_units": [
                {
                    "reference_id": charge.reference,
                    "custom_id": charge.key,
                    "description": charge.description[:MOST_OF_A_DESCRIPTION] or charge.reference,
                    "amount": to_paypal(charge.amount, charge.currency),
                }
            ],
            "payment_source": {
                "paypal": {
                    "experience_context": {
                        "return_url": charge.back_url,
                        "cancel_url": charge.back_url,
                        "user_action": "PAY_NOW",
                        "shipping_preference": "NO_SHIPPING",
                    }
                }
            },
        }
        with self.gateway.talk():
            made = self.gateway.post("/v2/checkout/orders", json.dumps(order).encode(), charge.key)
            links = {link["rel"]: link["href"] for link in made["links"]}
            return Opened(made["id"], links["payer-action"])

    def look(self, ref: str) -> Seen:
        """Return what became of an order; take the money first, if the buyer has agreed."""
        with self.gateway.talk():
            try:
                order = self._order(ref)
                if order["status"] == "APPROVED" and not _payments(order, "captures"):
                    order = self._captured(ref)
            except Problem as problem:
                if problem.status == HTTPStatus.NOT_FOUND:
                    return Seen(EXPIRED, detail="PayPal does not know the order any more.")
                if problem.issue == "INSTRUMENT_DECLINED":
                    return Seen(FAILED, detail=str(problem))
                raise
            return _seen(order)

    def _order(self, ref: str) -> dict[str, Any]:
        return self.gateway.get(f"/v2/checkout/orders/{quote(ref, safe='')}")

    def _captured(self, ref: str) -> dict[str, Any]:
        """Take the money that the buyer has agreed to, once."""
        try:
            return self.gateway.post(f"/v2/checkout/orders/{quote(ref, safe='')}/capture", b"{}", f"capture-{ref}")
        except Problem as problem:
            if problem.issue == "ORDER_ALREADY_CAPTURED":
                return self._order(ref)
            raise

    def refund(self, ref: str, wanted: WantedRefund) -> SeenRefund:
        """Give money back, once: PayPal forgets keys in time, so it is asked first whether it has done it already."""
        with self.gateway.talk():
            order = self._order(ref)
            for refund in _payments(order, "refunds"):
                if refund.get("custom_id") == wanted.key:
                    return _seen_refund(refund)
            taken = [capture for capture in _payments(order, "captures") if capture["status"] in TAKEN_CAPTURES]
            if not taken:
                raise Refused("PayPal has no money of this payment.")
            request = {"amount": to_paypal(wanted.amount, wanted.currency), "custom_id": wanted.key}
            path = f"/v2/payments/captures/{quote(taken[0]['id'], safe='')}/refund"
            return _seen_refund(self.gateway.post(path, json.dumps(request).encode(), wanted.key))

    def receive(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """Return what a notice says; whether it is PayPal's, only PayPal can tell (`verify`)."""
        if not all(0 < len(headers.get(name, "")) <= LONGEST_HEADER for name in self.signature_headers):
            raise Forged("The headers are missing by which PayPal signs.")
        if len(body) > LARGEST_BODY:
            raise Invalid({"body": f"must have at most {LARGEST_BODY} bytes"})
        self._require_own_certificate(headers[TRANSMISSION["cert_url"]])
        self._require_recent(headers[TRANSMISSION["transmission_time"]])
        try:
            event = json.loads(body)
            return _notice(event, event.get("resource_type", ""), event["resource"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise Invalid({"body": "is no event of PayPal's"}) from None

    def _require_own_certificate(self, url: str) -> None:
        """Raise `Forged` for a certificate that is neither PayPal's nor from where the API is."""
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
        except ValueError:
            raise Forged("The header that says where the certificate is is no address.") from None
        is_paypals = parts.scheme == "https" and f".{host}".endswith(".paypal.com")
        if not is_paypals and f"{parts.scheme}://{parts.netloc}" != self.settings["paypal.base_url"]:
            raise Forged("The certificate is not PayPal's.")

    def _require_recent(self, moment: str) -> None:
        try:
            age = self.clock.now() - datetime.fromisoformat(moment)
        except (ValueError, TypeError, OverflowError):
            raise Forged("The header that says when it was sent is no moment.") from None
        if not -FAST <= age <= STALE:
            raise Forged("It was sent too long ago, or the clocks differ.")

    def verify(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Ask PayPal whether a notice is its own; what it is asked about has to be, byte for byte, what came."""
        asked = {field: headers.get(name, "") for field, name in TRANSMISSION.items()}
        asked["webhook_id"] = self.settings["paypal.webhook_id"]
        document = json.dumps(asked).encode()[:-1] + b', "webhook_event": ' + body + b"}"
        with self.gateway.talk():
            try:
                said = self.gateway.post("/v1/notifications/verify-webhook-signature", document)
            except Problem as problem:
                if problem.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}:
                    return False
                raise Unavailable(str(problem)) from None
            return bool(said["verification_status"] == "SUCCESS")


def _payments(order: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    """Return the "captures" or "refunds" of an order, oldest first."""
    found: list[dict[str, Any]] = order["purchase_units"][0].get("payments", {}).get(kind, [])
    return found


def _seen(order: Mapping[str, Any]) -> Seen:
    """Return what an order says: that it is completed does not mean that it is paid, but its capture may."""
    captures = _payments(order, "captures")
    taken = [capture for capture in captures if capture["status"] in TAKEN_CAPTURES]
    if not captures:
        return Seen(EXPIRED if order["status"] == "VOIDED" else OPEN)
    newest = captures[-1]
    is_coming = any(capture["status"] == "PENDING" for capture in captures)
    undecided = PROCESSING if is_coming else FAILED
    return Seen(
        PAID if taken else undecided,
        captured=sum(from_paypal(capture["amount"]) for capture in taken),
        currency=newest["amount"]["currency_code"],
        charge_ref=(taken or captures)[0]["id"],
        refunds=tuple(map(_seen_refund, _payments(order, "refunds"))),
        detail="" if taken else _why(newest),
    )


def _seen_refund(refund: Mapping[str, Any]) -> SeenRefund:
    status = REFUND_STATUSES.get(refund["status"], FAILED)
    detail = _why(refund) if status == FAILED else ""
    return SeenRefund(refund["id"], from_paypal(refund["amount"]), status, refund.get("custom_id"), detail)


def _why(thing: Mapping[str, Any]) -> str:
    return str((thing.get("status_details") or {}).get("reason") or "")


def _notice(event: Mapping[str, Any], about: str, resource: Mapping[str, Any]) -> Notice:
    """Return what an event says, whether it is about an order, a capture or a refund."""
    related = (resource.get("supplementary_data") or {}).get("related_ids") or {}
    refs, key = [related.get("order_id"), related.get("capture_id")], None
    if about == "checkout-order":
        refs.append(resource["id"])
        key = (resource.get("purchase_units") or [{}])[0].get("custom_id")
    elif about == "capture":
        refs.append(resource["id"])
        key = resource.get("custom_id")
    elif about == "refund":
        refs += [link["href"].rpartition("/")[2] for link in resource.get("links", ()) if link["rel"] == "up"]
    return Notice(
        _named(event["id"], LONGEST_ID),
        _named(event["event_type"], LONGEST_KIND),
        key if _is_name(key, LONGEST_ID) else None,
        tuple(ref for ref in refs if _is_name(ref, LONGEST_ID)),
    )


def _named(value: Any, longest: int) -> str:
    if not _is_name(value, longest):
        raise ValueError
    return value


def _is_name(value: Any, longest: int) -> TypeGuard[str]:
    """Tell whether this can be a name for something of ours: what others keep in the same account may be anything."""
    return isinstance(value, str) and len(value) <= longest and re.fullmatch("[!-~]+", value) is not None
