"""Who a token belongs to, a client's or a browser's, asked of the database at most once in `auth.recheck_seconds`.

This process forgets at once what it knows of a user who is disabled, a session that ends and a token that is revoked;
another process has to ask again after `auth.recheck_seconds` (0: at every request).
"""

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar, get_args

import structlog
from cachetools import TTLCache
from pyramid.config import Configurator
from pyramid.request import Request
from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from turnout.auth.errors import InvalidToken
from turnout.auth.hooks import ApiTokenRevoked, SignedOut
from turnout.auth.models import ApiToken, SignInSession
from turnout.auth.tokens import ACCESS, API_TOKEN_PREFIX, TokenSigner, hash_token
from turnout.db import AnyRow, AnySelect, open_read_session
from turnout.security.actors import NOBODY, Actor
from turnout.users.hooks import RolesChanged, UsersDeleting
from turnout.users.models import User

REMEMBERED = 10_000
SEEN_EVERY = timedelta(minutes=1)
"""How often it is written down that a browser's session is in use."""
_Key = TypeVar("_Key", str, bytes)
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
_BROWSER_QUERY = (
    select(SignInSession.id, User.id.label("user_id"), SignInSession.expires_at, SignInSession.last_seen_at, *_ROLES)
    .join(User, User.id == SignInSession.user_id)
    .where(
        SignInSession.cookie_hash == bindparam("cookie_hash"),
        SignInSession.revoked_at.is_(None),
        User.is_active,
    )
)
_API_TOKEN_QUERY = (
    select(ApiToken.user_id, ApiToken.scopes, ApiToken.expires_at, *_ROLES)
    .join(User, User.id == ApiToken.user_id)
    .where(ApiToken.token_hash == bindparam("token_hash"), User.is_active)
)


log = structlog.get_logger()


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


def _note_seen(session_id: int, now: datetime, request: Request) -> None:
    """Write down that a browser was seen.

    Done when the request has ended: by then its own transaction has let go of what this one needs, and a request that
    only reads has not written. A failure harms nobody: the next request does it.
    """
    seen = update(SignInSession).where(SignInSession.id == session_id, SignInSession.last_seen_at <= now - SEEN_EVERY)
    try:
        with Session(request.registry.engine, join_transaction_mode="create_savepoint") as session, session.begin():
            session.execute(seen.values(last_seen_at=now).execution_options(synchronize_session=False))
    except SQLAlchemyError as error:
        log.warning("a browser's session was not marked as seen", error=repr(error))


class Authenticator:
    """Turns an ``Authorization`` header, or the cookie of a browser, into an actor."""

    def __init__(self, secret: str, recheck_seconds: float, idle_minutes: int) -> None:
        self._signer = TokenSigner(secret)
        self._idle = timedelta(minutes=idle_minutes)
        # Headers by themselves, cookies by their hash: what is good as the one is never found as the other.
        self._known: TTLCache[str | bytes, _Known] = TTLCache(REMEMBERED, recheck_seconds, time.monotonic)
        self._lock = threading.Lock()

    def by_header(self, request: Request, header: str) -> Actor:
        """Return who sent `header`. Raises `InvalidToken`."""
        scheme, _, token = header.partition(" ")
        token = token.strip()
        if scheme.lower() not in {"bearer", "token"} or not token:
            raise InvalidToken("Use Authorization: Bearer <token>.")
        ask = self._api_token if token.startswith(API_TOKEN_PREFIX) else self._access_token
        return self._actor(request, token, ask)

    def by_cookie(self, request: Request, token: str) -> Actor:
        """Return whose browser has this token; NOBODY if its session has ended, or never was."""
        try:
            return self._actor(request, hash_token(token), self._browser)
        except InvalidToken:
            return NOBODY

    def _actor(self, request: Request, key: _Key, ask: Callable[[Request, _Key], _Known]) -> Actor:
        with self._lock:
            known = self._known.get(key)
        if known is None:
            known = ask(request, key)
            with self._lock:
                self._known[key] = known
        if known.expires_at <= request.registry.clock.now().timestamp():
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

    def _browser(self, request: Request, hashed: bytes) -> _Known:
        row = _ask(request, _BROWSER_QUERY, cookie_hash=hashed)
        now = request.registry.clock.now()
        until = min(row.expires_at, row.last_seen_at + self._idle)
        if until > now >= row.last_seen_at + SEEN_EVERY:
            request.add_finished_callback(partial(_note_seen, row.id, now))
            until = min(row.expires_at, now + self._idle)
        roles = {role.key: getattr(row, role.key) for role in _ROLES}
        return _Known(Actor.of(row.user_id, **roles, session_id=row.id), row.id, until.timestamp())

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
        authenticator = Authenticator(
            settings["turnout.secret"], settings["auth.recheck_seconds"], settings["auth.idle_minutes"]
        )
        config.registry.authenticator = authenticator
        for event in get_args(_Ending):
            config.add_subscriber(authenticator.forget, event)
