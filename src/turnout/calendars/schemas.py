"""Schemas of calendars."""

from turnout import schema as fields
from turnout.schema import Schema

LONGEST_TOKEN = 1000


class BookingCalendarQuery(Schema):
    """Parameters of the calendar of one's bookings."""

    token = fields.text(
        LONGEST_TOKEN, 0, missing=None, description="The secret of a calendar link; without it, sign in as ever"
    )


class CalendarLinkView(Schema):
    """Whether one has a calendar link. Its address was shown when it was made, and never is again."""

    is_active = fields.flag(description="Whether there is one")
    created_at = fields.moment(nullable=True, description="Since when")


class NewCalendarLinkView(Schema):
    """A calendar link that was just made."""

    url = fields.url(description="For a calendar to subscribe to. Whoever has it can see one's bookings")
    created_at = fields.moment()
