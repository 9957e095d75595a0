"""Talking to providers: outside any transaction, however long it takes. Nothing is written here."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from turnout.events.models import Event
from turnout.plugin import Clock, ReadSession
from turnout.users.models import User

from turnout_payments.models import CREATED, WAITING, Payment, Received, Refund
from turnout_payments.providers import (
    FAILED,
    Charge,
    Opened,
    PaymentProvider,
    Providers,
    Seen,
    SeenRefund,
    Unavailable,
    WantedRefund,
)

IN_DOUBT_AFTER = timedelta(hours=1)
"""After how long a refund that nobody answered for is looked for before it is asked for again: keys are not kept for ever."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What a provider said of a payment, and which version of the payment was known when it was asked."""

    seen: Seen
    version: int


class Gateway:
    """Asks providers, and answers with what they say; None where there is nothing to ask (any more)."""

    def __init__(self, reading: ReadSession, clock: Clock, providers: Providers) -> None:
        self.reading = reading
        self.clock = clock
        self.providers = providers

    def open(self, payment_id: int) -> Opened | None:
        """Begin a payment at its provider. Raises `Unavailable`, `Refused`."""
        query = (
            select(Payment.__table__, Event.title, User.email)
            .outerjoin(Event, Event.id == Payment.event_id)
            .outerjoin(User, User.id == Payment.user_id)
        )
        payment = self._read(query.where(Payment.id == payment_id, Payment.status == CREATED))
        if payment is None:
            return None
        charge = Charge(
            key=payment.key,
            payment_id=payment.id,
            amount=payment.amount,
            currency=payment.currency,
            description=payment.title or payment.booking_code,
            reference=payment.booking_code,
            email=payment.email or "",
            back_url=f"{payment.home}/payments/{payment.token}/back",
            expires_at=payment.expires_at,
        )
        return self._provider(payment.provider).open(charge)

    def look(self, payment_id: int) -> Sight | None:
        """Ask what became of a payment. Raises `Unavailable`, `Refused`."""
        payment = self._read(
            select(Payment.provider, Payment.ref, Payment.version).where(
                Payment.id == payment_id, Payment.ref.is_not(None)
            )
        )
        if payment is None:
            return None
        provider = self._provider(payment.provider)
        return None if provider.is_settled_by_staff else Sight(provider.look(payment.ref), payment.version)

    def close(self, payment_id: int) -> None:
        """Let a payment not be possible any more. Raises `Unavailable`, `Refused`."""
        payment = self._read(
            select(Payment.provider, Payment.ref).where(Payment.id == payment_id, Payment.ref.is_not(None))
        )
        if payment is not None:
            self._provider(payment.provider).close(payment.ref)

    def refund(self, refund_id: int) -> SeenRefund | None:
        """Ask for a refund; for one that was asked for long ago, look first whether it was done. Raises `Unavailable`, `Refused`."""
        query = select(Refund.__table__, Payment.provider, Payment.ref.label("payment_ref"), Payment.currency)
        query = query.join(Payment, Payment.id == Refund.payment_id)
        refund = self._read(query.where(Refund.id == refund_id, Refund.status == CREATED))
        if refund is None:
            return None
        provider = self._provider(refund.provider)
        if refund.created_at <= self.clock.now() - IN_DOUBT_AFTER and not provider.is_settled_by_staff:
            done = [one for one in provider.look(refund.payment_ref).refunds if refund.key == one.key]
            if done and done[0].status != FAILED:
                return done[0]
        wanted = WantedRefund(refund.key, refund.amount, refund.currency, refund.reason)
        return provider.refund(refund.payment_ref, wanted)

    def verify(self, notice_id: int) -> bool | None:
        """Ask whether a notice that waits is the provider's. Raises `Unavailable`."""
        notice = self._read(
            select(Received.provider, Received.headers, Received.body).where(
                Received.id == notice_id, Received.status == WAITING
            )
        )
        return None if notice is None else self._provider(notice.provider).verify(notice.headers, notice.body)

    def _read(self, query: Any) -> Any:
        with self.reading as session:
            return session.execute(query).first()

    def _provider(self, name: str) -> PaymentProvider:
        """Return a provider. Raises `Unavailable` for one that is not installed (any more)."""
        provider = self.providers.get(name)
        if provider is None:
            raise Unavailable(f"The payment provider {name} is not installed.")
        return provider
