"""Ticket types over REST, below their event."""

from typing import Any

from pyramid.request import Request

from turnout.api.etags import expected_versions
from turnout.api.pages import page, paging_of
from turnout.api.service import Service
from turnout.errors import Denied, InUse, Invalid, NotFound, VersionMismatch
from turnout.events.services import EventCatalog, EventService
from turnout.paging import part_of
from turnout.pools.errors import CapacityBelowTaken
from turnout.ticket_types import schemas
from turnout.ticket_types.errors import LastTicketType, TicketTypeExists
from turnout.ticket_types.services import TicketTypeService
from turnout.versions import Versioned

TAG = "Ticket types"
UPDATE_REFUSES = (Invalid, Denied, NotFound, VersionMismatch, CapacityBelowTaken, TicketTypeExists)

ticket_types = Service("ticket-types", "/events/{id}/ticket-types", TAG)
ticket_type = Service("ticket-type", "/events/{id}/ticket-types/{type_id}", TAG)
SERVICES = (ticket_types, ticket_type)


def _event_of(request: Request) -> Any:
    return request.find_service(EventService).locked(int(request.matchdict["id"]), actor=request.actor)


@ticket_types.get(
    permission="events:read", query=schemas.TicketTypeQuery, answer=schemas.TicketTypePage, refuses=(NotFound,)
)
def list_ticket_types(request: Request) -> dict[str, Any]:
    """List what is sold for an event."""
    shown = request.find_service(EventCatalog).availability(int(request.matchdict["id"]), actor=request.actor)
    return page(request, part_of(shown["ticket_types"], paging_of(request)))


@ticket_types.post(
    permission="events:update",
    body=schemas.TicketTypeInput,
    answer=schemas.TicketTypeView,
    status=201,
    versioned=True,
    location="/events/{event_id}/ticket-types/{id}",
    refuses=(Invalid, Denied, NotFound, TicketTypeExists),
)
def add_ticket_type(request: Request) -> Versioned:
    """Add a ticket type."""
    event, service = _event_of(request), request.find_service(TicketTypeService)
    return service.view(event.id, service.add(event, request.validated["body"]).id)


@ticket_type.get(permission="events:read", answer=schemas.TicketTypeView, versioned=True, refuses=(NotFound,))
def read_ticket_type(request: Request) -> Versioned:
    """Read a ticket type."""
    shown = request.find_service(EventCatalog).get(int(request.matchdict["id"]), actor=request.actor)
    return request.find_service(TicketTypeService).view(shown["id"], int(request.matchdict["type_id"]))


def _update(request: Request) -> Versioned:
    event, service = _event_of(request), request.find_service(TicketTypeService)
    changed = service.change(
        event, int(request.matchdict["type_id"]), request.validated["body"], expected=expected_versions(request)
    )
    return service.view(event.id, changed.id)


@ticket_type.put(
    permission="events:update",
    body=schemas.TicketTypeInput,
    answer=schemas.TicketTypeView,
    versioned=True,
    refuses=UPDATE_REFUSES,
)
def replace_ticket_type(request: Request) -> Versioned:
    """Replace a ticket type; tickets that were sold keep their price."""
    return _update(request)


@ticket_type.patch(
    permission="events:update",
    body=schemas.TicketTypeInput,
    partial=True,
    answer=schemas.TicketTypeView,
    versioned=True,
    refuses=UPDATE_REFUSES,
)
def change_ticket_type(request: Request) -> Versioned:
    """Change some of a ticket type; tickets that were sold keep their price."""
    return _update(request)


@ticket_type.delete(
    permission="events:update", versioned=True, refuses=(Denied, NotFound, InUse, LastTicketType, VersionMismatch)
)
def remove_ticket_type(request: Request) -> None:
    """Remove a ticket type that was never sold."""
    event, service = _event_of(request), request.find_service(TicketTypeService)
    service.remove(event, int(request.matchdict["type_id"]), expected=expected_versions(request))
