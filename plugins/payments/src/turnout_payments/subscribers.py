"""How payments join in what happens to bookings and events, inside the same transaction."""

from datetime import timedelta

from turnout.bookings.hooks import BookingPriced, BookingResized, ConfirmationSought
from turnout.bookings.models import CONFIRMED, Booking
from turnout.events.hooks import TransitionForeseen
from turnout.events.models import CANCELLED
from turnout.plugin import Conflict
from turnout.users.hooks import UsersDeleting, UsersDeletionForeseen

from turnout_payments.errors import AnotherBookingNeeded, PaymentRequired
from turnout_payments.hooks import RefundRequested
from turnout_payments.money import as_text
from turnout_payments.services import PaymentService, RefundRuns, Rows, Settlement


def hold(event: BookingPriced) -> None:
    """Hold what costs something until it is paid."""
    if event.total_amount > 0:
        event.hold(timedelta(minutes=event.request.registry.settings["payments.hold_minutes"]))


def require_payment(event: ConfirmationSought) -> None:
    """Refuse to confirm by hand what is not paid."""
    if event.total_amount > 0:
        rows: Rows = event.request.find_service(Rows)
        _require_paid(rows, event.request.db.get_one(Booking, event.booking_id), PaymentRequired)


def follow_size(event: BookingResized) -> None:
    """Refuse that a good booking grows beyond what is paid; what is open of a held one is not what is due any more.

    What is too much for fewer places is seen to; a held one may be paid now by what came for it already.
    """
    rows: Rows = event.request.find_service(Rows)
    booking = rows.booking(event.booking_id)
    if booking is None:
        return
    if booking.status != CONFIRMED:
        event.request.find_service(PaymentService).close_of_booking(booking.id)
    elif event.quantity > event.quantity_before:
        _require_paid(rows, booking, AnotherBookingNeeded)
    event.request.find_service(Settlement).booking_resized(booking)


def _require_paid(rows: Rows, booking: Booking, refusal: type[Conflict]) -> None:
    due = rows.balance(booking).due
    if due > 0:
        amount = as_text(due, booking.currency)
        detail = f"{amount} {booking.currency} of what the booking costs is not paid."
        raise refusal(detail, amount_due=amount, currency=booking.currency)


def part_from_users(event: UsersDeleting) -> None:
    """See to the money of users who are deleted, whose bookings go with them."""
    event.request.find_service(Settlement).users_deleted(event.user_ids)


def foresee_deletion(event: UsersDeletionForeseen) -> None:
    """Say how much money is here of users who are to be deleted."""
    for sentence in event.request.find_service(Settlement).foresee_deletion(event.user_ids):
        event.say(sentence)


def note_by_hand(event: RefundRequested) -> None:
    """Let staff know of money that they have to give back themselves."""
    event.request.find_service(PaymentService).note_by_hand(event.refund_id)


def foresee_transition(event: TransitionForeseen) -> None:
    """Say how much can be given back when an event is called off."""
    if event.status != CANCELLED:
        return
    for currency, number, amount in event.request.find_service(RefundRuns).foresee(event.event_id):
        what = "1 payment" if number == 1 else f"{number} payments"
        event.say(f"{what} of {as_text(amount, currency)} {currency} in all can then be refunded, all at once.")
