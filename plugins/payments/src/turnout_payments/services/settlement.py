"""Where truth enters: what a provider says of a payment is compared with what is known, and the difference is entered."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session
from turnout.attendees.models import Attendee
from turnout.bookings.errors import DuplicateBooking, NotOnSale, WrongBookingStatus
from turnout.bookings.models import ACTIVE, CONFIRMED, PENDING, Booking
from turnout.bookings.services import BookingService
from turnout.events.models import PUBLISHED, Event
from turnout.plugin import SYSTEM, Actor, Announce, Clock, DomainError, NotFound, Settings
from turnout.pools.errors import SoldOut

from turnout_payments.hooks import PaymentClosed, PaymentReceived
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
    OVERPAID,
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
from turnout_payments.money import as_text
from turnout_payments.providers import Seen, SeenRefund
from turnout_payments.services.ledger import Ledger
from turnout_payments.services.refunds import RefundService, left_of
from turnout_payments.services.returns import Returns
from turnout_payments.services.rows import LEFT, Balance, Rows

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
CLOSABLE = (CREATED, OPEN)
"""The statuses in which a payment can be given up: no money is on its way."""


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

    def apply(self, payment_id: int, seen: Seen, *, version: int | None = None, by_staff: bool = False) -> bool:
        """Enter what a provider says of a payment; what is known already changes nothing.

        `version` is the payment's when the provider was asked: if it has changed since, what can go both ways (a dispute)
        is not entered. What staff say is there (`by_staff`) is meant for the booking, even where nobody waits for it. Return
        whether all was entered; else the provider is to be asked again. Raises `NotFound`.
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
        if is_current and self._dispute(payment, seen.disputed) and booking is not None:
            self.booking_ended(booking.id)  # if it has: what was disputed is here again
        if has_come:
            self.announce(PaymentReceived(payment.id, payment.booking_id, payment.event_id))
            self._place(booking, payment, by_staff=by_staff)
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

    def _dispute(self, payment: Payment, disputed: int) -> bool:
        """Enter what is disputed now; tell whether nothing is any more."""
        more = disputed - payment.disputed
        if more == 0:
            return False
        self.ledger.enter(payment, DISPUTE if more > 0 else DISPUTE_UNDONE, -more, disputed=Payment.disputed + more)
        if more > 0:
            self.ledger.trouble(payment, DISPUTED)
        elif payment.disputed == 0:
            self.rows.change(payment, Payment.problem == DISPUTED, problem=None)
        return payment.disputed == 0

    def _place(self, booking: Booking | None, payment: Payment, *, by_staff: bool) -> None:
        """Make a booking good for which money came, if it is enough; money that nobody needs goes back."""
        if booking is None:
            self.unplaced(payment, GONE)
            return
        if left_of(payment) <= 0:
            return  # it came and went, before we heard of either
        balance = self.rows.balance(booking)
        if booking.status == CONFIRMED:
            if not by_staff:
                self._return_needless(booking, payment, balance)
            return
        is_enough = balance.due <= payment.refunding + payment.refunded + payment.disputed
        if booking.status == PENDING and not is_enough:
            self.ledger.trouble(payment, DIFFERS)
            return
        is_placed_else = not by_staff and self._is_replaced(booking)
        problem = (
            NO_PLACES if booking.status == EXPIRED and (is_placed_else or not is_enough) else self._fulfil(booking)
        )
        if problem is None:
            self._return_surplus(payment, -balance.due, PAID_TWICE)
            return
        # What had come for one that was cancelled was seen to then; nothing makes the others good by and by.
        for one in [payment] if booking.status == CANCELLED else self.rows.of_booking(booking.id):
            if left_of(one) > 0:
                self.unplaced(one, problem)

    def _is_replaced(self, booking: Booking) -> bool:
        """Tell whether who did not pay a booking in time has booked the event again."""
        newer = select(Booking.id).where(
            Booking.event_id == booking.event_id,
            Booking.attendee_id == booking.attendee_id,
            Booking.status.in_(ACTIVE),
            Booking.id > booking.id,
        )
        return self.session.scalar(newer.limit(1)) is not None

    def _fulfil(self, booking: Booking) -> str | None:
        """Make a booking good, which then needs no other payment; return the problem if it cannot be."""
        payments = self.rows.of_booking(booking.id)
        try:
            with self.session.begin_nested():
                self.bookings.fulfil(booking.id)
        except DomainError as refusal:
            self.session.refresh(booking)
            return next((problem for kind, problem in REFUSALS.items() if isinstance(refusal, kind)), REFUSED)
        self.give_up(payments, CANCELLED)
        for payment in payments:
            if payment.captured and not payment.refunding + payment.refunded:  # it differed by being only a part
                self.rows.change(payment, Payment.problem == DIFFERS, problem=None)
        return None

    def give_up(self, payments: Iterable[Payment], status: str) -> None:
        """Close those of locked payments that nobody has decided, here and, where they know of it, at their providers."""
        for payment in payments:
            if self.rows.change(payment, Payment.status.in_(CLOSABLE), status=status) and payment.ref is not None:
                self.announce(PaymentClosed(payment.id))

    def _return_needless(self, booking: Booking, payment: Payment, balance: Balance) -> None:
        """Give back what came for a booking that is good already; what was given back before was not to be paid again."""
        is_held = select(Event.id).where(Event.id == booking.event_id, Event.status == PUBLISHED)
        problem = NOT_ON_SALE if self.session.scalar(is_held) is None else PAID_TWICE
        self._return_surplus(payment, balance.captured - balance.total, problem)

    def _return_surplus(self, payment: Payment, surplus: int, problem: str) -> None:
        amount = min(surplus, left_of(payment))
        if amount > 0:
            self.ledger.trouble(payment, problem)
            self._return(payment, amount, problem)

    def unplaced(self, payment: Payment, problem: str) -> None:
        """See to the money of a locked payment for which there is no booking: it goes back, or staff decide."""
        self.ledger.trouble(payment, problem)
        if self.settings["payments.refund_unplaced"] and left_of(payment) > 0:
            self._return(payment, None, problem)

    def _return(self, payment: Payment, amount: int | None, problem: str) -> None:
        self.refunds.request(payment.id, amount, PROBLEMS[problem], actor=SYSTEM, origin=RULE, keep_booking=True)

    def booking_ended(self, booking_id: int) -> None:
        """See to the money that is left of a booking that was cancelled or has expired, as the settings say."""
        booking = self.rows.booking(booking_id)
        if booking is None or booking.status in ACTIVE:
            return
        for payment in self.rows.of_booking(booking_id):
            if left_of(payment) <= 0:
                continue
            if booking.status == CANCELLED:
                self._given_up(payment, BOOKING_CANCELLED)
            else:
                self.unplaced(payment, NO_PLACES)

    def _given_up(self, payment: Payment, problem: str) -> None:
        """See to the money of a locked payment whose booking was given up: it goes back, or staff decide."""
        if self.settings["payments.refund_cancelled"]:
            self.rows.change(payment, Payment.problem == DIFFERS, problem=None)
            self._return(payment, None, problem)
        else:
            self.ledger.trouble(payment, problem)

    def booking_resized(self, booking: Booking) -> None:
        """Follow that a booking has more or fewer places: what came may be enough now, or too much for so few.

        What is too much goes back or waits for staff, as the settings say.
        """
        balance = self.rows.balance(booking)
        if booking.status == PENDING and (balance.held <= 0 or balance.due > 0 or self._fulfil(booking) is not None):
            return  # it is still held: what becomes of its money is seen when it is paid, or ends
        surplus = -balance.due
        for payment in reversed(self.rows.of_booking(booking.id)):
            amount = min(surplus, left_of(payment))
            if amount <= 0:
                self.rows.change(payment, Payment.problem == OVERPAID, problem=None)
            elif self.settings["payments.refund_cancelled"]:
                self._return(payment, amount, OVERPAID)
            else:
                self.ledger.trouble(payment, OVERPAID)
            surplus -= max(amount, 0)

    def users_deleted(self, user_ids: Sequence[int]) -> None:
        """See to the payments of users who are being deleted, after their bookings were, as if these had been cancelled.

        So are those that others made and paid for them. What was paid for events that are over is earned.
        """
        by_others = Payment.booking_id.is_(None) & Payment.user_id.is_not(None) & Payment.problem.is_(None)
        open_or_left = or_(Payment.status.in_(CLOSABLE), self._is_unearned())
        query = select(Payment).where(or_(Payment.user_id.in_(user_ids), by_others), open_or_left)
        query = query.order_by(Payment.id).with_for_update().execution_options(populate_existing=True)
        payments = self.session.scalars(query).all()
        self.give_up(payments, CANCELLED)
        for payment in payments:
            if left_of(payment) > 0:
                self._given_up(payment, GONE)

    def foresee_deletion(self, user_ids: Select[int]) -> list[str]:
        """Return in words what becomes of the money of users when they are deleted, whose ids a statement gives."""
        by_others = select(Booking.id).join(Attendee, Attendee.id == Booking.attendee_id)
        by_others = by_others.where(Attendee.user_id.in_(user_ids))
        theirs = or_(Payment.user_id.in_(user_ids), Payment.booking_id.in_(by_others))
        query = select(Payment.currency, func.count(), func.sum(LEFT)).where(theirs, self._is_unearned())
        is_returned = self.settings["payments.refund_cancelled"]
        return [
            f"{as_text(int(amount), currency)} {currency} was paid for bookings that are deleted "
            f"(payments: {number}), and {'is given back' if is_returned else 'waits for staff to decide'}."
            for currency, number, amount in self.session.execute(
                query.group_by(Payment.currency).order_by(Payment.currency)
            )
        ]

    def _is_unearned(self) -> ColumnElement[bool]:
        """Return the condition for payments of which something is left, and whose event is not over."""
        over = select(Event.id).where(Event.id == Payment.event_id, Event.ends_at <= self.clock.now())
        return (LEFT > 0) & ~over.exists()
