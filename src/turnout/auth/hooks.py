"""What happens to sign-ins."""

from dataclasses import dataclass

from turnout.hooks import DomainEvent


@dataclass(frozen=True, slots=True)
class SignedOut(DomainEvent):
    """A session was ended: by its user, with a new password or a disabled account, or because a refresh token came back twice."""

    session_id: int


@dataclass(frozen=True, slots=True)
class ApiTokenRevoked(DomainEvent):
    """A personal token was revoked."""

    token_hash: bytes
