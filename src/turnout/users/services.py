"""What can be done with users."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, delete, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from turnout.clock import Clock
from turnout.errors import Denied, Invalid, NotFound
from turnout.filters import begins
from turnout.images.services import ImageAddresses
from turnout.injection import Announce, Settings
from turnout.paging import Ordering, Paging, Slice, fetch
from turnout.security.actors import SYSTEM, Actor
from turnout.security.passwords import hash_password, new_password, verify_password, weakness
from turnout.users.errors import UserTaken
from turnout.users.hooks import (
    PasswordChanged,
    PasswordReset,
    RolesChanged,
    UserDisabled,
    UserRegistered,
    UsersDeleting,
    UsersDeletionForeseen,
)
from turnout.users.models import User
from turnout.versions import Versioned, require_version

BATCH = 1_000
"""Users that are deleted by one statement."""


class UserService:
    """Registers users, changes their profiles and roles, and deletes them."""

    def __init__(
        self, session: Session, clock: Clock, announce: Announce, settings: Settings, images: ImageAddresses
    ) -> None:
        self.session = session
        self.clock = clock
        self.announce = announce
        self.settings = settings
        self.images = images

    def represent(self, user: User) -> Versioned:
        """Return what the user and staff see."""
        return Versioned(
            {
                "id": user.id,
                "username": user.username,
                "email": user.email,
                "first_name": user.first_name,
                "last_name": user.last_name,
                "phone": user.phone,
                "address": user.address,
                "bio": user.bio,
                "picture_url": self.images.address(user.picture_url),
                "preferences": user.preferences,
                "is_organizer": user.is_organizer,
                "wants_to_organize": user.wants_to_organize,
                "is_staff": user.is_staff,
                "is_superuser": user.is_superuser,
                "is_active": user.is_active,
                "created_at": user.created_at,
                "updated_at": user.updated_at,
            },
            user.version,
        )

    def pictures_among(self, paths: Collection[str]) -> Sequence[str]:
        """Return those of these images that users show."""
        shown = select(User.picture_url).where(User.picture_url.in_(paths)).distinct()
        return [path for path in self.session.scalars(shown) if path is not None]

    def register(self, new: Mapping[str, Any]) -> User:
        """Make an account. Raises `Invalid` for a weak password, `UserTaken` for a name or address in use."""
        wishes = dict(new)
        wants = wishes.pop("is_organizer", False)
        at_once = wants and self.settings["users.organizer_signup"] == "open"
        return self._add(wishes, is_organizer=at_once, wants_to_organize=wants and not at_once)

    def create_staff(self, new: Mapping[str, Any], *, actor: Actor) -> User:
        """Make a member of staff, or a superuser. Raises `Denied` unless a superuser asks."""
        if not actor.is_superuser:
            raise Denied("Only superusers make members of staff.")
        return self._add(dict(new), is_staff=True)

    def create_member(self, new: Mapping[str, Any], *, actor: Actor) -> tuple[User, str]:
        """Do the same with a password made at random; return it, too."""
        password = new_password()
        return self.create_staff({**new, "password": password}, actor=actor), password

    def create(
        self, new: Mapping[str, Any], *, actor: Actor, roles: Mapping[str, bool], password_hash: str | None = None
    ) -> User:
        """Make an account with any roles, for the installation itself. Raises `Denied` for everybody else.

        `password_hash` takes the place of a password, and no rule looks at what it was made from.
        """
        if actor is not SYSTEM:
            raise Denied("Only the installation itself makes accounts with any roles.")
        return self._add(dict(new), password_hash, **roles)

    def _add(self, values: dict[str, Any], password_hash: str | None = None, **roles: bool) -> User:
        if password_hash is None:
            password = values.pop("password")
            weak = weakness(password, username=values["username"], email=values["email"])
            if weak:
                raise Invalid({"password": weak})
            password_hash = hash_password(password)
        self._refuse_taken(values["username"], values["email"])
        values["picture_url"] = self.images.refer(values.get("picture_url"))
        now = self.clock.now()
        user = User(**values | roles, password_hash=password_hash, created_at=now, updated_at=now)
        self.session.add(user)
        self._flush()
        self.announce(UserRegistered(user.id))
        return user

    def _refuse_taken(self, username: str | None, email: str, besides: int | None = None) -> None:
        taken = {}
        for field, column, value in (("username", User.username, username), ("email", User.email, email)):
            if value is None:
                continue
            query = select(User.id).where(func.lower(column) == value.lower(), User.id != (besides or 0))
            if self.session.scalar(query):
                taken[field] = "is taken"
        if taken:
            names = " and ".join(taken)
            raise UserTaken(
                f"Somebody has this {names} already.", errors=[{"field": k, "message": v} for k, v in taken.items()]
            )

    def _flush(self) -> None:
        try:
            self.session.flush()
        except IntegrityError:
            # Two registrations at the same moment; the unique index decided.
            raise UserTaken("Somebody has this username or email address already.") from None

    def get(self, user_id: int, *, actor: Actor) -> User:
        """Return a user. Raises `NotFound` for one that is not the actor's to see."""
        user = self.session.get(User, user_id) if actor.owns(user_id) else None
        if user is None:
            raise NotFound("There is no such user.")
        return user

    def names(self, user_ids: Iterable[int | None]) -> dict[int, str]:
        """Return the usernames of these users, by id."""
        wanted = {user_id for user_id in user_ids if user_id is not None}
        if not wanted:
            return {}
        found = self.session.execute(select(User.id, User.username).where(User.id.in_(wanted)))
        return {row.id: row.username for row in found}

    def find(self, filters: Mapping[str, Any], paging: Paging) -> Slice:
        """Return users in the order in which they registered."""
        query = select(User)
        if filters.get("search"):
            query = query.where(or_(begins(User.username, filters["search"]), begins(User.email, filters["search"])))
        for name in ("is_organizer", "wants_to_organize", "is_staff", "is_active"):
            if filters.get(name) is not None:
                query = query.where(getattr(User, name) == filters[name])
        return fetch(self.session, query, Ordering("id", User.id, User.id), paging)

    def update(
        self, user_id: int, changes: Mapping[str, Any], *, actor: Actor, expected: Collection[int] | None = None
    ) -> User:
        """Change a profile. A new password or email address needs the current password."""
        user = self.get(user_id, actor=actor)
        require_version(user.version, expected)
        changes = dict(changes)
        proof = changes.pop("current_password", None)
        password = changes.pop("password", None)
        email = changes.get("email", user.email)
        if (password is not None or email.lower() != user.email.lower()) and actor is not SYSTEM:
            if proof is None:
                raise Invalid({"current_password": "is required to change the password or the email address"})
            if not verify_password(proof, user.password_hash):
                raise Invalid({"current_password": "is not your password"})
        if email.lower() != user.email.lower():
            self._refuse_taken(None, email, besides=user.id)
        if password is not None:
            weak = weakness(password, username=user.username, email=email)
            if weak:
                raise Invalid({"password": weak})
            user.password_hash = hash_password(password)
        if "picture_url" in changes:
            changes["picture_url"] = self.images.refer(changes["picture_url"])
        for name, value in changes.items():
            setattr(user, name, value)
        user.updated_at = self.clock.now()
        self._flush()
        if password is not None:
            self.announce(PasswordChanged(user.id))
        return user

    def set_roles(
        self, user_id: int, roles: Mapping[str, bool], *, actor: Actor, expected: Collection[int] | None = None
    ) -> User:
        """Grant or take roles, or disable an account. Raises `Denied` for what the actor may not change."""
        user = self._somebody_else(user_id, actor, expected)
        if not actor.is_superuser and "is_staff" in roles:
            raise Denied("Only superusers change members of staff.")
        was_active = user.is_active
        for name, value in roles.items():
            setattr(user, name, value)
        if roles.get("is_organizer") is not None:
            user.wants_to_organize = False
        user.updated_at = self.clock.now()
        self.session.flush()
        self.announce(RolesChanged(user.id))
        if was_active and not user.is_active:
            self.announce(UserDisabled(user.id))
        return user

    def _somebody_else(self, user_id: int, actor: Actor, expected: Collection[int] | None) -> User:
        """Return a user whom the actor manages. Raises `NotFound`, `VersionMismatch`, `Denied`."""
        user = self.get(user_id, actor=actor)
        require_version(user.version, expected)
        if user.id == actor.user_id:
            raise Denied("Nobody changes their own roles.")
        if not actor.is_superuser and (user.is_staff or user.is_superuser):
            raise Denied("Only superusers change members of staff.")
        return user

    def reset_password(self, user_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> str:
        """Give somebody else a new password, made at random, and return it; all that was signed in or made with the old one ends.

        Raises `NotFound`, `VersionMismatch`, and `Denied` for what the actor may not change.
        """
        if not actor.is_staff:
            raise Denied("Only staff reset passwords.")
        user = self._somebody_else(user_id, actor, expected)
        password = new_password()
        user.password_hash = hash_password(password)
        user.updated_at = self.clock.now()
        self.session.flush()
        self.announce(PasswordReset(user.id))
        return password

    def bulk_delete(self, prefix: str) -> dict[int, str]:
        """Delete the users whose names begin with `prefix`, never staff; return their names by their ids.

        Raises what a feature that keeps something of theirs raises, deleting nobody then.
        """
        # Locked: who books in the name of one of them at this moment waits, and then finds nobody.
        query = _named_alike(prefix).add_columns(User.username).order_by(User.id).with_for_update()
        names = {row.id: row.username for row in self.session.execute(query)}
        user_ids = list(names)
        for start in range(0, len(user_ids), BATCH):
            batch = user_ids[start : start + BATCH]
            self.announce(UsersDeleting(batch))
            self.session.execute(delete(User).where(User.id.in_(batch)))
        return names

    def foresee_bulk_delete(self, prefix: str) -> list[str]:
        """Return in words what would be deleted."""
        users = _named_alike(prefix)
        count = self.session.scalar(select(func.count()).select_from(users.subquery())) or 0
        foreseen = UsersDeletionForeseen(users)
        if count:
            self.announce(foreseen)
        users_are = "1 user is" if count == 1 else f"{count} users are"
        return [f"{users_are} deleted, whose usernames begin with “{prefix}”, and no member of staff.", *foreseen.said]


def _named_alike(prefix: str) -> Select[int]:
    """Return the statement for users whose names begin with `prefix`, never staff."""
    return select(User.id).where(begins(User.username, prefix), User.is_staff.is_(False), User.is_superuser.is_(False))
