"""What happens to sign-ins."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SignedOut:
    """A session was ended, by its user or because a refresh token came back twice."""

    session_id: int


@dataclass(frozen=True, slots=True)
class ApiTokenRevoked:
    """A personal token was revoked."""

    token_hash: bytes
