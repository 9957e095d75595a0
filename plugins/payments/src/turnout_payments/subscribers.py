"""How payments join in what happens to bookings and events, inside the same transaction."""

from datetime import timedelta

from turnout.bookings.hooks import BookingPriced, BookingResized, ConfirmationSought
from turnout.bookings.models import CONFIRMED, Booking
from turnout.events.hooks import TransitionForeseen
from turnout.events.models import CANCELLED

from turnout_payments.errors import PaymentRequired
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
        _require_paid(event.request.find_service(Rows), event.request.db.get_one(Booking, event.booking_id))


def follow_size(event: BookingResized) -> None:
    """Refuse that a good booking grows beyond what is paid; what is open of a held one is not what is due any more."""
    rows: Rows = event.request.find_service(Rows)
    booking = rows.booking(event.booking_id)
    if booking is None:
        return
    if booking.status != CONFIRMED:
        event.request.find_service(PaymentService).close_of_booking(booking.id)
    elif event.quantity > event.quantity_before:
        _require_paid(rows, booking)
    else:
        event.request.find_service(Settlement).booking_shrunk(booking)


def _require_paid(rows: Rows, booking: Booking) -> None:
    due = rows.balance(booking).due
    if due > 0:
        amount = as_text(due, booking.currency)
        raise PaymentRequired(
            f"{amount} {booking.currency} is to be paid first.", amount_due=amount, currency=booking.currency
        )


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
