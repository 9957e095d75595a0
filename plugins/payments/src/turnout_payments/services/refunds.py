"""Giving money back."""

from sqlalchemy import select
from sqlalchemy.orm import Session
from turnout.bookings.errors import TicketsUsed
from turnout.bookings.models import ACTIVE, Booking
from turnout.bookings.services import BookingService
from turnout.plugin import SYSTEM, Actor, Announce, Clock, Invalid, NotFound

from turnout_payments.errors import NothingToRefund, WrongRefundStatus
from turnout_payments.hooks import LookWanted, RefundRequested
from turnout_payments.models import CREATED, DONE, FAILED, PENDING, REFUND_FAILED, REFUND_STUCK, STAFF, Payment, Refund
from turnout_payments.money import as_text
from turnout_payments.services.ledger import Ledger
from turnout_payments.services.rows import Rows, new_key


def left_of(payment: Payment) -> int:
    """Return how much of a payment can be given back."""
    return payment.captured - payment.refunding - payment.refunded - payment.disputed


class RefundService:
    """Decides about refunds; the provider is asked later, by a worker."""

    def __init__(
        self,
        session: Session,
        clock: Clock,
        announce: Announce,
        bookings: BookingService,
        rows: Rows,
        ledger: Ledger,
    ) -> None:
        self.session = session
        self.clock = clock
        self.announce = announce
        self.bookings = bookings
        self.rows = rows
        self.ledger = ledger

    def request(
        self,
        payment_id: int,
        amount: int | None,
        reason: str,
        *,
        actor: Actor,
        origin: str = STAFF,
        keep_booking: bool = False,
        run_id: int | None = None,
        retry_of_id: int | None = None,
    ) -> int:
        """Give `amount` (in the smallest unit), or all that is left of a payment, back; return the refund's id.

        If nothing is left of what was paid for the booking, it is cancelled, unless `keep_booking`, or somebody is in with
        a ticket of it. For the event's organizer and staff. Raises `NotFound`, `Denied`, `NothingToRefund`, and `Invalid`
        at `amount`.
        """
        booking, payment = self.rows.locked(payment_id)
        self.rows.require_organizer(payment, actor)
        left = left_of(payment)
        if left <= 0:
            raise NothingToRefund
        amount = left if amount is None else amount
        enough = Payment.refunded + Payment.refunding + Payment.disputed + amount <= Payment.captured
        if amount <= 0 or not self.rows.change(payment, enough, refunding=Payment.refunding + amount):
            most = as_text(left, payment.currency)
            raise Invalid({"amount": f"must be more than nothing, and at most {most} {payment.currency}"})
        now = self.clock.now()
        refund = Refund(
            payment_id=payment.id,
            run_id=run_id,
            retry_of_id=retry_of_id,
            key=new_key("refund"),
            amount=amount,
            reason=reason,
            origin=origin,
            status=CREATED,
            user_id=actor.user_id,
            created_at=now,
            updated_at=now,
        )
        self.session.add(refund)
        self.session.flush()
        self.announce(RefundRequested(refund.id))
        if booking is not None and not keep_booking:
            self._cancel_unpaid(booking)
        return refund.id

    def _cancel_unpaid(self, booking: Booking) -> None:
        """Cancel a booking of whose money nothing is left."""
        if booking.status not in ACTIVE or self.rows.balance(booking).held > 0:
            return
        try:
            with self.session.begin_nested():
                self.bookings.cancel(booking.id, actor=SYSTEM)
        except TicketsUsed:
            return  # they are in: the money goes back, and their places stay theirs

    def retry(self, refund_id: int, *, actor: Actor) -> int:
        """Try a refund again that failed, as a new one, or that waits for its provider, as itself; return the refund's id.

        One that was tried again already is answered by its successor. Raises `NotFound`, `Denied`, `NothingToRefund`,
        `WrongRefundStatus`, and `Invalid` if there is not so much left.
        """
        payment_id = self.session.scalar(select(Refund.payment_id).where(Refund.id == refund_id))
        if payment_id is None:
            raise NotFound("There is no such refund.")
        _, payment = self.rows.locked(payment_id)
        self.rows.require_organizer(payment, actor)
        refund = self.session.get_one(Refund, refund_id, populate_existing=True)
        if refund.status == DONE:
            raise WrongRefundStatus("The buyer has the money.", status_now=refund.status)
        if refund.status == PENDING:
            self.announce(LookWanted(payment.id))
            return refund.id
        if refund.status == CREATED:
            self.announce(RefundRequested(refund.id))
            return refund.id
        successor = self.session.scalar(select(Refund.id).where(Refund.retry_of_id == refund.id))
        if successor is not None:
            return successor
        made = self.request(
            payment.id,
            refund.amount,
            refund.reason,
            actor=actor,
            origin=STAFF,
            keep_booking=True,
            run_id=refund.run_id,
            retry_of_id=refund.id,
        )
        # The run counts the one that is tried now in its stead.
        self.rows.change_refund(refund, Refund.status == FAILED, run_id=None)
        self.rows.change(payment, Payment.problem == REFUND_FAILED, problem=None)
        return made

    def ask_again(self, refund_id: int) -> None:
        """Let the provider be asked again for a refund for which nobody has been able to ask it."""
        if self.session.scalar(select(Refund.status).where(Refund.id == refund_id)) == CREATED:
            self.announce(RefundRequested(refund_id))

    def note_stuck(self, refund_id: int) -> bool:
        """Let staff know that the provider cannot be asked for a refund; tell whether that is so. Raises `NotFound`."""
        payment_id = self.session.scalar(select(Refund.payment_id).where(Refund.id == refund_id))
        if payment_id is None:
            raise NotFound("There is no such refund.")
        _, payment = self.rows.locked(payment_id)
        is_stuck = self.session.get_one(Refund, refund_id, populate_existing=True).status == CREATED
        if is_stuck:
            self.ledger.trouble(payment, REFUND_STUCK)
        return is_stuck
