"""What can go wrong with bookings."""

from turnout.errors import Conflict


class DuplicateBooking(Conflict):
    """The attendee has as many bookings for the event as it allows."""

    code = "duplicate_booking"
    title = "There is a booking for this attendee already"


class NotOnSale(Conflict):
    """The event is not published, or is over, or this ticket is not sold now."""

    code = "not_on_sale"
    title = "This is not on sale now"


class WrongBookingStatus(Conflict):
    """The booking's status does not allow this transition."""

    code = "wrong_booking_status"
    title = "The booking's status does not allow this"


class TicketsUsed(Conflict):
    """Somebody is in with a ticket of the booking."""

    code = "tickets_used"
    title = "Somebody is in with a ticket of this booking"


class HoldExpired(Conflict):
    """The booking was not confirmed in time."""

    code = "hold_expired"
    title = "The booking was not confirmed in time"


class NotDecided(Conflict):
    """Something went wrong that nobody foresaw, again and again; no place is held."""

    code = "not_decided"
    title = "The booking could not be decided; book again"
