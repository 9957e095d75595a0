"""Where truth enters: what a provider says of a payment is compared with what is known, and the difference is entered."""

from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session
from turnout.bookings.errors import DuplicateBooking, NotOnSale, WrongBookingStatus
from turnout.bookings.models import ACTIVE, Booking
from turnout.bookings.services import BookingService
from turnout.plugin import SYSTEM, Actor, Announce, Clock, DomainError, NotFound, Settings
from turnout.pools.errors import SoldOut

from turnout_payments.hooks import PaymentReceived
from turnout_payments.models import (
    BOOKING_CANCELLED,
    CANCELLED,
    CHARGE,
    CREATED,
    DIFFERS,
    DISPUTE,
    DISPUTE_UNDONE,
    DISPUTED,
    EXPIRED,
    FAILED,
    GONE,
    NO_PLACES,
    NOT_ON_SALE,
    OPEN,
    PAID,
    PAID_TWICE,
    PROBLEMS,
    PROCESSING,
    REFUSED,
    RULE,
    UNDECIDED,
    Payment,
    Refund,
)
from turnout_payments.providers import Seen, SeenRefund
from turnout_payments.services.ledger import Ledger
from turnout_payments.services.refunds import RefundService, left_of
from turnout_payments.services.returns import Returns
from turnout_payments.services.rows import Rows

REFUSALS: dict[type[DomainError], str] = {
    SoldOut: NO_PLACES,
    DuplicateBooking: NO_PLACES,
    NotOnSale: NOT_ON_SALE,
    WrongBookingStatus: BOOKING_CANCELLED,
    NotFound: GONE,
}
"""Which problem it is that a booking cannot be made good; whatever else a plugin refuses with, the money is there."""
FROM = {PROCESSING: (CREATED, OPEN), FAILED: UNDECIDED, EXPIRED: UNDECIDED}
"""From which statuses a payment goes to one without money. What is decided stays so, unless money comes."""


class Settlement:
    """Enters what providers say into payments, refunds and the ledger, and makes bookings good that are paid."""

    def __init__(
        self,
        session: Session,
        clock: Clock,
        announce: Announce,
        settings: Settings,
        bookings: BookingService,
        rows: Rows,
        ledger: Ledger,
        returns: Returns,
        refunds: RefundService,
    ) -> None:
        self.session = session
        self.clock = clock
        self.announce = announce
        self.settings = settings
        self.bookings = bookings
        self.rows = rows
        self.ledger = ledger
        self.returns = returns
        self.refunds = refunds

    def apply(self, payment_id: int, seen: Seen, *, version: int | None = None) -> bool:
        """Enter what a provider says of a payment; what is known already changes nothing.

        `version` is the payment's when the provider was asked: if it has changed since, what can go both ways (a dispute)
        is not entered. Return whether all was; else the provider is to be asked again. Raises `NotFound`.
        """
        booking, payment = self.rows.locked(payment_id)
        is_current = version is None or version == payment.version
        if seen.currency and seen.currency.upper() != payment.currency:
            self.ledger.trouble(payment, DIFFERS)
            return True
        if seen.charge_ref and payment.charge_ref is None:
            self.rows.change(payment, charge_ref=seen.charge_ref)
        has_come = self._charge(payment, seen)
        self._move(payment, seen)
        self.returns.enter(payment, seen.refunds)
        if is_current:
            self._dispute(payment, seen.disputed)
        if has_come:
            self.announce(PaymentReceived(payment.id, payment.booking_id, payment.event_id))
            self._place(booking, payment)
        return is_current

    def apply_refund(self, refund_id: int, seen: SeenRefund) -> int:
        """Enter what a provider says of one refund of ours; return the payment's id. Raises `NotFound`."""
        payment, refund = self._of_refund(refund_id)
        if refund.ref is not None and refund.ref != seen.ref:
            # Another of the same amount was taken for this one, when the provider did not say whose it was.
            self.returns.enter(payment, [replace(seen, key=None)])
        else:
            self.returns.advance(payment, refund, seen)
        return payment.id

    def refuse_refund(self, refund_id: int, detail: str) -> None:
        """Note that the provider will not do a refund. Raises `NotFound`."""
        payment, refund = self._of_refund(refund_id)
        self.returns.refuse(payment, refund, detail)

    def _of_refund(self, refund_id: int) -> tuple[Payment, Refund]:
        payment_id = self.session.scalar(select(Refund.payment_id).where(Refund.id == refund_id))
        if payment_id is None:
            raise NotFound("There is no such refund.")
        _, payment = self.rows.locked(payment_id)
        return payment, self.session.get_one(Refund, refund_id, populate_existing=True)

    def solve(self, payment_id: int, *, actor: Actor) -> None:
        """Note that a payment's problem is dealt with: for the event's organizer and staff. Raises `NotFound`, `Denied`."""
        _, payment = self.rows.locked(payment_id)
        self.rows.require_organizer(payment, actor)
        self.rows.change(payment, Payment.problem.is_not(None), problem=None)

    def _charge(self, payment: Payment, seen: Seen) -> bool:
        """Enter money that came; tell whether any did. What was captured never sinks."""
        more = seen.captured - payment.captured
        if more <= 0:
            return False
        self.ledger.enter(payment, CHARGE, more, captured=Payment.captured + more)
        return True

    def _move(self, payment: Payment, seen: Seen) -> None:
        if payment.captured:
            if payment.status != PAID:
                self.rows.change(
                    payment, Payment.status != PAID, status=PAID, paid_at=self.clock.now(), url=None, detail=""
                )
            return
        status = PROCESSING if seen.status == PAID else seen.status
        if status in FROM and payment.status in FROM[status]:
            self.rows.change(payment, Payment.status.in_(FROM[status]), status=status, detail=seen.detail)

    def _dispute(self, payment: Payment, disputed: int) -> None:
        more = disputed - payment.disputed
        if more == 0:
            return
        self.ledger.enter(payment, DISPUTE if more > 0 else DISPUTE_UNDONE, -more, disputed=Payment.disputed + more)
        if more > 0:
            self.ledger.trouble(payment, DISPUTED)
        elif payment.disputed == 0:
            self.rows.change(payment, Payment.problem == DISPUTED, problem=None)

    def _place(self, booking: Booking | None, payment: Payment) -> None:
        """Make a booking good for which money came, if it is enough; money that nobody needs goes back."""
        if booking is None:
            self.unplaced(payment, GONE)
            return
        if left_of(payment) <= 0:
            return  # it came and went, before we heard of either
        due = self.rows.balance(booking).due
        returned = payment.refunding + payment.refunded + payment.disputed
        if due - returned > 0:
            if booking.status in ACTIVE:
                self.ledger.trouble(payment, DIFFERS)
            else:
                self.unplaced(payment, NO_PLACES)
            return
        problem = self._fulfil(booking)
        if problem is not None:
            self.unplaced(payment, problem)
        elif due < 0:
            self._return_surplus(payment, -due)

    def _fulfil(self, booking: Booking) -> str | None:
        """Make a booking good; return the problem if it cannot be."""
        try:
            with self.session.begin_nested():
                self.bookings.fulfil(booking.id)
        except DomainError as refusal:
            self.session.refresh(booking)
            return next((problem for kind, problem in REFUSALS.items() if isinstance(refusal, kind)), REFUSED)
        return None

    def _return_surplus(self, payment: Payment, surplus: int) -> None:
        amount = min(surplus, left_of(payment))
        if amount > 0:
            self.ledger.trouble(payment, PAID_TWICE)
            self._return(payment, amount, PAID_TWICE)

    def unplaced(self, payment: Payment, problem: str) -> None:
        """See to the money of a locked payment for which there is no booking: it goes back, or staff decide."""
        self.ledger.trouble(payment, problem)
        if self.settings["payments.refund_unplaced"] and left_of(payment) > 0:
            self._return(payment, None, problem)

    def _return(self, payment: Payment, amount: int | None, problem: str) -> None:
        self.refunds.request(payment.id, amount, PROBLEMS[problem], actor=SYSTEM, origin=RULE, keep_booking=True)

    def booking_ended(self, booking_id: int) -> None:
        """See to the money of a booking that was cancelled or has expired, as the settings say."""
        booking = self.rows.booking(booking_id)
        if booking is None or booking.status in ACTIVE:
            return
        for payment in self.rows.of_booking(booking_id):
            if left_of(payment) <= 0 or payment.problem is not None:
                continue
            if booking.status != CANCELLED:
                self.unplaced(payment, NO_PLACES)
            elif self.settings["payments.refund_cancelled"]:
                self._return(payment, None, BOOKING_CANCELLED)
            else:
                self.ledger.trouble(payment, BOOKING_CANCELLED)

    def booking_shrunk(self, booking: Booking) -> None:
        """Give back what a confirmed booking was paid too much for, now that it has fewer places, if the settings say so."""
        if not self.settings["payments.refund_cancelled"]:
            return
        surplus = -self.rows.balance(booking).due
        for payment in reversed(self.rows.of_booking(booking.id)):
            amount = min(surplus, left_of(payment))
            if amount > 0:
                self._return(payment, amount, BOOKING_CANCELLED)
                surplus -= amount
