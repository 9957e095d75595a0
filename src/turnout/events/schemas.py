"""Schemas of events."""

from decimal import Decimal

import colander

from turnout import schema as fields
from turnout.api.pages import PageQuery, page_of
from turnout.events.models import DRAFT, PUBLISHED, REMINDER_HOURS, STATUSES
from turnout.schema import Schema
from turnout.ticket_types.schemas import TicketTypeInput, TicketTypeView


class EventInput(Schema):
    """An event, as an organizer writes it."""

    title = fields.text(200, example="Harbour lights: an evening of fado")
    description = fields.text(20_000, 0, missing="")
    starts_at = fields.moment(example="2027-05-01T19:30:00+01:00")
    ends_at = fields.moment(example="2027-05-01T22:00:00+01:00")
    timezone = fields.timezone(optional=True, description="For display; null: the venue's, else UTC")
    venue_id = fields.identifier(optional=True)
    location = fields.text(300, 0, missing="", description="Where, if it is not at a venue")
    country = fields.country(optional=True, description="The venue's, where there is one")
    capacity = fields.whole(
        1, 10_000_000, optional=True, description="Null: as many as the venue holds; without one, no limit"
    )
    currency = fields.currency(missing=colander.drop, description="By default the setting `events.currency`")
    category_id = fields.identifier(optional=True)
    tags = fields.many(fields.slug(name="slug"), 30, missing=list, description="Slugs of tags")
    max_tickets_per_booking = fields.whole(1, 1000, missing=10)
    bookings_per_attendee = fields.whole(1, 1000, missing=1, nullable=True, description="Null: no limit")
    reminder_hours = fields.whole(
        1,
        720,
        missing=REMINDER_HOURS,
        nullable=True,
        description="How long before the start guests are reminded; null: not at all",
    )
    image_url = fields.url(optional=True)
    is_bookable = fields.flag(missing=True, description="Whether places are booked here; otherwise it is only shown")
    tickets_url = fields.url(optional=True, description="Where tickets are sold elsewhere")
    plugins = fields.members(
        missing=dict,
        described_by="event plugins",
        description="Plugins to turn on or off for this event, by their names",
    )
    extensions = fields.members(
        missing=dict, described_by="event extensions", description="What plugins take for events, by their names"
    )


class NewEvent(EventInput):
    """An event to be made."""

    price = fields.money(
        missing=Decimal(0),
        description='Of the default ticket type, "General admission"; without effect where `ticket_types` are given',
        example="12.50",
    )
    ticket_types = fields.many(
        TicketTypeInput(name="ticket_type"),
        50,
        missing=list,
        description='Instead of the default one, "General admission"',
    )
    status = fields.choice((DRAFT, PUBLISHED), missing=DRAFT)


class EventUpdate(EventInput):
    """An event as its organizer changes it. `price` may be given while it has one ticket type."""

    price = fields.money(missing=colander.drop)


class TicketTypeEntry(TicketTypeInput):
    """A kind of ticket in the form of its event; one that is there already has its id."""

    id = fields.identifier(missing=None, hidden=True)


class EventForm(EventInput):
    """An event with its ticket types, as a form changes it."""

    timezone = fields.timezone(optional=True, description="Null: the venue's")
    currency = fields.currency(missing=colander.drop, description="Of all its prices; it cannot be changed later")
    tags = fields.many(fields.slug(name="slug"), 30, missing=list)
    image_url = fields.url(
        optional=True, is_picture=True, title="Picture", description="A web address, or a picture to upload"
    )
    ticket_types = fields.many(TicketTypeEntry(name="ticket_type"), 50, 1, insert_before="category_id")


class NewEventForm(EventForm):
    """An event with its ticket types, as a form makes it."""

    organizer_id = fields.identifier(
        missing=colander.drop, insert_before="max_tickets_per_booking", description="Whose event it is; null: yours"
    )
    status = fields.choice((DRAFT, PUBLISHED), missing=DRAFT, description="What is published can be seen and booked")


class CopyForm(Schema):
    """What is different in a copy of an event."""

    title = fields.text(200)
    starts_at = fields.moment(description="It takes as long as the one that it is copied from; sales move along")


class VenueSummary(Schema):
    """The venue of an event."""

    id = fields.identifier()
    name = fields.text(200)
    address = fields.text(500, 0)
    city = fields.text(100)
    country = fields.country()
    capacity = fields.whole(optional=True)
    timezone = fields.timezone()


class OrganizerSummary(Schema):
    """Who holds an event."""

    id = fields.identifier()
    username = fields.text(150)
    name = fields.text(201, 0)


class TermSummary(Schema):
    """A category or a tag."""

    id = fields.identifier()
    name = fields.text(100)
    slug = fields.slug()


class EventView(Schema):
    """An event."""

    id = fields.identifier()
    title = fields.text(200)
    description = fields.text(20_000, 0)
    starts_at = fields.moment()
    ends_at = fields.moment()
    timezone = fields.timezone()
    venue_id = fields.identifier(optional=True)
    venue = VenueSummary(nullable=True)
    location = fields.text(300, 0)
    country = fields.country(optional=True)
    capacity = fields.whole(optional=True, description="Null: no limit")
    seats_taken = fields.whole()
    seats_available = fields.whole(optional=True, description="Null: no limit")
    is_sold_out = fields.flag()
    sales_state = fields.choice(
        (
            "draft",
            "not_yet",
            "on_sale",
            "elsewhere",
            "sold_out",
            "closed",
            "ended",
            "cancelled",
            "postponed",
            "archived",
        )
    )
    price = fields.money(description="The lowest among its ticket types")
    currency = fields.currency()
    max_tickets_per_booking = fields.whole()
    bookings_per_attendee = fields.whole(nullable=True)
    reminder_hours = fields.whole(nullable=True)
    organizer = OrganizerSummary()
    category = TermSummary(nullable=True)
    tags = fields.many(TermSummary(name="tag"), 30)
    status = fields.choice(STATUSES)
    is_active = fields.flag(description="Published and not over")
    image_url = fields.url(optional=True)
    is_bookable = fields.flag(description="Whether places are booked here; otherwise it is only shown")
    tickets_url = fields.url(optional=True, description="Where tickets are sold elsewhere")
    ticket_types = fields.many(TicketTypeView(name="ticket_type"), 50)
    plugins = fields.members(
        described_by="event plugins", description="Which plugins are on for this event, of those that can be switched"
    )
    extensions = fields.members(described_by="event extensions", description="What plugins add, by their names")
    created_at = fields.moment()
    updated_at = fields.moment()


EventPage = page_of(EventView(name="event"))


class Availability(Schema):
    """How many places are left."""

    event_id = fields.identifier()
    capacity = fields.whole(optional=True)
    seats_taken = fields.whole()
    seats_available = fields.whole(optional=True)
    is_sold_out = fields.flag()
    ticket_types = fields.many(TicketTypeView(name="ticket_type"), 50)


class EventQuery(PageQuery):
    """Filters of the list of events."""

    search = fields.text(200, missing=None, description="Words in title, description and place, in any inflection")
    date_from = fields.moment(missing=None, description="Starts then or later")
    date_to = fields.moment(missing=None, description="Starts then or earlier")
    venue = fields.identifier(missing=None)
    location = fields.text(
        200, missing=None, description="Words, or their beginnings, in the place's name, address or city"
    )
    country = fields.country(missing=None)
    category = fields.text(60, missing=None, description="Id or slug")
    tags = fields.text(500, missing=None, description="Slugs, separated by commas; events that have any of them")
    organizer = fields.identifier(missing=None)
    min_price = fields.money(missing=None)
    max_price = fields.money(missing=None)
    available_only = fields.flag(missing=False, description="Leave out what is sold out")
    upcoming_only = fields.flag(missing=False, description="Leave out what has begun")
    status = fields.choice(STATUSES, missing=PUBLISHED, description="Drafts: one's own, all for staff")
    ordering = fields.text(60, missing="starts_at", described_by="event orderings")


class EventFilters(EventQuery):
    """Filters of the list for those who manage events: in whatever status."""

    status = fields.choice(STATUSES, missing=None, insert_before="date_from")
