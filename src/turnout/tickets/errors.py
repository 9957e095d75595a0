"""What can go wrong with tickets."""

from turnout.errors import Conflict


class NotConfirmed(Conflict):
    """The booking is not confirmed, so its tickets admit nobody."""

    code = "not_confirmed"
    title = "The booking is not confirmed"


class TicketCancelled(Conflict):
    """The ticket was cancelled, alone or with its booking."""

    code = "ticket_cancelled"
    title = "The ticket was cancelled"
