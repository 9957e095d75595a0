"""Attendees over REST."""

from typing import Any

from pyramid.request import Request

from turnout.api.etags import expected_versions
from turnout.api.pages import page, paging_of
from turnout.api.service import Service
from turnout.attendees import schemas
from turnout.attendees.errors import AttendeeExists
from turnout.attendees.services import AttendeeService, represent
from turnout.errors import InUse, Invalid, NotFound, VersionMismatch

TAG = "Attendees"

attendees = Service("attendees", "/attendees", TAG)
attendee = Service("attendee", "/attendees/{id}", TAG)
SERVICES = (attendees, attendee)

_REFUSES = (Invalid, NotFound, AttendeeExists, VersionMismatch)


def _id(request: Request) -> int:
    return int(request.matchdict["id"])


@attendees.get(permission="attendees:read", query=schemas.AttendeeQuery, answer=schemas.AttendeePage)
def list_attendees(request: Request) -> dict[str, Any]:
    """List attendees: one's own, or all for staff."""
    paging = paging_of(request)
    found = request.find_service(AttendeeService).find(request.validated["query"], paging, actor=request.actor)
    return page(request, found, lambda row: represent(row[0]))


@attendees.post(
    permission="attendees:register",
    body=schemas.NewAttendee,
    answer=schemas.AttendeeView,
    status=201,
    location="/attendees/{id}",
    refuses=(Invalid, AttendeeExists),
)
def register_attendee(request: Request) -> dict[str, Any]:
    """Register an attendee; with one's own email address, when signed in, oneself."""
    return represent(request.find_service(AttendeeService).register(request.validated["body"], actor=request.actor))


@attendee.get(permission="attendees:read", answer=schemas.AttendeeView, versioned=True, refuses=(NotFound,))
def read_attendee(request: Request) -> dict[str, Any]:
    """Read an attendee: oneself, or anybody for staff."""
    return represent(request.find_service(AttendeeService).get(_id(request), request.actor))


def _update(request: Request) -> dict[str, Any]:
    changed = request.find_service(AttendeeService).update(
        _id(request), request.validated["body"], actor=request.actor, expected=expected_versions(request)
    )
    return represent(changed)


@attendee.put(
    permission="attendees:update",
    body=schemas.NewAttendee,
    answer=schemas.AttendeeView,
    versioned=True,
    refuses=_REFUSES,
)
def replace_attendee(request: Request) -> dict[str, Any]:
    """Replace what is known of an attendee: oneself, or anybody for staff."""
    return _update(request)


@attendee.patch(
    permission="attendees:update",
    body=schemas.NewAttendee,
    partial=True,
    answer=schemas.AttendeeView,
    versioned=True,
    refuses=_REFUSES,
)
def change_attendee(request: Request) -> dict[str, Any]:
    """Change some of what is known of an attendee: oneself, or anybody for staff."""
    return _update(request)


@attendee.delete(permission="attendees:delete", versioned=True, refuses=(NotFound, InUse, VersionMismatch))
def delete_attendee(request: Request) -> None:
    """Delete an attendee who has no bookings: oneself, or anybody for staff."""
    request.find_service(AttendeeService).delete(_id(request), actor=request.actor, expected=expected_versions(request))
