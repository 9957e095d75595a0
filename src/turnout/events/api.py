"""Events over REST."""

from collections.abc import Callable
from typing import Any

from pyramid.request import Request

from turnout.api.etags import expected_versions
from turnout.api.pages import page, paging_of
from turnout.api.service import Service
from turnout.errors import Denied, InUse, Invalid, NotFound, VersionMismatch
from turnout.events import schemas
from turnout.events.errors import CapacityAboveVenue, WrongEventStatus
from turnout.events.models import Event
from turnout.events.services import EventCatalog, EventService
from turnout.pools.errors import CapacityBelowTaken
from turnout.ticket_types.errors import TicketTypeExists

TAG = "Events"
UPDATE_REFUSES = (Invalid, Denied, NotFound, VersionMismatch, CapacityBelowTaken, CapacityAboveVenue)
TRANSITION_REFUSES = (Denied, NotFound, VersionMismatch, WrongEventStatus)

events = Service("events", "/events", TAG)
event = Service("event", "/events/{id}", TAG)
publish = Service("event-publish", "/events/{id}/publish", TAG)
postpone = Service("event-postpone", "/events/{id}/postpone", TAG)
cancel = Service("event-cancel", "/events/{id}/cancel", TAG)
archive = Service("event-archive", "/events/{id}/archive", TAG)
availability = Service("event-availability", "/events/{id}/availability", TAG)
SERVICES = (events, event, publish, postpone, cancel, archive, availability)


def event_id(request: Request) -> int:
    """Return the id in the path."""
    return int(request.matchdict["id"])


def _show(request: Request, changed: Event) -> dict[str, Any]:
    return request.find_service(EventCatalog).get(changed.id, actor=request.actor)


@events.get(permission="events:read", query=schemas.EventQuery, answer=schemas.EventPage)
def list_events(request: Request) -> dict[str, Any]:
    """Find events."""
    paging = paging_of(request)
    return page(
        request, request.find_service(EventCatalog).find(request.validated["query"], paging, actor=request.actor)
    )


@events.post(
    permission="events:create",
    body=schemas.NewEvent,
    answer=schemas.EventView,
    status=201,
    location="/events/{id}",
    versioned=True,
    refuses=(Invalid, CapacityAboveVenue, TicketTypeExists),
)
def create_event(request: Request) -> dict[str, Any]:
    """Make an event, a draft unless said otherwise."""
    return _show(request, request.find_service(EventService).create(request.validated["body"], actor=request.actor))


@event.get(permission="events:read", answer=schemas.EventView, versioned=True, refuses=(NotFound,))
def read_event(request: Request) -> dict[str, Any]:
    """Read an event."""
    return request.find_service(EventCatalog).get(event_id(request), actor=request.actor)


def _update(request: Request) -> dict[str, Any]:
    changed = request.find_service(EventService).update(
        event_id(request), request.validated["body"], actor=request.actor, expected=expected_versions(request)
    )
    return _show(request, changed)


@event.put(
    permission="events:update",
    body=schemas.EventUpdate,
    answer=schemas.EventView,
    versioned=True,
    refuses=UPDATE_REFUSES,
)
def replace_event(request: Request) -> dict[str, Any]:
    """Replace what is said of an event."""
    return _update(request)


@event.patch(
    permission="events:update",
    body=schemas.EventUpdate,
    partial=True,
    answer=schemas.EventView,
    versioned=True,
    refuses=UPDATE_REFUSES,
)
def change_event(request: Request) -> dict[str, Any]:
    """Change some of what is said of an event."""
    return _update(request)


@event.delete(permission="events:delete", versioned=True, refuses=(Denied, NotFound, InUse, VersionMismatch))
def delete_event(request: Request) -> None:
    """Delete an event that nobody ever booked."""
    request.find_service(EventService).delete(
        event_id(request), actor=request.actor, expected=expected_versions(request)
    )


def _go(request: Request, transition: Callable[..., Event]) -> dict[str, Any]:
    return _show(request, transition(event_id(request), actor=request.actor, expected=expected_versions(request)))


@publish.post(permission="events:publish", answer=schemas.EventView, versioned=True, refuses=TRANSITION_REFUSES)
def publish_event(request: Request) -> dict[str, Any]:
    """Let an event be seen and booked."""
    return _go(request, request.find_service(EventService).publish)


@postpone.post(permission="events:publish", answer=schemas.EventView, versioned=True, refuses=TRANSITION_REFUSES)
def postpone_event(request: Request) -> dict[str, Any]:
    """Stop the sale until there is a new date; publish it again then."""
    return _go(request, request.find_service(EventService).postpone)


@cancel.post(permission="events:publish", answer=schemas.EventView, versioned=True, refuses=TRANSITION_REFUSES)
def cancel_event(request: Request) -> dict[str, Any]:
    """Call an event off. Its bookings stay, saying whom to tell and what to refund."""
    return _go(request, request.find_service(EventService).cancel)


@archive.post(permission="events:publish", answer=schemas.EventView, versioned=True, refuses=TRANSITION_REFUSES)
def archive_event(request: Request) -> dict[str, Any]:
    """Put an event away."""
    return _go(request, request.find_service(EventService).archive)


@availability.get(permission="events:read", answer=schemas.Availability, max_age=1, refuses=(NotFound,))
def read_availability(request: Request) -> dict[str, Any]:
    """Read how many places are left, from the counters that bookings claim from."""
    return request.find_service(EventCatalog).availability(event_id(request), actor=request.actor)
