"""What the fake knows: orders, the money taken for them, and refunds; and what buyers and staff do with them."""

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

PAYER_ACTION_REQUIRED, APPROVED, COMPLETED = "PAYER_ACTION_REQUIRED", "APPROVED", "COMPLETED"
PENDING, DECLINED, FAILED = "PENDING", "DECLINED", "FAILED"
PARTIALLY_REFUNDED, REFUNDED = "PARTIALLY_REFUNDED", "REFUNDED"
TAKEN = frozenset({COMPLETED, PARTIALLY_REFUNDED, REFUNDED})
INSTRUMENT_DECLINED = "INSTRUMENT_DECLINED"
"""What captures may be told to be, beside their statuses: no capture at all, but a refusal."""
LIFETIME = 3 * 3600
"""Seconds after which an order is gone that nobody has paid."""

Notify = Callable[[str, str, Mapping[str, Any]], None]


class Problem(Exception):
    """Refused as PayPal refuses: with a status, a name, and an issue."""

    def __init__(self, issue: str, description: str, status: int = 422, name: str = "UNPROCESSABLE_ENTITY") -> None:
        super().__init__(description)
        self.issue = issue
        self.status = status
        self.name = name


def new_id() -> str:
    """Return an id such as PayPal's: 17 letters and digits."""
    return "".join(secrets.choice("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(17))


@dataclass
class Refund:
    """Money given back."""

    id: str
    capture_id: str
    value: Decimal
    currency: str
    status: str
    custom_id: str | None = None

    def shown(self, url: str) -> dict[str, Any]:
        """Return it as the API does."""
        return {
            "id": self.id,
            "status": self.status,
            "amount": {"currency_code": self.currency, "value": str(self.value)},
            "links": [{"href": f"{url}/v2/payments/captures/{self.capture_id}", "rel": "up", "method": "GET"}],
        } | ({"custom_id": self.custom_id} if self.custom_id else {})


@dataclass
class Capture:
    """Money taken."""

    id: str
    order_id: str
    value: Decimal
    currency: str
    status: str
    custom_id: str | None = None
    why: str | None = None
    refunds: list[Refund] = field(default_factory=list)

    def given_back(self, *statuses: str) -> Decimal:
        """Return how much refunds of these statuses take."""
        return sum((refund.value for refund in self.refunds if refund.status in statuses), Decimal(0))

    def shown(self) -> dict[str, Any]:
        """Return it as the API does."""
        found: dict[str, Any] = {
            "id": self.id,
            "status": self.status,
            "amount": {"currency_code": self.currency, "value": str(self.value)},
            "final_capture": True,
            "supplementary_data": {"related_ids": {"order_id": self.order_id}},
        }
        found |= {"custom_id": self.custom_id} if self.custom_id else {}
        return found | ({"status_details": {"reason": self.why}} if self.why else {})


@dataclass
class Order:
    """What a buyer is asked to agree to."""

    id: str
    value: Decimal
    currency: str
    description: str
    reference_id: str
    custom_id: str | None
    return_url: str
    cancel_url: str
    created: float
    status: str = PAYER_ACTION_REQUIRED
    captures: list[Capture] = field(default_factory=list)

    def shown(self, url: str) -> dict[str, Any]:
        """Return it as the API does."""
        refunds = [refund.shown(url) for capture in self.captures for refund in capture.refunds]
        payments = {"captures": [capture.shown() for capture in self.captures]} | (
            {"refunds": refunds} if refunds else {}
        )
        unit = {
            "reference_id": self.reference_id,
            "description": self.description,
            "amount": {"currency_code": self.currency, "value": str(self.value)},
        }
        unit |= {"custom_id": self.custom_id} if self.custom_id else {}
        return {
            "id": self.id,
            "intent": "CAPTURE",
            "status": self.status,
            "purchase_units": [unit | ({"payments": payments} if self.captures else {})],
            "links": [
                {"href": f"{url}/v2/checkout/orders/{self.id}", "rel": "self", "method": "GET"},
                {"href": f"{url}/checkoutnow?token={self.id}", "rel": "payer-action", "method": "GET"},
            ],
        }


@dataclass(frozen=True, slots=True)
class Account:
    """What PayPal holds of a payment."""

    currency: str
    captured: Decimal
    refunded: Decimal

    @property
    def held(self) -> Decimal:
        """Return what is left."""
        return self.captured - self.refunded


class Bank:
    """Everything that the fake knows, in memory. Each method is done as a whole, whoever else is at work.

    `captures_are` is what becomes of money that is taken from now on: "COMPLETED", "PENDING", "DECLINED", "FAILED", or
    "INSTRUMENT_DECLINED", which is a refusal. `refunds_are` is what refunds become: "COMPLETED", "PENDING", "FAILED".
    """

    def __init__(self, url: str, notify: Notify, now: Callable[[], float] = time.time) -> None:
        self.url = url
        self.now = now
        self.captures_are = COMPLETED
        self.refunds_are = COMPLETED
        self.orders: dict[str, Order] = {}
        self.lock = threading.RLock()
        self._notify = notify

    def make_order(self, **values: Any) -> Order:
        """Open an order."""
        with self.lock:
            order = Order(new_id(), **values, created=self.now())
            self.orders[order.id] = order
            return order

    def order(self, order_id: str) -> Order:
        """Return an order. Raises `Problem` for one that is gone."""
        with self.lock:
            order = self.orders.get(order_id)
            if order is None or (not order.captures and order.created + LIFETIME <= self.now()):
                raise Problem("INVALID_RESOURCE_ID", "Specified resource ID does not exist.", 404, "RESOURCE_NOT_FOUND")
            return order

    def approve(self, order_id: str) -> None:
        """Let the buyer agree. No money has moved yet."""
        with self.lock:
            order = self.order(order_id)
            if order.status == PAYER_ACTION_REQUIRED:
                order.status = APPROVED
                self._notify("CHECKOUT.ORDER.APPROVED", "checkout-order", order.shown(self.url))

    def capture(self, order_id: str) -> Order:
        """Take the money that the buyer has agreed to. Raises `Problem`."""
        with self.lock:
            order = self.order(order_id)
            if order.status == COMPLETED:
                raise Problem("ORDER_ALREADY_CAPTURED", "Order already captured.")
            if order.status != APPROVED:
                raise Problem("ORDER_NOT_APPROVED", "Payer has not yet approved the Order for payment.")
            if self.captures_are == INSTRUMENT_DECLINED:
                raise Problem(INSTRUMENT_DECLINED, "The instrument presented was declined by the processor or bank.")
            capture = Capture(new_id(), order.id, order.value, order.currency, self.captures_are, order.custom_id)
            order.captures.append(capture)
            order.status = COMPLETED
            self._tell_of(capture)
            return order

    def settle(self, order_id: str, status: str = COMPLETED, why: str | None = None) -> None:
        """Say what became of money that was on its way."""
        with self.lock:
            capture = self.orders[order_id].captures[-1]
            capture.status, capture.why = status, why
            self._tell_of(capture)

    def _tell_of(self, capture: Capture) -> None:
        kind = {COMPLETED: "COMPLETED", PENDING: "PENDING"}.get(capture.status, "DENIED")
        self._notify(f"PAYMENT.CAPTURE.{kind}", "capture", capture.shown())

    def refund(self, capture_id: str, value: Decimal | None, custom_id: str | None = None) -> Refund:
        """Give money back, because the API was asked to or, without `custom_id`, somebody did at PayPal's own pages."""
        with self.lock:
            capture = self._capture(capture_id)
            left = capture.value - capture.given_back(COMPLETED, PENDING)
            if capture.status not in TAKEN or not left:
                raise Problem("CAPTURE_FULLY_REFUNDED", "The capture has already been fully refunded")
            value = left if value is None else value
            if value > left:
                raise Problem(
                    "REFUND_AMOUNT_EXCEEDED", "The refund amount must be less than or equal to the capture amount."
                )
            refund = Refund(new_id(), capture_id, value, capture.currency, self.refunds_are, custom_id)
            capture.refunds.append(refund)
            self._note(capture)
            self._notify("PAYMENT.CAPTURE.REFUNDED", "refund", refund.shown(self.url))
            return refund

    def settle_refund(self, refund_id: str, status: str = COMPLETED) -> None:
        """Say what became of a refund that was pending."""
        with self.lock:
            for capture in self._captures():
                for refund in capture.refunds:
                    if refund.id == refund_id:
                        refund.status = status
                        self._note(capture)
                        self._notify(f"PAYMENT.REFUND.{status}", "refund", refund.shown(self.url))

    @staticmethod
    def _note(capture: Capture) -> None:
        given_back = capture.given_back(COMPLETED)
        if given_back:
            capture.status = REFUNDED if given_back == capture.value else PARTIALLY_REFUNDED
        elif capture.status in TAKEN:
            capture.status = COMPLETED

    def _captures(self) -> list[Capture]:
        return [capture for order in self.orders.values() for capture in order.captures]

    def _capture(self, capture_id: str) -> Capture:
        for capture in self._captures():
            if capture.id == capture_id:
                return capture
        raise Problem("INVALID_RESOURCE_ID", "Specified resource ID does not exist.", 404, "RESOURCE_NOT_FOUND")

    def books(self) -> dict[str, Account]:
        """Return what is held, by the ids of the orders for which anything was taken."""
        with self.lock:
            return {
                capture.order_id: Account(capture.currency, capture.value, capture.given_back(COMPLETED))
                for capture in self._captures()
                if capture.status in TAKEN
            }
