"""Schemas of bookings."""

import colander

from turnout import schema as fields
from turnout.api.pages import PageQuery, page_of
from turnout.bookings.models import PENDING, STATUSES, TICKET_STATUSES
from turnout.schema import Schema


class TicketRequest(Schema):
    """One admission that is wanted."""

    ticket_type_id = fields.identifier(optional=True)
    name = fields.text(200, 0, missing="", description="The holder's name")
    email = fields.email(may_be_empty=True, missing="", description="The holder's email address")


class NewBooking(Schema):
    """Places that are wanted."""

    event_id = fields.identifier()
    quantity = fields.whole(1, 1000, optional=True, description="How many; 1, or as many as `tickets` has")
    ticket_type_id = fields.identifier(optional=True, description="By default the event's first ticket type")
    attendee_id = fields.identifier(optional=True, description="Who comes; by default whoever books")
    status = fields.choice((PENDING,), optional=True, description='"pending" holds the places, to be confirmed later')
    tickets = fields.many(TicketRequest(name="ticket"), 1000, missing=list, description="A holder for each place")


class TicketChange(Schema):
    """A ticket's holder."""

    id = fields.identifier()
    name = fields.text(200, 0)
    email = fields.email(may_be_empty=True, missing="")


class BookingUpdate(Schema):
    """What can be changed of a booking."""

    quantity = fields.whole(1, 1000, description="Fewer places are given back, more are claimed")
    tickets = fields.many(TicketChange(name="ticket"), 1000, description="Holders of tickets, by the tickets' ids")


class TicketView(Schema):
    """One admission."""

    id = fields.identifier()
    ticket_type_id = fields.identifier()
    price = fields.money()
    name = fields.text(200, 0)
    email = fields.text(254, 0)
    status = fields.choice(TICKET_STATUSES)
    secret = fields.text(32, description="What the QR code shows at the door")
    checked_in_at = fields.moment(optional=True)


class FailureView(Schema):
    """Why a booking that was accepted got no places: what would have been answered at once."""

    code = fields.text(100, description='As in errors: "sold_out", "duplicate_booking", "not_on_sale", ...')
    detail = fields.text(10_000)


class BookingView(Schema):
    """A booking with its tickets."""

    id = fields.identifier()
    code = fields.text(12)
    event_id = fields.identifier()
    user_id = fields.identifier()
    attendee_id = fields.identifier(nullable=True, description="Null until the booking is decided")
    quantity = fields.whole(1)
    total_amount = fields.money(nullable=True, description="Null until the booking is decided")
    currency = fields.currency()
    status = fields.choice(STATUSES)
    failure = FailureView(nullable=True, description="Why, where `status` is failed")
    expires_at = fields.moment(optional=True)
    booking_date = fields.moment()
    tickets = fields.many(TicketView(name="ticket"), 1000)
    extensions = fields.members(described_by="booking extensions", description="What plugins add, by their names")


BookingPage = page_of(BookingView(name="booking"))


class BookingQuery(PageQuery):
    """Filters of a list of bookings."""

    event = fields.identifier(missing=None)
    attendee = fields.identifier(missing=None)
    status = fields.choice(STATUSES, missing=None)
    ordering = fields.choice(("-booking_date", "booking_date"), missing="-booking_date")


class StaffBookingQuery(BookingQuery):
    """Filters of the list of all bookings that one may see."""

    user = fields.identifier(missing=None)
    code = fields.text(12, missing=None)


class BoxOfficeQuery(PageQuery):
    """Filters of the list of bookings of those who run the events."""

    search = fields.text(100, missing=None, description="The code, or how names or the address of who comes begin")
    event = fields.identifier(missing=None)
    status = fields.choice(STATUSES, missing=None)
    attendee = fields.identifier(missing=None)
    user = fields.identifier(missing=None, title="Booked by")
    date_from = fields.moment(missing=None, title="Booked from")
    date_to = fields.moment(missing=None, title="Booked until")
    ordering = fields.choice(("-booking_date", "booking_date"), missing="-booking_date")


class BoxOfficeView(BookingView):
    """A booking with the names of what it is about."""

    event = fields.text(200)
    timezone = fields.timezone(description="The event's")
    organizer_id = fields.identifier()
    user = fields.text(150, title="Booked by")
    attendee = fields.text(201, nullable=True)
    email = fields.text(254, nullable=True)


class NewGuest(Schema):
    """Somebody who comes and is not known yet."""

    first_name = fields.text(100, 0, missing="")
    last_name = fields.text(100, 0, missing="")
    email = fields.email(may_be_empty=True, missing="", description="Where the tickets go")
    phone = fields.text(40, 0, missing="")


class Sale(Schema):
    """Places that are booked for somebody, such as at the box office."""

    event_id = fields.identifier(title="Event")
    ticket_type_id = fields.identifier(
        optional=True, title="Ticket type", description="Of the chosen event; may stay empty if it has only one"
    )
    quantity = fields.whole(1, 1000, missing=1)
    attendee_id = fields.identifier(optional=True, title="Attendee", description="Who comes, if they are known already")
    guest = NewGuest(missing=dict, title="Somebody new", description="Who comes, if they are not known yet")
    hold = fields.flag(missing=False, title="Hold the places", description="To be confirmed later, or they expire")


class HolderChange(TicketChange):
    """A ticket's holder, whom a form changes."""

    id = fields.identifier(hidden=True)
    name = fields.text(200, 0, missing="")


class BookingChange(BookingUpdate):
    """What can be changed of a booking by a form, which has a place for each of its tickets."""

    tickets = fields.many(
        HolderChange(name="ticket", title="Ticket"), 1000, missing=(), fixed=True, title="Holders of the tickets"
    )


class GuestQuery(PageQuery):
    """Filters of the list of who is coming."""

    status = fields.choice(STATUSES, missing=None)


class GuestAttendee(Schema):
    """Somebody who comes."""

    id = fields.identifier()
    first_name = fields.text(100, 0)
    last_name = fields.text(100, 0)
    email = fields.text(254)
    phone = fields.text(40, 0)


class GuestView(Schema):
    """Somebody's booking."""

    booking_id = fields.identifier()
    code = fields.text(12)
    status = fields.choice(STATUSES)
    quantity = fields.whole()
    booking_date = fields.moment()
    attendee = GuestAttendee(nullable=True)


class GuestCounts(Schema):
    """How many bookings and places there are in each status."""

    status = fields.choice(STATUSES)
    bookings = fields.whole()
    places = fields.whole()


class GuestPage(page_of(GuestView(name="guest"))):  # type: ignore[misc]
    """Who is coming."""

    counts = colander.SchemaNode(colander.Sequence(), GuestCounts(name="count"))
