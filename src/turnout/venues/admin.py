"""Venues in the admin UI."""

from collections.abc import Collection, Mapping
from typing import Any

from turnout.admin.actions import action
from turnout.admin.sections import PROGRAMME, AdminSection, Column
from turnout.paging import Paging, Slice
from turnout.security.actors import Actor
from turnout.venues.schemas import NewVenue, VenueQuery, VenueView
from turnout.venues.services import VenueService, represent
from turnout.versions import Versioned


class VenueSection(AdminSection):
    """The places where events are held."""

    name, title, singular = "venues", "Venues", "venue"
    icon, group, order = "building", PROGRAMME, 30
    description = "Where events are held. An event cannot sell more places than its venue has."
    permissions = {"read": "venues:read", "create": "venues:create", "update": "venues:update"}
    query, view, form = VenueQuery, VenueView, NewVenue
    columns = ("name", "city", "country", "capacity", "timezone")
    facts = (
        "address",
        "city",
        "country",
        "capacity",
        "facilities",
        "timezone",
        Column("created_by_id", to="users"),
        "created_at",
        "updated_at",
    )
    owned_by = "created_by_id"

    def __init__(self, venues: VenueService) -> None:
        self.venues = venues

    def find(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        return self.venues.find(filters, paging).shown(lambda row: represent(row.Venue))

    def get(self, row_id: int, *, actor: Actor) -> Versioned:
        return represent(self.venues.get(row_id))

    def create(self, values: Mapping[str, Any], *, actor: Actor) -> int:
        return self.venues.create(values, actor).id

    def update(
        self, row_id: int, values: Mapping[str, Any], *, actor: Actor, expected: Collection[int] | None = None
    ) -> None:
        self.venues.update(row_id, values, actor=actor, expected=expected)

    @action("Delete", permission="venues:delete", icon="trash", destructive=True, bulk=True)
    def delete(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> None:
        """Delete a venue at which there are no events."""
        self.venues.delete(row_id, actor=actor, expected=expected)
