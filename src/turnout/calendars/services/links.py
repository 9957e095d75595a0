"""Secret links for calendars, which can send no header: whoever has the link reads its user's bookings, and nothing else."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from turnout.auth.errors import InvalidToken
from turnout.auth.tokens import hash_token
from turnout.calendars.models import CalendarLink
from turnout.clock import Clock
from turnout.errors import NotFound
from turnout.security.actors import Actor
from turnout.users.models import User

PREFIX = "tnc_"
"""What makes the secrets recognisable to secret scanners."""
_INSERTS: Mapping[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


class CalendarLinks:
    """Makes and ends calendar links, and knows whose one is."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self.session = session
        self.clock = clock

    def make(self, *, actor: Actor) -> tuple[str, datetime]:
        """Make the actor's link and return its secret, which nobody is told again, and when it was made; the one before ends.

        Raises `InvalidToken` for somebody whose account was closed, which this process may not have heard of yet.
        """
        # Locked: whoever closes the account comes before this, or after it and then ends the link, too.
        is_active = select(User.is_active).where(User.id == actor.user_id).with_for_update(read=True)
        if not self.session.scalar(is_active):
            raise InvalidToken
        secret, now = PREFIX + secrets.token_urlsafe(32), self.clock.now()
        made = {"token_hash": hash_token(secret), "created_at": now}
        # Asked for twice at one moment, the last one is good.
        insert = _INSERTS[self.session.get_bind().dialect.name](CalendarLink)
        row = insert.values(user_id=actor.user_id, **made)
        self.session.execute(row.on_conflict_do_update(index_elements=["user_id"], set_=made))
        return secret, now

    def since(self, user_id: int | None) -> datetime | None:
        """Return since when a user has a link; None: there is none."""
        return self.session.scalar(select(CalendarLink.created_at).where(CalendarLink.user_id == user_id))

    def end(self, user_id: int | None) -> bool:
        """End a user's link; tell whether there was one."""
        query = delete(CalendarLink).where(CalendarLink.user_id == user_id).returning(CalendarLink.user_id)
        return self.session.execute(query).scalar() is not None

    def owner(self, secret: str) -> Actor:
        """Return whose link has this secret. Raises `NotFound`, also for a link that has ended, and one of a disabled user."""
        query = (
            select(User.id, User.is_organizer, User.is_staff, User.is_superuser)
            .join(CalendarLink, CalendarLink.user_id == User.id)
            .where(CalendarLink.token_hash == hash_token(secret), User.is_active)
        )
        row = self.session.execute(query).first()
        if row is None:
            raise NotFound("There is no such calendar.")
        roles = {name: getattr(row, name) for name in ("is_organizer", "is_staff", "is_superuser")}
        return Actor.of(row.id, **roles)
