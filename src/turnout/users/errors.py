"""What can go wrong with users."""

from turnout.errors import Conflict


class UserTaken(Conflict):
    """Somebody has this username or email address already."""

    code = "user_taken"
    title = "The username or email address is taken"
