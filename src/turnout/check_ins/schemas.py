"""Schemas of check-ins."""

from turnout import schema as fields
from turnout.api.pages import PageQuery, page_of
from turnout.bookings.models import STATUSES
from turnout.check_ins.services import ORDERINGS
from turnout.schema import Schema


class NewCheckIn(Schema):
    """Who wants to come in: by what a ticket's QR code says, or by a ticket out of the list."""

    secret = fields.text(1000, optional=True, description="What the QR code says", example="iesWrZdYpC6zcGgLtVjowJje")
    ticket_id = fields.identifier(optional=True, description="The ticket, where its code cannot be read")


class TicketKind(Schema):
    """What was bought."""

    id = fields.identifier()
    name = fields.text(100)


class CheckInView(Schema):
    """A ticket as the door sees it."""

    ticket_id = fields.identifier()
    event_id = fields.identifier()
    booking_id = fields.identifier()
    booking_code = fields.text(12)
    booking_status = fields.choice(STATUSES)
    ticket_type = TicketKind()
    name = fields.text(201, 0, description="The ticket's holder; where nobody was named, whom the booking is for")
    attendee_name = fields.text(201, 0, description="Whom the booking is for")
    checked_in_at = fields.moment(nullable=True, description="Null: not in")
    checked_in_by_id = fields.identifier(nullable=True, description="The user who let them in, unless deleted since")


class CheckInCounts(Schema):
    """How many tickets let somebody in, and how many have."""

    expected = fields.whole(description="All valid tickets of confirmed bookings")
    checked_in = fields.whole(description="Those of them with which somebody is in")


class CheckInPage(page_of(CheckInView(name="check_in"))):  # type: ignore[misc]
    """Who is expected, and who is in; `counts` is of the whole event, whatever the list is filtered by."""

    counts = CheckInCounts()


class CheckInQuery(PageQuery):
    """Filters of the list of who is expected."""

    checked_in = fields.flag(missing=None, description="true: who is in; false: who is not")
    search = fields.text(
        100, missing=None, description="Begins a word of the holder's or attendee's name, or the booking's code"
    )
    ordering = fields.choice(
        ORDERINGS,
        missing="name",
        description="What to sort by; - is descending; by checked_in_at, who is not in is first",
    )
