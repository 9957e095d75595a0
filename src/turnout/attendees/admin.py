"""Attendees in the admin UI."""

from collections.abc import Collection, Mapping
from typing import Any

from turnout.admin.actions import action
from turnout.admin.sections import PEOPLE, AdminSection, Column
from turnout.attendees.models import Attendee
from turnout.attendees.schemas import AttendeeQuery, AttendeeView, NewAttendee
from turnout.attendees.services import AttendeeService, represent
from turnout.injection import Settings
from turnout.paging import Paging, Slice
from turnout.security.actors import Actor
from turnout.users.services import UserService
from turnout.versions import Versioned


class AttendeeSection(AdminSection):
    """Those who come, with or without an account; organizers read who has booked an event of theirs, and change themselves."""

    name, title, singular = "attendees", "Attendees", "attendee"
    icon, group, order = "users-group", PEOPLE, 10
    description = "Those who come, with an account or without. Whoever books for themselves is one from then on."
    permissions = {"read": "attendees:read", "create": "attendees:add", "update": "attendees:update"}
    query, view, form = AttendeeQuery, AttendeeView, NewAttendee
    columns = (
        Column("name", "Name"),
        "email",
        "phone",
        Column("account", "Account", to="users", id="user_id"),
        "created_at",
    )
    facts = (
        "first_name",
        "last_name",
        "email",
        "phone",
        "date_of_birth",
        Column("account", "Account", to="users", id="user_id"),
        "created_at",
        "updated_at",
    )
    owned_by = "user_id"

    def __init__(self, attendees: AttendeeService, users: UserService, settings: Settings) -> None:
        self.attendees = attendees
        self.users = users
        self.settings = settings

    def find(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        found = self.attendees.find(filters, paging, actor=actor, with_known=True)
        names = self.users.names(row.Attendee.user_id for row in found.rows)
        return found.shown(lambda row: _named(row.Attendee, names, actor))

    def get(self, row_id: int, *, actor: Actor) -> Versioned:
        attendee = self.attendees.get_known(row_id, actor=actor)
        return _named(attendee, self.users.names([attendee.user_id]), actor)

    def create(self, values: Mapping[str, Any], *, actor: Actor) -> int:
        return self.attendees.register(values, actor=actor).id

    def update(
        self, row_id: int, values: Mapping[str, Any], *, actor: Actor, expected: Collection[int] | None = None
    ) -> None:
        self.attendees.update(row_id, values, actor=actor, expected=expected)

    @action("Delete", permission="attendees:delete", icon="trash", destructive=True, bulk=True)
    def delete(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> None:
        """Delete what is known of somebody for whom there are no bookings, not even cancelled ones."""
        self.attendees.delete(row_id, actor=actor, expected=expected)

    @delete.consequences
    def foresee_delete(self, attendee: Mapping[str, Any], *, actor: Actor) -> list[str]:
        said = [
            "Their name, addresses and date of birth are deleted.",
            f"The audit log keeps what it has noted of them for {self.settings['audit.keep_days']} days.",
        ]
        return said if attendee["account"] is None else [*said, "Their account stays, and can book again."]


def _named(attendee: Attendee, names: Mapping[int, str], actor: Actor) -> Versioned:
    """Return the attendee with their full name, and with what their account is called; their birthday is not for organizers."""
    shown = represent(attendee)
    more = {
        "name": f"{attendee.first_name} {attendee.last_name}".strip(),
        "account": names.get(attendee.user_id or 0),
        "date_of_birth": attendee.date_of_birth if actor.owns(attendee.user_id) else None,
    }
    return Versioned(shown | more, shown.version)
