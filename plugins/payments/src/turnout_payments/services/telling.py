"""Telling people about money: buyers what became of theirs, organizers what they have to look after."""

from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased
from turnout.events.models import Event
from turnout.messages.services import MessageService, Recipient
from turnout.users.models import User

from turnout_payments.models import (
    BOOKING_CANCELLED,
    FAILED,
    GONE,
    NO_PLACES,
    NOT_ON_SALE,
    PAID_TWICE,
    PROBLEMS,
    REFUSED,
    STAFF,
    TO_GIVE_BACK,
    Payment,
    Refund,
)
from turnout_payments.money import to_decimal

PAYMENT_PROBLEM, PAYMENT_REFUNDED, PAYMENT_ATTENTION = "payment_problem", "payment_refunded", "payment_attention"
KINDS = {
    PAYMENT_PROBLEM: "That a payment of yours came too late, or twice",
    PAYMENT_REFUNDED: "That money was given back to you",
    PAYMENT_ATTENTION: "That a payment for an event of yours needs you",
}
FOR_BUYERS = (NO_PLACES, NOT_ON_SALE, GONE, PAID_TWICE, BOOKING_CANCELLED, REFUSED)
"""The problems that a buyer hears of."""
_Buyer, _Organizer = aliased(User), aliased(User)


class _Concerned(NamedTuple):
    """Whom a payment concerns."""

    payment: Payment
    buyer: User | None
    organizer: User | None
    title: str | None


class Telling:
    """Sends the messages of payments; each person hears of one thing once."""

    def __init__(self, session: Session, messages: MessageService) -> None:
        self.session = session
        self.messages = messages

    def tell_of_problem(self, payment_id: int, problem: str) -> None:
        """Tell the buyer, where it concerns them, and the organizer of a payment that staff have to look after."""
        row = self._row(payment_id)
        if row is None:
            return
        refunds = select(Refund.origin).where(Refund.payment_id == payment_id, Refund.status != FAILED)
        origin = self.session.scalar(refunds.order_by(Refund.id.desc()).limit(1))
        context = self._context(row, row.payment.captured) | {
            "problem": problem,
            "said": PROBLEMS[problem],
            "is_refunded": origin is not None,
        }
        key = f"{problem}:{payment_id}"
        if problem in FOR_BUYERS and row.buyer is not None:
            self._send(PAYMENT_PROBLEM, row.buyer, context, key, row.payment)
        # Who asked for refunds that are given back by hand, perhaps for a whole event, knows of them.
        if row.organizer is not None and (problem, origin) != (TO_GIVE_BACK, STAFF):
            self._send(PAYMENT_ATTENTION, row.organizer, context, key, row.payment)

    def tell_of_refund(self, payment_id: int, refund_id: int) -> None:
        """Tell the buyer that money is on its way back."""
        row = self._row(payment_id)
        refund = self.session.get(Refund, refund_id, populate_existing=True)
        if row is None or refund is None or row.buyer is None:
            return
        context = self._context(row, refund.amount) | {"reason": refund.reason}
        self._send(PAYMENT_REFUNDED, row.buyer, context, f"refund:{refund_id}", row.payment)

    def _row(self, payment_id: int) -> _Concerned | None:
        query = (
            select(Payment, _Buyer, _Organizer, Event.title)
            .outerjoin(Event, Event.id == Payment.event_id)
            .outerjoin(_Buyer, _Buyer.id == Payment.user_id)
            .outerjoin(_Organizer, _Organizer.id == Event.organizer_id)
        )
        found = self.session.execute(query.where(Payment.id == payment_id)).first()
        return None if found is None else _Concerned(*found)

    def _context(self, row: _Concerned, amount: int) -> dict[str, Any]:
        payment = row.payment
        return {
            "event": row.title or "",
            "booking_code": payment.booking_code,
            "amount": to_decimal(amount, payment.currency),
            "currency": payment.currency,
        }

    def _send(self, kind: str, user: User, context: dict[str, Any], key: str, payment: Payment) -> None:
        self.messages.send(
            kind,
            [Recipient.of_user(user)],
            context,
            key=f"{kind}:{key}",
            event_id=payment.event_id,
            booking_id=payment.booking_id,
        )
