"""Users in the admin UI: who they are, what they may do, and when they may do nothing any more."""

from collections.abc import Collection, Mapping
from typing import Any

from turnout.admin.actions import ALL, Done, action
from turnout.admin.sections import PEOPLE, AdminSection
from turnout.paging import Paging, Slice
from turnout.security.actors import Actor
from turnout.users.schemas import ROLES, BulkDelete, NewMember, UserQuery, UserRow
from turnout.users.services import UserService
from turnout.versions import Versioned


class UserSection(AdminSection):
    """Accounts, for staff."""

    name, title, singular = "users", "Users", "user"
    icon, group, order = "users", PEOPLE, 20
    description = "Whoever has an account. What members of staff may do is changed by superusers alone."
    permissions = {"read": "users:list"}
    query, view = UserQuery, UserRow
    columns = ("username", "name", "email", "roles", "is_active", "created_at")
    facts = (
        "name",
        "email",
        "roles",
        "is_active",
        "phone",
        "address",
        "bio",
        "picture_url",
        "created_at",
        "updated_at",
    )
    label_by = "username"

    def __init__(self, users: UserService) -> None:
        self.users = users

    def find(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        return self.users.find(filters, paging).shown(lambda row: self._shown(row.User))

    def get(self, row_id: int, *, actor: Actor) -> Versioned:
        return self._shown(self.users.get(row_id, actor=actor))

    def _shown(self, user: Any) -> Versioned:
        shown = self.users.represent(user)
        more = {
            "name": f"{user.first_name} {user.last_name}".strip(),
            "roles": [role for role, member in ROLES.items() if shown[member]],
        }
        return Versioned(shown | more, shown.version)

    def may_change(self, row: Mapping[str, Any], actor: Actor) -> bool:
        is_staff = row["is_staff"] or row["is_superuser"]
        return row["id"] != actor.user_id and actor.is_staff and (actor.is_superuser or not is_staff)

    def _set(self, row_id: int, actor: Actor, expected: Collection[int] | None, **roles: bool) -> None:
        self.users.set_roles(row_id, roles, actor=actor, expected=expected)

    @action(
        "Make organizer",
        permission="users:manage",
        icon="user-plus",
        bulk=True,
        when=lambda user: not user["is_organizer"],
    )
    def make_organizer(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> None:
        """Let a user make events and sell places."""
        self._set(row_id, actor, expected, is_organizer=True)

    @action(
        "Refuse to be organizer",
        permission="users:manage",
        icon="user-minus",
        when=lambda user: user["wants_to_organize"] and not user["is_organizer"],
    )
    def refuse_organizer(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> None:
        """Leave a user who asked to make events as they are."""
        self._set(row_id, actor, expected, is_organizer=False)

    @action(
        "Take organizer away",
        permission="users:manage",
        icon="user-minus",
        destructive=True,
        when=lambda user: user["is_organizer"],
    )
    def take_organizer(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> None:
        """Let a user make no events any more."""
        self._set(row_id, actor, expected, is_organizer=False)

    @take_organizer.consequences
    def foresee_take_organizer(self, user: Mapping[str, Any], *, actor: Actor) -> list[str]:
        return [
            "They make no more events and cannot enter the admin.",
            "Their events stay as they are, on sale or not; staff look after them.",
        ]

    @action(
        "Disable",
        permission="users:manage",
        icon="user-off",
        destructive=True,
        bulk=True,
        when=lambda u: u["is_active"],
    )
    def disable(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> None:
        """Close an account; it can be opened again."""
        self._set(row_id, actor, expected, is_active=False)

    @disable.consequences
    def foresee_disable(self, user: Mapping[str, Any], *, actor: Actor) -> list[str]:
        return [
            "They are signed out everywhere at once, and cannot sign in.",
            "Their API tokens are revoked for good.",
            "Their bookings and their events stay as they are.",
        ]

    @action("Enable", permission="users:manage", icon="user-check", bulk=True, when=lambda user: not user["is_active"])
    def enable(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> None:
        """Open an account again that was closed."""
        self._set(row_id, actor, expected, is_active=True)

    @action("Reset password", permission="users:manage", icon="key", destructive=True, when=lambda u: u["is_active"])
    def reset_password(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> Done:
        """Give a user who cannot get in any more a new password. Make sure that it is they who ask."""
        password = self.users.reset_password(row_id, actor=actor, expected=expected)
        return Done(
            "This is the new password. Hand it over in person or by telephone; they change it when they are in.",
            password,
        )

    @reset_password.consequences
    def foresee_reset_password(self, user: Mapping[str, Any], *, actor: Actor) -> list[str]:
        return [
            "The old password is good no more.",
            "They are signed out everywhere, and their API tokens are revoked, whoever has them.",
            "The new password is made at random and shown to you once.",
        ]

    @action(
        "Make staff",
        permission="users:create_staff",
        icon="shield",
        when=lambda user: not user["is_staff"] and user["is_active"],
    )
    def make_staff(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> None:
        """Let a user see and manage everything."""
        self._set(row_id, actor, expected, is_staff=True)

    @make_staff.consequences
    def foresee_make_staff(self, user: Mapping[str, Any], *, actor: Actor) -> list[str]:
        return ["They see all events, bookings and people, and change all of them but other members of staff."]

    @action(
        "Take staff away",
        permission="users:create_staff",
        icon="shield",
        destructive=True,
        when=lambda user: user["is_staff"] and not user["is_superuser"],
    )
    def take_staff(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> None:
        """Let a member of staff be a user as others are."""
        self._set(row_id, actor, expected, is_staff=False)

    @take_staff.consequences
    def foresee_take_staff(self, user: Mapping[str, Any], *, actor: Actor) -> list[str]:
        return ["They see and change nothing any more but what is their own."]

    @action("New member of staff", permission="users:create_staff", icon="user-plus", scope=ALL, form=NewMember)
    def create_staff(self, values: Mapping[str, Any], *, actor: Actor) -> Done:
        """Make an account for somebody who is to work here. Their password is made at random, and shown to you once."""
        user, password = self.users.create_member(values, actor=actor)
        return Done(
            f"This is the first password of {user.username}. Hand it over; they change it when they are in.",
            password,
            made=user.id,
        )

    @action("Delete by prefix", permission="users:delete", icon="trash", scope=ALL, form=BulkDelete, destructive=True)
    def delete_by_prefix(self, values: Mapping[str, Any], *, actor: Actor) -> Done:
        """Delete all users whose usernames begin alike, such as those of a test; never members of staff."""
        deleted = self.users.bulk_delete(values["prefix"])
        names = [f"{name} ({row_id})" for row_id, name in deleted.items()]
        return Done(f"{len(deleted)} users were deleted.", gone=names)

    @delete_by_prefix.consequences
    def foresee_delete_by_prefix(self, values: Mapping[str, Any], *, actor: Actor) -> list[str]:
        return self.users.foresee_bulk_delete(values["prefix"])
