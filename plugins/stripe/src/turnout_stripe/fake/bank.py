"""What the fake knows: sessions, the money taken in them, refunds and disputes; and what buyers and staff do with them."""

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

OPEN, COMPLETE, EXPIRED = "open", "complete", "expired"
UNPAID, PAID = "unpaid", "paid"
SUCCEEDED, PROCESSING, PENDING, FAILED = "succeeded", "processing", "pending", "failed"
NEEDS_RESPONSE, WON, LOST = "needs_response", "won", "lost"
UNDER_WAY = frozenset({PENDING, "requires_action"})
DECLINED = "Your card was declined."

Notify = Callable[[str, Mapping[str, Any]], None]


class BadRequest(Exception):
    """Refused as Stripe refuses what cannot be: with a `code`, and the `param` that is to blame."""

    def __init__(self, message: str, param: str | None = None, code: str | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.param = param
        self.code = code
        self.status = status


def new_id(prefix: str) -> str:
    """Return an id such as Stripe's."""
    return f"{prefix}_{secrets.token_hex(12)}"


@dataclass
class Session:
    """A session of Checkout."""

    id: str
    amount: int
    currency: str
    name: str
    success_url: str
    cancel_url: str
    client_reference_id: str | None
    customer_email: str | None
    metadata: Mapping[str, str]
    created: int
    expires_at: int
    url: str
    status: str = OPEN
    payment_status: str = UNPAID
    payment_intent: str | None = None

    def shown(self) -> dict[str, Any]:
        """Return it as the API does."""
        return {
            "id": self.id,
            "object": "checkout.session",
            "mode": "payment",
            "livemode": False,
            "amount_total": self.amount,
            "currency": self.currency,
            "success_url": self.success_url,
            "cancel_url": self.cancel_url,
            "client_reference_id": self.client_reference_id,
            "customer_email": self.customer_email,
            "metadata": dict(self.metadata),
            "created": self.created,
            "expires_at": self.expires_at,
            "status": self.status,
            "payment_status": self.payment_status,
            "payment_intent": self.payment_intent,
            "url": self.url if self.status == OPEN else None,
        }


@dataclass
class Intent:
    """A payment intent: the money of a session."""

    id: str
    session_id: str
    amount: int
    currency: str
    status: str
    amount_received: int = 0
    why: str | None = None

    def shown(self) -> dict[str, Any]:
        """Return it as the API does."""
        error = self.why and {"type": "card_error", "code": "card_declined", "message": self.why}
        return {
            "id": self.id,
            "object": "payment_intent",
            "livemode": False,
            "amount": self.amount,
            "amount_received": self.amount_received,
            "currency": self.currency,
            "status": self.status,
            "last_payment_error": error,
            "metadata": {},
        }


@dataclass
class Refund:
    """Money given back."""

    id: str
    payment_intent: str
    amount: int
    currency: str
    status: str
    created: int
    metadata: Mapping[str, str] = field(default_factory=dict)
    failure_reason: str | None = None

    def shown(self) -> dict[str, Any]:
        """Return it as the API does."""
        return {
            "id": self.id,
            "object": "refund",
            "payment_intent": self.payment_intent,
            "amount": self.amount,
            "currency": self.currency,
            "status": self.status,
            "created": self.created,
            "metadata": dict(self.metadata),
            "failure_reason": self.failure_reason,
        }


@dataclass
class Dispute:
    """Money held back, because the buyer wants it from their bank."""

    id: str
    payment_intent: str
    amount: int
    currency: str
    status: str

    def shown(self) -> dict[str, Any]:
        """Return it as the API does."""
        return {
            "id": self.id,
            "object": "dispute",
            "payment_intent": self.payment_intent,
            "amount": self.amount,
            "currency": self.currency,
            "status": self.status,
            "metadata": {},
        }


@dataclass(frozen=True, slots=True)
class Account:
    """What the bank holds of a payment, in Stripe's units."""

    currency: str
    captured: int
    refunded: int
    disputed: int

    @property
    def held(self) -> int:
        """Return what is left."""
        return self.captured - self.refunded - self.disputed


class Bank:
    """Everything that the fake knows, in memory. Each method is done as a whole, whoever else is at work.

    `refunds_are` is what refunds are that are asked for from now on: "succeeded", "pending", "requires_action", "failed".
    """

    def __init__(self, base_url: str, notify: Notify, now: Callable[[], float] = time.time) -> None:
        self.base_url = base_url
        self.now = now
        self.refunds_are = SUCCEEDED
        self.sessions: dict[str, Session] = {}
        self.intents: dict[str, Intent] = {}
        self.refunds: dict[str, Refund] = {}
        self.disputes: dict[str, Dispute] = {}
        self.lock = threading.RLock()
        self._notify = notify

    def make_session(self, **values: Any) -> Session:
        """Open a session; its page lies on this server."""
        session_id = new_id("cs_test")
        with self.lock:
            session = Session(session_id, **values, created=int(self.now()), url=f"{self.base_url}/c/pay/{session_id}")
            self.sessions[session_id] = session
            return session

    def session(self, session_id: str) -> Session:
        """Return a session, expired if it is past its time. Raises `BadRequest`."""
        with self.lock:
            session = self.sessions.get(session_id)
            if session is None:
                raise BadRequest(f"No such checkout.session: '{session_id}'", "session", "resource_missing", 404)
            if session.status == OPEN and session.expires_at <= self.now():
                self._expire(session)
            return session

    def expire(self, session_id: str) -> Session:
        """End a session. Raises `BadRequest` for one that is not open."""
        with self.lock:
            session = self.session(session_id)
            if session.status != OPEN:
                raise BadRequest(
                    'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a '
                    f"status of `{session.status}`."
                )
            self._expire(session)
            return session

    def _expire(self, session: Session) -> None:
        session.status = EXPIRED
        self._notify("checkout.session.expired", session.shown())

    def pay(self, session_id: str) -> None:
        """Let the buyer pay: the money is there at once."""
        with self.lock:
            session, intent = self._complete(session_id)
            self._receive(session, intent)
            self._notify("checkout.session.completed", session.shown())

    def pay_later(self, session_id: str) -> None:
        """Let the buyer pay in a way that takes its time (`arrive`, `fail`)."""
        with self.lock:
            session, _ = self._complete(session_id)
            self._notify("checkout.session.completed", session.shown())

    def arrive(self, session_id: str) -> None:
        """Let money that was on its way be there."""
        with self.lock:
            session = self.sessions[session_id]
            self._receive(session, self._intent_of(session))
            self._notify("checkout.session.async_payment_succeeded", session.shown())

    def fail(self, session_id: str, why: str = "The bank returned the debit.") -> None:
        """Let money that was on its way not come."""
        with self.lock:
            session = self.sessions[session_id]
            intent = self._intent_of(session)
            intent.status, intent.why = "requires_payment_method", why
            self._notify("checkout.session.async_payment_failed", session.shown())

    def _complete(self, session_id: str) -> tuple[Session, Intent]:
        session = self.session(session_id)
        if session.status != OPEN:
            raise BadRequest("This session is over.")
        intent = Intent(new_id("pi"), session.id, session.amount, session.currency, PROCESSING)
        self.intents[intent.id] = intent
        session.status, session.payment_intent = COMPLETE, intent.id
        return session, intent

    @staticmethod
    def _receive(session: Session, intent: Intent) -> None:
        intent.status, intent.amount_received = SUCCEEDED, intent.amount
        session.payment_status = PAID

    def _intent_of(self, session: Session) -> Intent:
        return self.intents[session.payment_intent or ""]

    def intent(self, intent_id: str) -> Intent:
        """Return a payment intent. Raises `BadRequest`."""
        with self.lock:
            intent = self.intents.get(intent_id)
            if intent is None:
                raise BadRequest(f"No such payment_intent: '{intent_id}'", "payment_intent", "resource_missing", 404)
            return intent

    def refund(self, intent_id: str, amount: int | None, metadata: Mapping[str, str] | None = None) -> Refund:
        """Give money back, because the API was asked to or, without `metadata`, somebody did at Stripe's own pages."""
        with self.lock:
            intent = self.intent(intent_id)
            left = self.account(intent).held - self._under_way(intent_id)
            if left <= 0:
                raise BadRequest("Charge has already been refunded.", code="charge_already_refunded")
            amount = left if amount is None else amount
            if amount > left:
                raise BadRequest(
                    f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})", "amount"
                )
            refund = Refund(
                new_id("re"),
                intent_id,
                amount,
                intent.currency,
                self.refunds_are,
                int(self.now()),
                dict(metadata or {}),
            )
            self.refunds[refund.id] = refund
            self._notify("charge.refunded", {"id": new_id("ch"), "object": "charge", "payment_intent": intent_id})
            return refund

    def settle_refund(self, refund_id: str, *, succeeds: bool) -> None:
        """Say what becomes of a refund; one that has succeeded may fail later, too."""
        with self.lock:
            refund = self.refunds[refund_id]
            refund.status = SUCCEEDED if succeeds else FAILED
            refund.failure_reason = None if succeeds else "lost_or_stolen_card"
            self._notify("refund.updated" if succeeds else "refund.failed", refund.shown())

    def dispute(self, session_id: str, amount: int | None = None) -> Dispute:
        """Let the buyer want money back from their bank: all that is left, unless an amount is said."""
        with self.lock:
            intent = self._intent_of(self.sessions[session_id])
            wanted = self.account(intent).held if amount is None else amount
            dispute = Dispute(new_id("dp"), intent.id, wanted, intent.currency, NEEDS_RESPONSE)
            self.disputes[dispute.id] = dispute
            self._notify("charge.dispute.created", dispute.shown())
            return dispute

    def close_dispute(self, dispute_id: str, *, won: bool) -> None:
        """Let the bank decide, for the organizer (`won`) or for the buyer."""
        with self.lock:
            dispute = self.disputes[dispute_id]
            dispute.status = WON if won else LOST
            self._notify("charge.dispute.closed", dispute.shown())

    def _under_way(self, intent_id: str) -> int:
        return sum(
            each.amount
            for each in self.refunds.values()
            if each.payment_intent == intent_id and each.status in UNDER_WAY
        )

    def account(self, intent: Intent) -> Account:
        """Return what is held of a payment intent."""
        with self.lock:
            refunds = [each for each in self.refunds.values() if each.payment_intent == intent.id]
            disputes = [each for each in self.disputes.values() if each.payment_intent == intent.id]
            return Account(
                intent.currency.upper(),
                intent.amount_received,
                sum(each.amount for each in refunds if each.status == SUCCEEDED),
                sum(each.amount for each in disputes if each.status != WON),
            )

    def books(self) -> dict[str, Account]:
        """Return what is held, by the ids of the sessions that anything was paid in."""
        with self.lock:
            accounts = {intent.session_id: self.account(intent) for intent in self.intents.values()}
            return {session_id: account for session_id, account in accounts.items() if account.captured}
