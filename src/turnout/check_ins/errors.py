"""What can go wrong at the door."""

from turnout.errors import Conflict


class AlreadyCheckedIn(Conflict):
    """Somebody came in with this ticket before."""

    code = "already_checked_in"
    title = "Somebody is in with this ticket already"
