"""What can go wrong with payments."""

from turnout.plugin import Conflict


class PaymentRequired(Conflict):
    """The booking is not paid; `amount_due` and `currency` say what is missing."""

    code = "payment_required"
    title = "The booking has to be paid first"


class AnotherBookingNeeded(Conflict):
    """A confirmed booking cannot be paid once more, so it has no more places than were paid; `amount_due` and `currency` say what is missing."""

    code = "another_booking_needed"
    title = "More places need another booking"


class NothingDue(Conflict):
    """The booking is paid, or costs nothing."""

    code = "nothing_due"
    title = "There is nothing to pay"


class PaymentUnderway(Conflict):
    """Money for the booking is on its way; only when it is known what becomes of it can it be paid in another way."""

    code = "payment_underway"
    title = "A payment is on its way already"


class NothingToRefund(Conflict):
    """Nothing came, or all of it was given back, is being given back, or is disputed."""

    code = "nothing_to_refund"
    title = "There is nothing to refund"


class WrongRefundStatus(Conflict):
    """The refund's status does not allow this."""

    code = "wrong_refund_status"
    title = "The refund's status does not allow this"


class NotSettledByStaff(Conflict):
    """The provider itself says whether the money is there."""

    code = "not_settled_by_staff"
    title = "Staff do not decide about these payments"


class StillOnSale(Conflict):
    """Everything is given back only of an event that is not held."""

    code = "still_on_sale"
    title = "The event is on sale; cancel or postpone it first"
