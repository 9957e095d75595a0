"""What can go wrong with reviews."""

from turnout.plugin import Conflict, Denied


class NotAttended(Denied):
    """Whoever wants to review an event had no confirmed booking of it."""

    code = "not_attended"
    title = "Only those who attended an event review it"


class TooEarly(Conflict):
    """The event is not over."""

    code = "too_early"
    title = "An event is reviewed after it has ended"


class NotHeld(Conflict):
    """The event was cancelled, or is postponed."""

    code = "not_held"
    title = "The event was not held"


class AlreadyReviewed(Conflict):
    """The attendee has reviewed the event before."""

    code = "already_reviewed"
    title = "You have reviewed this event already"


class TooLate(Conflict):
    """The days are over in which an author may change a review."""

    code = "too_late"
    title = "The review cannot be changed any more"
