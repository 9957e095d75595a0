"""What can go wrong with signing in."""

from turnout.errors import Unauthenticated


class BadCredentials(Unauthenticated):
    """No such user, or not this password; which of them is not said."""

    code = "bad_credentials"
    title = "The username or the password is wrong"


class InvalidToken(Unauthenticated):
    """The token is unknown, malformed, expired or revoked."""

    code = "invalid_token"
    title = "The token is not valid (any more); sign in again"
