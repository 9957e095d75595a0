"""The tokens themselves: signed ones for sessions (JWT, RFC 7519), random ones for programs and browsers."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from turnout.auth.errors import InvalidToken

API_TOKEN_PREFIX = "tnt_"  # noqa: S105 - what makes our tokens recognisable to secret scanners
ACCESS, REFRESH = "access", "refresh"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a session's token says."""

    user_id: int
    session_id: int
    generation: int
    expires_at: float


class TokenSigner:
    """Signs and reads the tokens of sessions with the installation's secret."""

    def __init__(self, secret: str) -> None:
        self._key = OctKey.import_key(sha256(b"tokens\n" + secret.encode()).digest())

    def sign(self, kind: str, claims: Claims) -> str:
        """Return a token of `kind` (ACCESS or REFRESH)."""
        payload: dict[str, Any] = {
            "sub": str(claims.user_id),
            "sid": claims.session_id,
            "gen": claims.generation,
            "exp": int(claims.expires_at),
            "typ": kind,
        }
        return jwt.encode({"alg": "HS256"}, payload, self._key)

    def read(self, kind: str, token: str, now: datetime) -> Claims:
        """Return what a token of `kind` says. Raises `InvalidToken` for any other, and for one that has expired."""
        try:
            found = jwt.decode(token, self._key, algorithms=["HS256"]).claims
            if found["typ"] != kind:
                raise InvalidToken
            claims = Claims(int(found["sub"]), found["sid"], found["gen"], found["exp"])
        except (JoseError, KeyError, ValueError, TypeError):
            raise InvalidToken from None
        if claims.expires_at <= now.timestamp():
            raise InvalidToken("The token has expired.")
        return claims


def new_api_token() -> str:
    """Return a new random token of 256 bits."""
    return API_TOKEN_PREFIX + secrets.token_urlsafe(32)


def new_browser_token() -> str:
    """Return a new random token of 256 bits, for a cookie."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> bytes:
    """Return what is kept of a token. It is random, so a fast hash is enough."""
    return sha256(token.encode()).digest()


def after(now: datetime, minutes: int) -> datetime:
    """Return the moment `minutes` from now."""
    return now + timedelta(minutes=minutes)
