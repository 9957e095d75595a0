"""Ticket types in the admin UI: those of one's own events. New ones are made in the form of their event."""

from collections.abc import Collection, Mapping
from typing import Any

from turnout.admin.actions import action
from turnout.admin.panels import Share
from turnout.admin.sections import PROGRAMME, AdminSection, Column
from turnout.events.services import EventService
from turnout.paging import Paging, Slice
from turnout.security.actors import Actor
from turnout.ticket_types.schemas import TicketTypeFilters, TicketTypeInput, TicketTypeView
from turnout.ticket_types.services import TicketTypeService
from turnout.versions import Versioned


class TicketTypeSection(AdminSection):
    """What is sold for events."""

    name, title, singular = "ticket-types", "Ticket types", "ticket type"
    icon, group, order = "ticket", PROGRAMME, 20
    description = "What is sold for events, at which price. New ones are made where their event is edited."
    permissions = {"read": "events:read", "update": "events:update"}
    query, view, form = TicketTypeFilters, TicketTypeView, TicketTypeInput
    columns = (
        "name",
        Column("event.title", "Event", to="events", id="event_id"),
        "price",
        Column("places", "Places"),
        "sale_starts_at",
        "sale_ends_at",
    )
    facts = (
        Column("event.title", "Event", to="events", id="event_id"),
        "description",
        "price",
        "capacity",
        "seats_taken",
        "seats_available",
        "sale_starts_at",
        "sale_ends_at",
        "min_per_booking",
        "max_per_booking",
    )
    owned_by = "event.organizer_id"
    pickers = {"event": "events"}

    def __init__(self, ticket_types: TicketTypeService, events: EventService) -> None:
        self.ticket_types = ticket_types
        self.events = events

    def find(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        return self.ticket_types.find(filters, paging, actor=actor).shown(_listed)

    def get(self, row_id: int, *, actor: Actor) -> Versioned:
        return self.ticket_types.one(row_id, actor=actor)

    def label(self, row: Mapping[str, Any]) -> str:
        return f"{row['name']}: {row['event']['title']}"

    def update(
        self, row_id: int, values: Mapping[str, Any], *, actor: Actor, expected: Collection[int] | None = None
    ) -> None:
        event = self.events.locked(self.get(row_id, actor=actor)["event_id"], actor=actor)
        self.ticket_types.change(event, row_id, values, expected=expected)

    @action("Delete", permission="events:update", icon="trash", destructive=True, bulk=True)
    def delete(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> None:
        """Delete a ticket type that was never sold. The sale of one that was can be ended instead."""
        event = self.events.locked(self.get(row_id, actor=actor)["event_id"], actor=actor)
        self.ticket_types.remove(event, row_id, expected=expected)


def _listed(kind: Mapping[str, Any]) -> dict[str, Any]:
    """Return a ticket type as lists show it."""
    has_own = kind["seats_taken"] is not None
    return {**kind, "places": Share(kind["seats_taken"], kind["capacity"]) if has_own else "as the event"}
