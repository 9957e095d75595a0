"""What can be done about signing in."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, NewType

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from turnout.auth.errors import BadCredentials, InvalidToken, NotForYou
from turnout.auth.hooks import ApiTokenRevoked, SignedOut
from turnout.auth.models import ApiToken, SignInSession
from turnout.auth.throttle import Throttle
from turnout.auth.tokens import (
    ACCESS,
    REFRESH,
    Claims,
    TokenSigner,
    after,
    hash_token,
    new_api_token,
    new_browser_token,
)
from turnout.clock import Clock
from turnout.db import AnyRow
from turnout.errors import Invalid, NotFound
from turnout.injection import Announce, ReadSession, Settings
from turnout.paging import Ordering, Paging, Slice, fetch
from turnout.security.actors import Actor
from turnout.security.passwords import verify_password
from turnout.users.models import User

MOST_TOKENS = 50
MOST_SHOWN = 20
"""How many sessions of a user are shown."""
Grantable = NewType("Grantable", Mapping[str, str])
"""The permissions that whoever asks may give to tokens, with what they are."""
_NEWEST_TOKEN = Ordering("-id", ApiToken.id, ApiToken.id, descending=True)


class SignInService:
    """Signs people in and out. A session's refresh tokens rotate: each is good once."""

    def __init__(
        self,
        session: Session,
        reading: ReadSession,
        clock: Clock,
        announce: Announce,
        settings: Settings,
        throttle: Throttle,
    ) -> None:
        self.session = session
        self.reading = reading
        self.clock = clock
        self.announce = announce
        self.settings = settings
        self.throttle = throttle
        self.signer = TokenSigner(settings["turnout.secret"])

    def sign_in(self, login: str, password: str, *, address: str | None) -> dict[str, Any]:
        """Return tokens for the user with this username or email address, who is at the network's `address`.

        Raises `BadCredentials`, after the same time whether or not there is such a user, and `TooManyAttempts`.
        """
        user = self._verified(login, password, address)
        row = self._begin(user, minutes=self.settings["auth.refresh_minutes"])
        return self._tokens(user.id, row.id, 1)

    def sign_in_browser(
        self,
        login: str,
        password: str,
        *,
        may_enter: Callable[[Actor], bool],
        address: str | None,
        instead_of: str | None,
    ) -> str:
        """Sign a browser in and return the token that it is to keep; the session of the one that it had is ended.

        Raises as `sign_in` does, and `NotForYou` for a user who may not enter.
        """
        user = self._verified(login, password, address)
        roles = {name: getattr(user, name) for name in ("is_organizer", "is_staff", "is_superuser")}
        if not may_enter(Actor.of(user.id, **roles)):
            raise NotForYou
        if instead_of is not None:
            self.sign_out_browser(instead_of)
        token = new_browser_token()
        self._begin(user, minutes=self.settings["auth.session_hours"] * 60, token=token)
        return token

    def _verified(self, login: str, password: str, address: str | None) -> AnyRow:
        key = login.lower()
        self.throttle.check(key, address)
        query = select(User.id, User.password_hash, User.is_organizer, User.is_staff, User.is_superuser).where(
            or_(func.lower(User.username) == key, func.lower(User.email) == key), User.is_active
        )
        # Read and verified outside the writing transaction: a hash takes long, and SQLite has one write lock for all.
        with self.reading as reading:
            user: AnyRow | None = reading.execute(query.limit(1)).first()
        if not verify_password(password, user.password_hash if user else None) or user is None:
            self.throttle.failed(key, address)
            raise BadCredentials
        self.throttle.succeeded(key, address)
        return user

    def _begin(self, user: AnyRow, *, minutes: int, token: str | None = None) -> SignInSession:
        # Locked, and looked at again: who changes the password, or closes the account, while it is verified comes before
        # this, or after it and then ends this session, too.
        unchanged = select(User.id).where(User.id == user.id, User.is_active, User.password_hash == user.password_hash)
        if self.session.scalar(unchanged.with_for_update(read=True)) is None:
            raise BadCredentials
        now = self.clock.now()
        row = SignInSession(user_id=user.id, created_at=now, expires_at=after(now, minutes))
        if token is not None:
            row.cookie_hash, row.last_seen_at = hash_token(token), now
        self.session.add(row)
        self.session.flush()
        return row

    def refresh(self, token: str) -> dict[str, Any] | None:
        """Return new tokens for a refresh token, which is used up.

        Returns None for one that was used before: somebody else has it too, so its session has been ended, which the
        caller must let happen. Raises `InvalidToken` for any other that is no good.
        """
        now = self.clock.now()
        claims = self.signer.read(REFRESH, token, now)
        is_active = select(User.id).where(User.id == SignInSession.user_id, User.is_active).exists()
        rotated = self.session.execute(
            update(SignInSession)
            .where(
                SignInSession.id == claims.session_id,
                SignInSession.generation == claims.generation,
                SignInSession.revoked_at.is_(None),
                is_active,
            )
            .values(generation=claims.generation + 1, expires_at=after(now, self.settings["auth.refresh_minutes"]))
            .returning(SignInSession.user_id)
            .execution_options(synchronize_session=False)
        ).scalar()
        if rotated is not None:
            return self._tokens(rotated, claims.session_id, claims.generation + 1)
        self.sign_out(claims.session_id)
        return None

    def sign_out(self, session_id: int) -> None:
        """End a session: none of its tokens is good any more."""
        self.session.execute(
            update(SignInSession)
            .where(SignInSession.id == session_id, SignInSession.revoked_at.is_(None))
            .values(revoked_at=self.clock.now())
        )
        self.announce(SignedOut(session_id))

    def sign_out_browser(self, token: str) -> None:
        """End the session of the browser that has this token, if there is one."""
        is_it = SignInSession.cookie_hash == hash_token(token)
        session_id = self.session.scalar(select(SignInSession.id).where(is_it))
        if session_id is not None:
            self.sign_out(session_id)

    def sign_out_everywhere(self, user_id: int, besides: int | None = None) -> None:
        """End every session of a user but one."""
        ended = self.session.scalars(
            update(SignInSession)
            .where(
                SignInSession.user_id == user_id, SignInSession.revoked_at.is_(None), SignInSession.id != (besides or 0)
            )
            .values(revoked_at=self.clock.now())
            .returning(SignInSession.id)
            .execution_options(synchronize_session=False)
        ).all()
        for session_id in ended:
            self.announce(SignedOut(session_id))

    def sessions_of(self, user_id: int) -> Sequence[SignInSession]:
        """Return the sessions of a user that have not ended, newest first."""
        now = self.clock.now()
        idle_since = now - timedelta(minutes=self.settings["auth.idle_minutes"])
        query = select(SignInSession).where(
            SignInSession.user_id == user_id,
            SignInSession.revoked_at.is_(None),
            SignInSession.expires_at > now,
            or_(SignInSession.last_seen_at.is_(None), SignInSession.last_seen_at > idle_since),
        )
        return self.session.scalars(query.order_by(SignInSession.id.desc()).limit(MOST_SHOWN)).all()

    def _tokens(self, user_id: int, session_id: int, generation: int) -> dict[str, Any]:
        now = self.clock.now()
        minutes = self.settings["auth.access_minutes"]
        access = Claims(user_id, session_id, generation, after(now, minutes).timestamp())
        until = after(now, self.settings["auth.refresh_minutes"]).timestamp()
        return {
            "access_token": self.signer.sign(ACCESS, access),
            "refresh_token": self.signer.sign(REFRESH, Claims(user_id, session_id, generation, until)),
            "token_type": "Bearer",
            "expires_in": minutes * 60,
        }


class ApiTokenService:
    """Makes, lists and revokes tokens for programs: a user's own; staff see and revoke everybody's."""

    def __init__(self, session: Session, clock: Clock, announce: Announce, grantable: Grantable) -> None:
        self.session = session
        self.clock = clock
        self.announce = announce
        self.grantable = grantable

    def create(self, new: Mapping[str, Any], *, actor: Actor) -> tuple[ApiToken, str]:
        """Make a token with scopes that the actor may give; return it and its secret, which is shown only now.

        Raises `InvalidToken` for somebody whose account was closed, which this process may not have heard of yet.
        """
        unknown = sorted(set(new["scopes"]) - self.grantable.keys())
        if unknown:
            raise Invalid({"scopes": f"cannot be given to your tokens: {', '.join(unknown)}"})
        now = self.clock.now()
        if new["expires_at"] is not None and new["expires_at"] <= now:
            raise Invalid({"expires_at": "must be in the future"})
        # Locked: whoever closes the account comes before this, or after it and then revokes the token, too.
        is_active = select(User.is_active).where(User.id == actor.user_id).with_for_update(read=True)
        if not self.session.scalar(is_active):
            raise InvalidToken
        count = self.session.scalar(select(func.count()).where(ApiToken.user_id == actor.user_id)) or 0
        if count >= MOST_TOKENS:
            raise Invalid({"name": f"cannot be made: you have {MOST_TOKENS} tokens; revoke one first"})
        secret = new_api_token()
        token = ApiToken(
            user_id=actor.user_id,
            name=new["name"],
            token_hash=hash_token(secret),
            hint=secret[:8] + "...",
            scopes=sorted(set(new["scopes"])),
            created_at=now,
            expires_at=new["expires_at"],
        )
        self.session.add(token)
        self.session.flush()
        return token, secret

    def all(self, *, actor: Actor) -> Sequence[ApiToken]:
        """Return the actor's tokens, newest first."""
        return self.session.scalars(
            select(ApiToken).where(ApiToken.user_id == actor.user_id).order_by(ApiToken.id.desc())
        ).all()

    def find(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        """Return tokens with the names of their users, newest first: the actor's own; everybody's for staff."""
        query = select(ApiToken, User.username).join(User, User.id == ApiToken.user_id)
        owner = filters.get("user") if actor.is_staff else actor.user_id
        if owner is not None:
            query = query.where(ApiToken.user_id == owner)
        return fetch(self.session, query, _NEWEST_TOKEN, paging)

    def get(self, token_id: int, *, actor: Actor) -> AnyRow:
        """Return a token with the name of its user, as `find` does. Raises `NotFound`."""
        query = select(ApiToken, User.username).join(User, User.id == ApiToken.user_id)
        row = self.session.execute(query.where(ApiToken.id == token_id)).first()
        if row is None or not actor.owns(row.ApiToken.user_id):
            raise NotFound("There is no such token.")
        return row

    def revoke_all(self, user_id: int) -> None:
        """Delete every token of a user."""
        query = delete(ApiToken).where(ApiToken.user_id == user_id).returning(ApiToken.token_hash)
        for token_hash in self.session.scalars(query).all():
            self.announce(ApiTokenRevoked(token_hash))

    def revoke(self, token_id: int, *, actor: Actor, anybodys: bool = False) -> None:
        """Delete a token of the actor's, or `anybodys` where the actor is staff. Raises `NotFound`."""
        query = delete(ApiToken).where(ApiToken.id == token_id).returning(ApiToken.token_hash)
        if not (anybodys and actor.is_staff):
            query = query.where(ApiToken.user_id == actor.user_id)
        revoked = self.session.execute(query).scalar()
        if revoked is None:
            raise NotFound("There is no such token.")
        self.announce(ApiTokenRevoked(revoked))
