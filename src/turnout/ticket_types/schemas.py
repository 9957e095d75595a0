"""Schemas of ticket types."""

from decimal import Decimal

from turnout import schema as fields
from turnout.api.pages import PageQuery, page_of
from turnout.schema import Schema


class TicketTypeInput(Schema):
    """A kind of ticket, as an organizer writes it."""

    name = fields.text(100, example="Early bird")
    description = fields.text(1000, 0, missing="")
    price = fields.money(missing=Decimal(0), description="In the event's currency", example="25.00")
    capacity = fields.whole(
        1, 10_000_000, optional=True, description="How many there are; null: as many as the event has"
    )
    sale_starts_at = fields.moment(optional=True)
    sale_ends_at = fields.moment(optional=True)
    min_per_booking = fields.whole(1, 1000, missing=1)
    max_per_booking = fields.whole(1, 1000, optional=True)


class TicketTypeView(Schema):
    """A kind of ticket, and how many are left."""

    id = fields.identifier()
    event_id = fields.identifier()
    name = fields.text(100)
    description = fields.text(1000, 0)
    price = fields.money()
    currency = fields.currency()
    capacity = fields.whole(optional=True)
    seats_taken = fields.whole(optional=True, description="Null where the type has no limit of its own")
    seats_available = fields.whole(optional=True, description="Null where neither the type nor the event has a limit")
    is_sold_out = fields.flag()
    sale_starts_at = fields.moment(optional=True)
    sale_ends_at = fields.moment(optional=True)
    min_per_booking = fields.whole()
    max_per_booking = fields.whole(optional=True)


class TicketTypeQuery(PageQuery):
    """Parameters of the list of ticket types."""


class TicketTypeFilters(PageQuery):
    """Filters of the list of the ticket types of all events."""

    event = fields.identifier(missing=None)


TicketTypePage = page_of(TicketTypeView(name="ticket_type"))
