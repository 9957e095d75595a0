"""Who a token belongs to, asked of the database at most once in `auth.recheck_seconds`.

This process forgets at once what it knows of a user who is disabled, a session that ends and a token that is revoked;
another process has to ask again after `auth.recheck_seconds` (0: at every request).
"""

import threading
import time
from collections.abc import Hashable
from dataclasses import dataclass
from typing import get_args

from cachetools import TTLCache
from pyramid.config import Configurator
from pyramid.request import Request
from sqlalchemy import bindparam, select

from turnout.auth.errors import InvalidToken
from turnout.auth.hooks import ApiTokenRevoked, SignedOut
from turnout.auth.models import ApiToken, SignInSession
from turnout.auth.tokens import ACCESS, API_TOKEN_PREFIX, TokenSigner, hash_token
from turnout.db import AnyRow, AnySelect, open_read_session
from turnout.security.actors import Actor
from turnout.users.hooks import RolesChanged, UsersDeleting
from turnout.users.models import User

REMEMBERED = 10_000
_ROLES = (User.is_organizer, User.is_staff, User.is_superuser)


@dataclass(frozen=True, slots=True)
class _Known:
    actor: Actor
    source: Hashable
    expires_at: float


_Ending = RolesChanged | UsersDeleting | SignedOut | ApiTokenRevoked


def _concerns(event: _Ending, known: _Known) -> bool:
    match event:
        case RolesChanged():
            return known.actor.user_id == event.user_id
        case UsersDeleting():
            return known.actor.user_id in event.user_ids
        case SignedOut():
            return known.source == event.session_id
        case ApiTokenRevoked():
            return known.source == event.token_hash


_SESSION_QUERY = (
    select(*_ROLES)
    .join(SignInSession, SignInSession.user_id == User.id)
    .where(
        User.id == bindparam("user_id"),
        User.is_active,
        SignInSession.id == bindparam("session_id"),
        SignInSession.revoked_at.is_(None),
    )
)
_API_TOKEN_QUERY = (
    select(ApiToken.user_id, ApiToken.scopes, ApiToken.expires_at, *_ROLES)
    .join(User, User.id == ApiToken.user_id)
    .where(ApiToken.token_hash == bindparam("token_hash"), User.is_active)
)


def _ask(request: Request, query: AnySelect, **parameters: object) -> AnyRow:
    """Return the one row of `query`. Raises `InvalidToken` if there is none.

    Asked outside the request's transaction, so that a writing request does not begin, and on SQLite does not take the
    one write lock, before it is known who sends it.
    """
    with open_read_session(request.registry) as session:
        row = session.connection().execute(query, parameters).first()
    if row is None:
        raise InvalidToken
    return row


class Authenticator:
    """Turns an ``Authorization`` header into an actor."""

    def __init__(self, secret: str, recheck_seconds: float) -> None:
        self._signer = TokenSigner(secret)
        self._known: TTLCache[str, _Known] = TTLCache(REMEMBERED, recheck_seconds, time.monotonic)
        self._lock = threading.Lock()

    def __call__(self, request: Request, header: str) -> Actor:
        """Return who sent `header`. Raises `InvalidToken`."""
        scheme, _, token = header.partition(" ")
        token = token.strip()
        if scheme.lower() not in {"bearer", "token"} or not token:
            raise InvalidToken("Use Authorization: Bearer <token>.")
        now = request.registry.clock.now()
        with self._lock:
            known = self._known.get(token)
        if known is None:
            known = (
                self._api_token(request, token)
                if token.startswith(API_TOKEN_PREFIX)
                else self._access_token(request, token)
            )
            with self._lock:
                self._known[token] = known
        if known.expires_at <= now.timestamp():
            raise InvalidToken("The token has expired.")
        return known.actor

    def _access_token(self, request: Request, token: str) -> _Known:
        claims = self._signer.read(ACCESS, token, request.registry.clock.now())
        row = _ask(request, _SESSION_QUERY, user_id=claims.user_id, session_id=claims.session_id)
        actor = Actor.of(claims.user_id, **row._mapping, session_id=claims.session_id)  # noqa: SLF001 - its public name
        return _Known(actor, claims.session_id, claims.expires_at)

    def _api_token(self, request: Request, token: str) -> _Known:
        hashed = hash_token(token)
        row = _ask(request, _API_TOKEN_QUERY, token_hash=hashed)
        actor = Actor.of(
            row.user_id,
            is_organizer=row.is_organizer,
            is_staff=row.is_staff,
            is_superuser=row.is_superuser,
            scopes=frozenset(row.scopes),
        )
        return _Known(actor, hashed, row.expires_at.timestamp() if row.expires_at else float("inf"))

    def forget(self, event: _Ending) -> None:
        """Forget what is known of users, a session or a token as soon as the change to them is committed."""
        event.request.tm.get().addAfterCommitHook(self._forget, args=(event,))

    def _forget(self, is_committed: bool, event: _Ending) -> None:  # noqa: FBT001 - the hook's protocol
        with self._lock:
            for token, known in list(self._known.items()) if is_committed else ():
                if _concerns(event, known):
                    del self._known[token]

    @staticmethod
    def includeme(config: Configurator) -> None:
        """Let the security policy ask here."""
        settings = config.get_settings()
        authenticator = Authenticator(settings["turnout.secret"], settings["auth.recheck_seconds"])
        config.registry.authenticate = authenticator
        for event in get_args(_Ending):
            config.add_subscriber(authenticator.forget, event)
