"""What can go wrong with ticket types."""

from turnout.errors import Conflict


class TicketTypeExists(Conflict):
    """The event has a ticket type of this name already."""

    code = "ticket_type_exists"
    title = "The event has a ticket type of this name"


class LastTicketType(Conflict):
    """An event needs at least one ticket type."""

    code = "last_ticket_type"
    title = "An event needs at least one ticket type"
