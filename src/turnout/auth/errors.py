"""What can go wrong with signing in."""

from turnout.errors import Denied, Unauthenticated


class BadCredentials(Unauthenticated):
    """No such user, or not this password; which of them is not said."""

    code = "bad_credentials"
    title = "The username or the password is wrong"


class InvalidToken(Unauthenticated):
    """The token is unknown, malformed, expired or revoked."""

    code = "invalid_token"
    title = "The token is not valid (any more); sign in again"


class NotForYou(Denied):
    """The password is right, but the admin is not for this user."""

    code = "not_for_you"
    title = "Your password is right, but the admin is for organizers and staff only; ask one of them to let you in"
