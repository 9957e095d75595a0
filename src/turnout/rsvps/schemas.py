"""Schemas of answers to invitations."""

from turnout import schema as fields
from turnout.bookings.schemas import BookingView
from turnout.schema import Schema

GOING, INTERESTED, NOT_GOING = "going", "interested", "cancelled"


class RsvpInput(Schema):
    """Whether one comes."""

    status = fields.choice((GOING, INTERESTED, NOT_GOING))


class RsvpView(Schema):
    """One's answer, and the booking that it made or found."""

    event_id = fields.identifier()
    status = fields.choice((GOING, INTERESTED, NOT_GOING))
    booking = BookingView(nullable=True)
