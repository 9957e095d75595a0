"""Refunds as providers know them, entered into the ledger. Each goes one way: created, pending, done, failed."""

from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session
from turnout.bookings.models import ACTIVE, Booking
from turnout.plugin import Announce, Clock

from turnout_payments.hooks import PaymentRefunded
from turnout_payments.models import (
    BOOKING_CANCELLED,
    CREATED,
    DIFFERS,
    DISPUTED,
    DONE,
    FAILED,
    GIVEN_BACK,
    GONE,
    NO_PLACES,
    NOT_ON_SALE,
    OVERPAID,
    PAID_TWICE,
    PENDING,
    PROVIDER,
    REFUND,
    REFUND_FAILED,
    REFUND_STUCK,
    REFUND_UNDONE,
    REFUSED,
    TO_GIVE_BACK,
    UNDERWAY,
    Payment,
    Refund,
)
from turnout_payments.providers import SeenRefund
from turnout_payments.services.ledger import Ledger
from turnout_payments.services.rows import Rows, new_key

ORDER = (CREATED, PENDING, DONE, FAILED)
"""What comes later is newer, in whatever order it is heard of: a refund that the buyer's bank sends back was done before."""
SOLVED_BY_REFUND = (PAID_TWICE, OVERPAID, REFUND_FAILED, REFUND_STUCK, TO_GIVE_BACK)
SOLVED_BY_REFUND_OF_ALL = (NO_PLACES, BOOKING_CANCELLED, GONE, NOT_ON_SALE, REFUSED)


class Returns:
    """Enters refunds that providers tell of."""

    def __init__(self, session: Session, clock: Clock, announce: Announce, rows: Rows, ledger: Ledger) -> None:
        self.session = session
        self.clock = clock
        self.announce = announce
        self.rows = rows
        self.ledger = ledger

    def enter(self, payment: Payment, seen: Iterable[SeenRefund]) -> None:
        """Enter all refunds that the provider knows of a locked payment; those that we do not know, it began itself."""
        for one in seen:
            if one.amount <= 0:
                continue
            known = self.session.scalars(
                select(Refund)
                .where(Refund.payment_id == payment.id)
                .order_by(Refund.id)
                .execution_options(populate_existing=True)
            ).all()
            refund = _match(known, one)
            if refund is None:
                self._begun_there(payment, one)
            else:
                self.advance(payment, refund, one)

    def _begun_there(self, payment: Payment, seen: SeenRefund) -> None:
        now = self.clock.now()
        refund = Refund(
            payment_id=payment.id,
            key=new_key("there"),
            ref=seen.ref,
            amount=seen.amount,
            reason="Begun at the provider",
            origin=PROVIDER,
            status=FAILED if seen.status == FAILED else CREATED,
            detail=seen.detail,
            created_at=now,
            updated_at=now,
        )
        self.session.add(refund)
        self.session.flush()
        if refund.status == CREATED:
            self.rows.change(payment, refunding=Payment.refunding + refund.amount)
            self.advance(payment, refund, seen)
            if payment.captured == payment.refunding + payment.refunded and self._is_unpaid(payment.booking_id):
                self.ledger.trouble(payment, GIVEN_BACK)

    def _is_unpaid(self, booking_id: int | None) -> bool:
        """Tell whether a booking holds places that nobody pays for (any more)."""
        booking = None if booking_id is None else self.session.get(Booking, booking_id)
        return booking is not None and booking.status in ACTIVE and self.rows.balance(booking).due > 0

    def advance(self, payment: Payment, refund: Refund, seen: SeenRefund) -> None:
        """Bring a refund of a locked payment to where the provider is with it, if that is further than we know."""
        if refund.status == FAILED and refund.ref is None and seen.status != FAILED:
            self._revive(payment, refund)
        if refund.ref is None:
            self.rows.change_refund(refund, ref=seen.ref)
        if ORDER.index(seen.status) <= ORDER.index(refund.status):
            return
        if refund.status in UNDERWAY and seen.amount != refund.amount:
            self._correct(payment, refund, seen.amount)
        before = refund.status
        if seen.status == DONE and payment.refunded + refund.amount > payment.captured:
            self.ledger.trouble(payment, DIFFERS)  # nobody gives back more than came
            return
        if not self.rows.change_refund(
            refund, Refund.status == before, status=seen.status, detail=seen.detail or refund.detail
        ):
            return
        if seen.status == DONE:
            self._done(payment, refund)
        elif seen.status == FAILED:
            self._failed(payment, refund, before)

    def refuse(self, payment: Payment, refund: Refund, detail: str) -> None:
        """Note that the provider will not do a refund that it was asked for."""
        if self.rows.change_refund(refund, Refund.status == CREATED, status=FAILED, detail=detail):
            self._failed(payment, refund, CREATED)

    def _revive(self, payment: Payment, refund: Refund) -> None:
        """Take a refund for possible again that the provider had refused, and yet has."""
        if self.rows.change_refund(refund, Refund.status == FAILED, status=CREATED):
            self.rows.change(payment, refunding=Payment.refunding + refund.amount)

    def _correct(self, payment: Payment, refund: Refund, amount: int) -> None:
        self.rows.change(payment, refunding=Payment.refunding - refund.amount + amount)
        self.rows.change_refund(refund, amount=amount)
        self.ledger.trouble(payment, DIFFERS)

    def _done(self, payment: Payment, refund: Refund) -> None:
        amount = refund.amount
        self.ledger.enter(
            payment,
            REFUND,
            -amount,
            refund_id=refund.id,
            refunding=Payment.refunding - amount,
            refunded=Payment.refunded + amount,
        )
        self.announce(PaymentRefunded(payment.id, payment.booking_id, payment.event_id, refund.id))
        if payment.refunding == 0:
            self.rows.change(payment, Payment.problem.in_(SOLVED_BY_REFUND), problem=None)
        if payment.refunded + payment.disputed >= payment.captured:
            problem = DISPUTED if payment.disputed else None
            self.rows.change(payment, Payment.problem.in_(SOLVED_BY_REFUND_OF_ALL), problem=problem)

    def _failed(self, payment: Payment, refund: Refund, before: str) -> None:
        if before == DONE:
            self.ledger.enter(
                payment,
                REFUND_UNDONE,
                refund.amount,
                refund_id=refund.id,
                refunded=Payment.refunded - refund.amount,
            )
        else:
            self.rows.change(payment, refunding=Payment.refunding - refund.amount)
        self.ledger.trouble(payment, REFUND_FAILED)


def _match(known: Sequence[Refund], seen: SeenRefund) -> Refund | None:
    """Return the refund that a provider speaks of.

    One that does not say by which request of ours it was made may still be the one that we are about to hear of: it is
    taken for one of the same amount that is on its way and has no name there yet. If that is wrong, the sums are right.
    """
    if seen.key is not None:
        for refund in known:
            if refund.key == seen.key:
                return refund
    for refund in known:
        if refund.ref == seen.ref:
            return refund
    if seen.key is not None:
        return None
    waiting = (one for one in known if one.ref is None and one.status in UNDERWAY and one.amount == seen.amount)
    return next(waiting, None)
