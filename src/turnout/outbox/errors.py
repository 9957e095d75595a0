"""What can go wrong with background work."""

from turnout.errors import Conflict


class NotDead(Conflict):
    """The job has not failed for good."""

    code = "not_dead"
    title = "The job has not failed for good"
