"""Check-ins over REST, for scanners and the page of the door."""

from typing import Any

from pyramid.request import Request

from turnout.api.pages import page, paging_of
from turnout.api.service import Service
from turnout.check_ins import schemas
from turnout.check_ins.errors import AlreadyCheckedIn
from turnout.check_ins.services import CheckInService
from turnout.errors import Denied, Invalid, NotFound
from turnout.events.errors import WrongEventStatus
from turnout.tickets.errors import NotConfirmed, TicketCancelled

TAG = "Check-ins"

check_ins = Service("check-ins", "/events/{id}/check-ins", TAG)
of_ticket = Service("check-in", "/events/{id}/check-ins/{ticket_id}", TAG)
SERVICES = (check_ins, of_ticket)


def _id(request: Request) -> int:
    return int(request.matchdict["id"])


@check_ins.get(
    permission="check_ins:read", query=schemas.CheckInQuery, answer=schemas.CheckInPage, refuses=(Denied, NotFound)
)
def list_check_ins(request: Request) -> dict[str, Any]:
    """List who is expected at an event and who is in, with counts, for its organizer and staff."""
    paging = paging_of(request)
    service, filters = request.find_service(CheckInService), request.validated["query"]
    found, counts = service.find(_id(request), filters, paging, actor=request.actor)
    return page(request, found) | {"counts": counts}


@check_ins.post(
    permission="check_ins:create",
    body=schemas.NewCheckIn,
    answer=schemas.CheckInView,
    refuses=(Invalid, Denied, NotFound, AlreadyCheckedIn, TicketCancelled, NotConfirmed, WrongEventStatus),
)
def check_in(request: Request) -> dict[str, Any]:
    """Let somebody in with a ticket, once: for the event's organizer and staff.

    409 `already_checked_in` says when in `checked_in_at`; it, `ticket_cancelled` and `not_confirmed` show the ticket in
    `ticket`. A scanner that got no answer sends the same again with its `Idempotency-Key`.
    """
    wanted = request.validated["body"]
    if (wanted["secret"] is None) == (wanted["ticket_id"] is None):
        raise Invalid({"secret": "give either the secret or the ticket_id"})
    service = request.find_service(CheckInService)
    return service.check_in(_id(request), wanted["secret"] or wanted["ticket_id"], actor=request.actor)


@of_ticket.delete(permission="check_ins:undo", answer=schemas.CheckInView, refuses=(Denied, NotFound))
def undo_check_in(request: Request) -> dict[str, Any]:
    """Take a check-in back: nobody is in with the ticket, and it is good again."""
    service = request.find_service(CheckInService)
    return service.undo(_id(request), int(request.matchdict["ticket_id"]), actor=request.actor)
