"""Venues over REST."""

from typing import Any

from pyramid.request import Request

from turnout.api.etags import expected_versions
from turnout.api.pages import page, paging_of
from turnout.api.service import Service
from turnout.errors import Conflict, Denied, InUse, Invalid, NotFound, VersionMismatch
from turnout.venues import schemas
from turnout.venues.services import VenueService, represent

TAG = "Venues"

venues = Service("venues", "/venues", TAG)
venue = Service("venue", "/venues/{id}", TAG)
SERVICES = (venues, venue)

_REFUSES = (Invalid, Denied, NotFound, Conflict, VersionMismatch)


def _id(request: Request) -> int:
    return int(request.matchdict["id"])


@venues.get(permission="venues:read", query=schemas.VenueQuery, answer=schemas.VenuePage)
def list_venues(request: Request) -> dict[str, Any]:
    """List venues."""
    paging = paging_of(request)
    found = request.find_service(VenueService).find(request.validated["query"], paging)
    return page(request, found, lambda row: represent(row[0]))


@venues.post(
    permission="venues:create",
    body=schemas.NewVenue,
    answer=schemas.VenueView,
    status=201,
    location="/venues/{id}",
    refuses=(Invalid,),
)
def create_venue(request: Request) -> dict[str, Any]:
    """Make a venue; it belongs to whoever makes it."""
    return represent(request.find_service(VenueService).create(request.validated["body"], request.actor))


@venue.get(permission="venues:read", answer=schemas.VenueView, versioned=True, refuses=(NotFound,))
def read_venue(request: Request) -> dict[str, Any]:
    """Read a venue."""
    return represent(request.find_service(VenueService).get(_id(request)))


def _update(request: Request) -> dict[str, Any]:
    changed = request.find_service(VenueService).update(
        _id(request), request.validated["body"], actor=request.actor, expected=expected_versions(request)
    )
    return represent(changed)


@venue.put(
    permission="venues:update", body=schemas.NewVenue, answer=schemas.VenueView, versioned=True, refuses=_REFUSES
)
def replace_venue(request: Request) -> dict[str, Any]:
    """Replace a venue: for staff and whoever made it."""
    return _update(request)


@venue.patch(
    permission="venues:update",
    body=schemas.NewVenue,
    partial=True,
    answer=schemas.VenueView,
    versioned=True,
    refuses=_REFUSES,
)
def change_venue(request: Request) -> dict[str, Any]:
    """Change some of a venue: for staff and whoever made it."""
    return _update(request)


@venue.delete(permission="venues:delete", versioned=True, refuses=(Denied, NotFound, InUse, VersionMismatch))
def delete_venue(request: Request) -> None:
    """Delete a venue that has no events: for staff and whoever made it."""
    request.find_service(VenueService).delete(_id(request), actor=request.actor, expected=expected_versions(request))
