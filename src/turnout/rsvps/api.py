"""Answers to invitations over REST."""

from typing import Any

from pyramid.request import Request

from turnout.api.service import Service
from turnout.bookings.errors import DuplicateBooking, HoldExpired, NotOnSale, TicketsUsed
from turnout.errors import Conflict, NotFound
from turnout.pools.errors import SoldOut
from turnout.rsvps import schemas
from turnout.rsvps.services import RsvpService

rsvp = Service("rsvp", "/events/{id}/rsvp", "Bookings")
SERVICES = (rsvp,)


@rsvp.post(
    permission="rsvps:create",
    body=schemas.RsvpInput,
    answer=schemas.RsvpView,
    refuses=(NotFound, Conflict, SoldOut, DuplicateBooking, NotOnSale, HoldExpired, TicketsUsed),
)
def answer_invitation(request: Request) -> dict[str, Any]:
    """Say whether one is going (books a place), interested (follows without one) or not coming."""
    service, event_id = request.find_service(RsvpService), int(request.matchdict["id"])
    status, booking = request.validated["body"]["status"], None
    if status == schemas.GOING:
        booking = service.go(event_id, actor=request.actor)
    elif status == schemas.INTERESTED:
        service.follow(event_id, actor=request.actor)
    else:
        service.decline(event_id, actor=request.actor)
    return {"event_id": event_id, "status": status, "booking": booking}
