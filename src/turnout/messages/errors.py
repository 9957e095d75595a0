"""What can go wrong with messages."""


class Undeliverable(Exception):
    """A message that can never be delivered as it is; the reason is kept with it, and it is not tried again.

    Anything else that a channel raises is taken for trouble that passes, and the message is tried again later.
    """
