"""What can go wrong with events."""

from turnout.errors import Conflict


class WrongEventStatus(Conflict):
    """The event's status does not allow this transition."""

    code = "wrong_event_status"
    title = "The event's status does not allow this"


class CapacityAboveVenue(Conflict):
    """The venue does not hold so many."""

    code = "capacity_above_venue"
    title = "The venue does not hold so many"
