"""The one who asks: a person or program, with what it may be trusted with."""

from dataclasses import dataclass
from typing import Self

ANYONE, USER, ORGANIZER, STAFF, SUPERUSER = "anyone", "user", "organizer", "staff", "superuser"
ROLES = (ANYONE, USER, ORGANIZER, STAFF, SUPERUSER)


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever makes a request. `scopes` limits a personal token to these permissions; None is no limit."""

    user_id: int | None = None
    roles: frozenset[str] = frozenset({ANYONE})
    session_id: int | None = None
    scopes: frozenset[str] | None = None

    @classmethod
    def of(
        cls,
        user_id: int,
        *,
        is_organizer: bool = False,
        is_staff: bool = False,
        is_superuser: bool = False,
        session_id: int | None = None,
        scopes: frozenset[str] | None = None,
    ) -> Self:
        """Return the actor for a user; staff may do what organizers may, superusers what staff may."""
        roles = {ANYONE, USER}
        if is_organizer:
            roles.add(ORGANIZER)
        if is_staff or is_superuser:
            roles |= {ORGANIZER, STAFF}
        if is_superuser:
            roles.add(SUPERUSER)
        return cls(user_id, frozenset(roles), session_id, scopes)

    @property
    def is_signed_in(self) -> bool:
        """Tell whether it is known who this is."""
        return self.user_id is not None

    @property
    def is_staff(self) -> bool:
        """Tell whether this is a member of staff."""
        return STAFF in self.roles

    @property
    def is_superuser(self) -> bool:
        """Tell whether this is a superuser."""
        return SUPERUSER in self.roles

    def owns(self, user_id: int | None) -> bool:
        """Tell whether what belongs to `user_id` is in this actor's hands: its own, or anybody's for staff."""
        return self.is_staff or (self.user_id is not None and self.user_id == user_id)


NOBODY = Actor()
SYSTEM = Actor(None, frozenset(ROLES))
"""The installation itself: the command line and background work."""
