"""Background work of bookings."""

from turnout.bookings.services import BookingService
from turnout.outbox.services import Outbox


def expire_holds(bookings: BookingService, outbox: Outbox) -> None:
    """Give back the places of holds whose time is over: some in each transaction, so that nobody who books waits long."""
    if bookings.expire_due():
        outbox.put(expire_holds)
