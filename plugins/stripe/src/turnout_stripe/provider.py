"""Stripe as a provider of payments: the buyer pays on a page of Stripe's (Checkout)."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, TypeGuard, cast

import stripe
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
    Notice,
    Opened,
    PaymentProvider,
    Refused,
    Seen,
    SeenRefund,
    WantedRefund,
)

from turnout_stripe.amounts import NOT_TAKEN, from_stripe, to_stripe
from turnout_stripe.gateway import Gateway
from turnout_stripe.signatures import require_signed

SHORTEST = timedelta(minutes=30)
LONGEST = timedelta(hours=24)
"""How long a session of Checkout may live, counted from when it is asked for."""
MOST_OF_A_NAME = 250
LONGEST_ID, LONGEST_KIND = 255, 100
MOST_ON_A_PAGE: Literal[100] = 100

REFUND_STATUSES = {"pending": PENDING, "requires_action": PENDING, "succeeded": DONE}
"""What Stripe says of refunds, and what that means; anything else is a failure."""
HELD_BACK = frozenset({"needs_response", "under_review", "lost"})
"""The statuses of disputes for which Stripe has taken the money; what begins with "warning" is a question only."""
GIVEN_UP = frozenset({"requires_payment_method", "canceled"})
"""The statuses of a payment intent from which no money comes any more, once its session is complete."""


class StripeProvider(PaymentProvider):
    """Takes cards, and what else the account at Stripe is set up for."""

    title = "Card"

    def __init__(self, gateway: Gateway, settings: Settings, clock: Clock) -> None:
        self.gateway = gateway
        self.settings = settings
        self.clock = clock

    def check(self) -> str | None:
        """Return which setting is missing."""
        for name in ("stripe.secret_key", "stripe.webhook_secret"):
            if not self.settings[name].strip():
                return f"Set {name}."
        return None

    def takes(self, currency: str) -> bool:
        """Tell whether amounts of a currency can be said to Stripe without doubt."""
        return currency not in NOT_TAKEN

    def open(self, charge: Charge) -> Opened:
        """Make a session of Checkout."""
        with self.gateway.talk() as client:
            session = client.v1.checkout.sessions.create(
                {
                    "mode": "payment",
                    "success_url": charge.back_url,
                    "cancel_url": charge.back_url,
                    "client_reference_id": charge.reference,
                    "expires_at": int(self._expiry(charge.expires_at).timestamp()),
                    "line_items": [
                        {
                            "quantity": 1,
                            "price_data": {
                                "currency": charge.currency.lower(),
                                "unit_amount": to_stripe(charge.amount, charge.currency),
                                "product_data": {"name": charge.description[:MOST_OF_A_NAME] or charge.reference},
                            },
                        }
                    ],
                    "metadata": {"key": charge.key},
                    **({"customer_email": charge.email} if charge.email else {}),
                },
                {"idempotency_key": charge.key},
            )
            return Opened(session.id, session.url)

    def _expiry(self, wanted: datetime) -> datetime:
        """Return when a session ends of which we want that it ends at `wanted`.

        Whoever asks again with the same key must ask for the same, so it does not depend on the time, unless it must: the
        half hour that a session has to live is added. Until then it ends because we `close` it.
        """
        return min(wanted + SHORTEST, self.clock.now().replace(minute=0, second=0, microsecond=0) + LONGEST)

    def look(self, ref: str) -> Seen:
        """Return what became of a session and of its money."""
        with self.gateway.talk() as client:
            session = client.v1.checkout.sessions.retrieve(ref, {"expand": ["payment_intent"]})
            if session.status != "complete":
                return Seen(EXPIRED if session.status == "expired" else OPEN)
            if session.payment_intent is None:
                return Seen(FAILED, detail="Stripe asked for no money.")
            intent = cast("stripe.PaymentIntent", session.payment_intent)
            currency = intent.currency.upper()
            return Seen(
                _status_of(session, intent),
                captured=from_stripe(intent.amount_received, currency),
                currency=currency,
                charge_ref=intent.id,
                refunds=tuple(_seen(refund) for refund in _refunds_of(client, intent.id)),
                disputed=from_stripe(_disputed(client, intent.id), currency),
                detail=_why(intent),
            )

    def close(self, ref: str) -> None:
        """Let a session end now, if nobody has completed it."""
        with self.gateway.talk() as client:
            try:
                session = client.v1.checkout.sessions.expire(ref, None, {"idempotency_key": f"expire-{ref}"})
            except stripe.InvalidRequestError:
                session = client.v1.checkout.sessions.retrieve(ref)
            if session.status == "open":
                raise Refused("Stripe did not let the session end.")

    def refund(self, ref: str, wanted: WantedRefund) -> SeenRefund:
        """Give money back, once: Stripe forgets keys after a day, so it is asked first whether it has done it already."""
        with self.gateway.talk() as client:
            intent_id = client.v1.checkout.sessions.retrieve(ref).payment_intent
            if intent_id is None:
                raise Refused("Stripe has no money of this payment.")
            intent_id = str(intent_id)
            for refund in _refunds_of(client, intent_id):
                if _key_of(refund) == wanted.key:
                    return _seen(refund)
            return _seen(
                client.v1.refunds.create(
                    {
                        "payment_intent": intent_id,
                        "amount": to_stripe(wanted.amount, wanted.currency),
                        "metadata": {"key": wanted.key},
                    },
                    {"idempotency_key": wanted.key},
                )
            )

    def receive(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """Return what a notice says, if Stripe has signed it."""
        secrets = self.settings["stripe.webhook_secret"].split()
        require_signed(headers.get("stripe-signature", ""), body, secrets, self.clock.now())
        try:
            event = json.loads(body)
            return _notice(event, event["data"]["object"])
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Invalid({"body": "is no event of Stripe's"}) from None


def _notice(event: Mapping[str, Any], about: Mapping[str, Any]) -> Notice:
    """Return what an event says, whatever it is about: a session of Checkout, a charge, a refund, a dispute."""
    refs, key = [about.get("payment_intent")], None
    if about.get("object") == "checkout.session":
        refs.append(about["id"])
        key = (about.get("metadata") or {}).get("key")
    elif about.get("object") == "payment_intent":
        refs.append(about["id"])
    return Notice(
        _named(event["id"], LONGEST_ID),
        _named(event["type"], LONGEST_KIND),
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


def _status_of(session: stripe.checkout.Session, intent: stripe.PaymentIntent) -> str:
    """Return the status of a payment whose session is complete: that alone does not mean that it is paid."""
    if session.payment_status == "paid":
        return PAID
    return FAILED if intent.status in GIVEN_UP else PROCESSING


def _why(intent: stripe.PaymentIntent) -> str:
    return (intent.last_payment_error and intent.last_payment_error.message) or ""


def _refunds_of(client: stripe.StripeClient, intent_id: str) -> Iterator[stripe.Refund]:
    """Return all refunds of a payment, also those that were begun at Stripe's own pages."""
    yield from client.v1.refunds.list({"payment_intent": intent_id, "limit": MOST_ON_A_PAGE}).auto_paging_iter()


def _disputed(client: stripe.StripeClient, intent_id: str) -> int:
    """Return how much Stripe holds back of a payment, in its own units."""
    disputes = client.v1.disputes.list({"payment_intent": intent_id, "limit": MOST_ON_A_PAGE}).auto_paging_iter()
    return sum(dispute.amount for dispute in disputes if dispute.status in HELD_BACK)


def _seen(refund: stripe.Refund) -> SeenRefund:
    return SeenRefund(
        refund.id,
        from_stripe(refund.amount, refund.currency.upper()),
        REFUND_STATUSES.get(refund.status or "", FAILED),
        _key_of(refund),
        getattr(refund, "failure_reason", None) or "",
    )


def _key_of(refund: stripe.Refund) -> str | None:
    return getattr(refund.metadata, "key", None)
