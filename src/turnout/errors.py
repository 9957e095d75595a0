"""What can go wrong, in the domain's words. `turnout.api.problems` is the one place that turns these into HTTP."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

LONGEST_IN_SECONDS = 90
"""A longer wait is told in minutes."""


class StartError(Exception):
    """The application cannot start; the message says in one line why, and what to do.

    `registered` is Pyramid's note of where the configuration says what is at fault, if it is found out only later.
    """

    def __init__(self, message: str, *, registered: Any = None) -> None:
        super().__init__(message)
        self.registered = registered


class Clash(StartError):
    """Two claim the same thing, and only one can have it."""


class TryAgain(Exception):
    """Somebody else was quicker; the same request, made again from the start, will find things settled."""


class DomainError(Exception):
    """A request that the rules of the domain refuse.

    `code` is stable and meant for programs, `title` says the same to people, `detail` explains this one case.
    `facts` are further members of the answer, for programs.
    """

    code: ClassVar[str] = "refused"
    title: ClassVar[str] = "The request was refused"

    def __init__(self, detail: str | None = None, **facts: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.facts: Mapping[str, Any] = facts


class Invalid(DomainError):
    """Values that cannot be accepted, each named by its field."""

    code = "validation_failed"
    title = "Some values cannot be accepted"

    def __init__(self, errors: Mapping[str, str] | Sequence[tuple[str, str]]) -> None:
        pairs = list(errors.items()) if isinstance(errors, Mapping) else list(errors)
        super().__init__("; ".join(f"{field}: {message}" for field, message in pairs))
        self.errors = pairs


class Unauthenticated(DomainError):
    """Nobody is signed in, or what they showed to prove it is not good (any more)."""

    code = "unauthenticated"
    title = "Sign in first"


class Denied(DomainError):
    """Signed in, but not allowed."""

    code = "forbidden"
    title = "You are not allowed to do this"


class NotFound(DomainError):
    """There is no such thing, or none that the caller may know of."""

    code = "not_found"
    title = "There is no such thing"


class Conflict(DomainError):
    """The request is good, but not in the present state of things."""

    code = "conflict"
    title = "This is not possible now"


class InUse(Conflict):
    """Something else still needs it."""

    code = "in_use"
    title = "Something else still needs it"


class TooManyAttempts(DomainError):
    """Tried too often; in `seconds` it may be tried again."""

    code = "too_many_attempts"
    title = "Too many attempts"

    def __init__(self, seconds: int = 1) -> None:
        self.seconds = seconds
        number, unit = (seconds, "second") if seconds <= LONGEST_IN_SECONDS else (-(-seconds // 60), "minute")
        super().__init__(f"Too many attempts. Try again in {number} {unit}{'' if number == 1 else 's'}.")


class Unreachable(DomainError):
    """An outside service that this needs did not answer, or not so that it could be understood."""

    code = "unreachable"
    title = "A service that this needs did not answer"


class VersionMismatch(DomainError):
    """Somebody else has changed it since the caller read it."""

    code = "version_mismatch"
    title = "It has changed since you read it; read it again"
