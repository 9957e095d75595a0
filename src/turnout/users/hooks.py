"""What happens to users."""

from collections.abc import Sequence
from dataclasses import dataclass

from turnout.hooks import DomainEvent


@dataclass(frozen=True, slots=True)
class UserRegistered(DomainEvent):
    """An account was made."""

    user_id: int


@dataclass(frozen=True, slots=True)
class RolesChanged(DomainEvent):
    """What somebody may do was changed, or whether they may do anything."""

    user_id: int


@dataclass(frozen=True, slots=True)
class UserDisabled(DomainEvent):
    """An account was switched off; nothing may be done in its name any more."""

    user_id: int


@dataclass(frozen=True, slots=True)
class UsersDeleting(DomainEvent):
    """Accounts are about to be deleted: whoever keeps something of theirs removes it now, or refuses."""

    user_ids: Sequence[int]


@dataclass(frozen=True, slots=True)
class PasswordChanged(DomainEvent):
    """A user has a new password; whoever signed in with the old one should not stay."""

    user_id: int
