"""Tickets over REST: to print, and as QR codes."""

from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from turnout.api.service import Service
from turnout.errors import NotFound
from turnout.tickets.codes import svg
from turnout.tickets.errors import NotConfirmed, TicketCancelled
from turnout.tickets.services import TicketService

TAG = "Tickets"
PDF, SVG = "application/pdf", "image/svg+xml"

paper = Service("booking-tickets", "/bookings/{id}/tickets.pdf", TAG)
code = Service("booking-ticket-code", "/bookings/{id}/tickets/{ticket_id}/qr.svg", TAG)
SERVICES = (paper, code)


def _file(content: bytes, content_type: str, name: str) -> Response:
    """Return a file that opens doors: nobody on the way keeps it."""
    response = Response(content, content_type=content_type)
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


@paper.get(permission="bookings:read", content_type=PDF, refuses=(NotFound, NotConfirmed))
def print_tickets(request: Request) -> Any:
    """Print the tickets of a confirmed booking: a PDF with a page for each."""
    from turnout.tickets.printing import printed

    bundle = request.find_service(TicketService).bundle(int(request.matchdict["id"]), actor=request.actor)
    return _file(printed(bundle), PDF, f"tickets-{bundle.code}.pdf")


@code.get(permission="bookings:read", content_type=SVG, refuses=(NotFound, TicketCancelled, NotConfirmed))
def read_ticket_code(request: Request) -> Any:
    """Read the QR code of a ticket as SVG."""
    ticket_id = int(request.matchdict["ticket_id"])
    secret = request.find_service(TicketService).secret(int(request.matchdict["id"]), ticket_id, actor=request.actor)
    return _file(svg(secret, f"QR code of ticket {ticket_id}"), SVG, f"ticket-{ticket_id}.svg")
