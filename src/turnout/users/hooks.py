"""What happens to users."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Select

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
class UsersDeletionForeseen(DomainEvent):
    """Somebody wants to know what goes with users, before they are deleted: a subscriber says it with `say`.

    `user_ids` is the statement that gives their ids.
    """

    user_ids: Select[int]
    said: list[str] = field(default_factory=list)

    def say(self, sentence: str) -> None:
        """Say what else is deleted, or why nothing would be."""
        self.said.append(sentence)


@dataclass(frozen=True, slots=True)
class PasswordChanged(DomainEvent):
    """A user has a new password; whoever signed in with the old one should not stay."""

    user_id: int


@dataclass(frozen=True, slots=True)
class PasswordReset(DomainEvent):
    """Staff gave a user a new password, because the old one was lost or is in wrong hands; nothing made with it is good."""

    user_id: int
