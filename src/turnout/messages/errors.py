"""What can go wrong with messages."""

from turnout.errors import Conflict


class Undeliverable(Exception):
    """A message that can never be delivered as it is; the reason is kept with it, and it is not tried again.

    Anything else that a channel raises is taken for trouble that passes, and the message is tried again later.
    """


class NotFailed(Conflict):
    """The message is on its way, or was delivered."""

    code = "not_failed"
    title = "The message has not failed"
