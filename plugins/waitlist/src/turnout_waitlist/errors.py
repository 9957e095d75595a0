"""What can go wrong with waiting lists."""

from turnout.plugin import Conflict


class NotFull(Conflict):
    """There are places enough: there is nothing to wait for."""

    code = "not_full"
    title = "There are places enough; book them"


class AlreadyWaiting(Conflict):
    """The user waits already, or has an offer to decide about."""

    code = "already_waiting"
    title = "You are on the waiting list already"


class WaitlistClosed(Conflict):
    """The organizer lets nobody join any more."""

    code = "waitlist_closed"
    title = "The waiting list is closed"


class NotOffered(Conflict):
    """There is no offer that could be accepted."""

    code = "not_offered"
    title = "No places are offered to you"


class OfferExpired(Conflict):
    """The offer was not accepted in time."""

    code = "offer_expired"
    title = "The offer was not accepted in time"


class NotWaiting(Conflict):
    """The entry is decided: its places were booked, or it is over."""

    code = "not_waiting"
    title = "This entry does not wait any more"
