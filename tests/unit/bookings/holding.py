"""An application in which what costs something is held until it is fulfilled, and nobody confirms it by themselves."""

from datetime import timedelta

from turnout import schema as fields
from turnout.bookings.hooks import BookingPriced, ConfirmationSought
from turnout.errors import Conflict
from turnout.schema import Schema

HELD = timedelta(hours=2)


class NotPaid(Conflict):
    code = "not_paid"
    title = "Pay first"


class Dues(Schema):
    """What is due."""

    count = fields.whole()


def hold(event):
    if event.total_amount:
        event.hold(HELD)


def refuse(event):
    if event.total_amount:
        raise NotPaid("It is not paid.")


read_with = []
"""With which bookings the extension was read."""


def read(booking_ids):
    read_with.append(list(booking_ids))
    return {booking_id: {"count": booking_id} for booking_id in booking_ids if booking_id % 2 == 0}


def includeme(config) -> None:
    config.add_subscriber(hold, BookingPriced)
    config.add_subscriber(refuse, ConfirmationSought)
    config.add_booking_extension("dues", view=Dues, read=read)
