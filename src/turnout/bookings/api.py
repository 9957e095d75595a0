"""Bookings over REST."""

from typing import Any

from pyramid.request import Request

from turnout.api.answers import Accepted
from turnout.api.etags import expected_versions
from turnout.api.pages import page, paging_of
from turnout.api.preferences import prefers
from turnout.api.service import Service
from turnout.attendees.services import AttendeeService
from turnout.bookings import schemas
from turnout.bookings.errors import DuplicateBooking, HoldExpired, NotOnSale, TicketsUsed, WrongBookingStatus
from turnout.bookings.services import Booker, BookingCatalog, BookingRequest, BookingService, Intake, Line
from turnout.errors import Denied, DomainError, Invalid, NotFound, VersionMismatch
from turnout.events.services import EventService
from turnout.pools.errors import SoldOut
from turnout.users.services import UserService
from turnout.versions import Versioned

TAG = "Bookings"
TRANSITION_REFUSES = (NotFound, VersionMismatch, WrongBookingStatus)
CANCEL_REFUSES = (*TRANSITION_REFUSES, TicketsUsed)

bookings = Service("bookings", "/bookings", TAG)
booking = Service("booking", "/bookings/{id}", TAG)
confirm = Service("booking-confirm", "/bookings/{id}/confirm", TAG)
cancel = Service("booking-cancel", "/bookings/{id}/cancel", TAG)
of_user = Service("user-bookings", "/users/{id}/bookings", TAG)
of_attendee = Service("attendee-bookings", "/attendees/{id}/bookings", TAG)
of_event = Service("event-bookings", "/events/{id}/bookings", TAG)
guests = Service("event-attendees", "/events/{id}/attendees", TAG)
SERVICES = (bookings, booking, confirm, cancel, of_user, of_attendee, of_event, guests)


def _id(request: Request) -> int:
    return int(request.matchdict["id"])


def _lines(wanted: dict[str, Any]) -> list[Line]:
    """Return a line for each place. Raises `Invalid` where `quantity` and `tickets` disagree."""
    default, tickets = wanted["ticket_type_id"], wanted["tickets"]
    if not tickets:
        return [Line(default)] * (wanted["quantity"] or 1)
    if wanted["quantity"] not in {None, len(tickets)}:
        raise Invalid({"quantity": f"must be left out or {len(tickets)}, as many as there are tickets"})
    return [Line(ticket["ticket_type_id"] or default, ticket["name"], ticket["email"]) for ticket in tickets]


@bookings.get(permission="bookings:read", query=schemas.StaffBookingQuery, answer=schemas.BookingPage)
def list_bookings(request: Request) -> dict[str, Any]:
    """List one's own bookings; staff: everybody's."""
    paging, actor = paging_of(request), request.actor
    user_id = None if actor.is_staff else actor.user_id
    return page(request, request.find_service(BookingCatalog).find(request.validated["query"], paging, user_id=user_id))


@bookings.post(
    permission="bookings:create",
    body=schemas.NewBooking,
    answer=schemas.BookingView,
    status=201,
    location="/bookings/{id}",
    versioned=True,
    may_be_accepted=True,
    refuses=(Invalid, NotFound, SoldOut, DuplicateBooking, NotOnSale),
)
def create_booking(request: Request) -> dict[str, Any]:
    """Book places. A booking is confirmed at once, or held to be confirmed when `status` is "pending".

    With `Prefer: respond-async` it is accepted at once, `processing`, and decided soon: read it again to see whether it is
    `confirmed`, `pending`, or `failed` and why. Those who asked first for an event are decided first.
    """
    wanted = request.validated["body"]
    booking = BookingRequest(
        wanted["event_id"],
        request.actor,
        _lines(wanted),
        wanted["attendee_id"],
        hold=wanted["status"] is not None,
    )
    if prefers(request, "respond-async"):
        return Accepted(request.find_service(Intake).accept(booking), 1)
    (outcome,) = request.find_service(Booker).book([booking])
    if isinstance(outcome, DomainError):
        raise outcome
    return Versioned(outcome, 1)


@booking.get(permission="bookings:read", answer=schemas.BookingView, versioned=True, refuses=(NotFound,))
def read_booking(request: Request) -> dict[str, Any]:
    """Read a booking with its tickets."""
    return request.find_service(BookingCatalog).get(_id(request), actor=request.actor)


@booking.patch(
    permission="bookings:update",
    body=schemas.BookingUpdate,
    partial=True,
    answer=schemas.BookingView,
    versioned=True,
    refuses=(Invalid, NotFound, VersionMismatch, SoldOut, NotOnSale, HoldExpired, WrongBookingStatus),
)
def change_booking(request: Request) -> dict[str, Any]:
    """Change how many places a booking has, or who holds its tickets."""
    request.find_service(BookingService).update(
        _id(request), request.validated["body"], actor=request.actor, expected=expected_versions(request)
    )
    return request.find_service(BookingCatalog).get(_id(request), actor=request.actor)


def _cancel(request: Request) -> dict[str, Any]:
    request.find_service(BookingService).cancel(_id(request), actor=request.actor, expected=expected_versions(request))
    return request.find_service(BookingCatalog).get(_id(request), actor=request.actor)


@booking.delete(permission="bookings:cancel", answer=schemas.BookingView, versioned=True, refuses=CANCEL_REFUSES)
def delete_booking(request: Request) -> dict[str, Any]:
    """Cancel a booking; it stays in the history."""
    return _cancel(request)


@cancel.post(permission="bookings:cancel", answer=schemas.BookingView, versioned=True, refuses=CANCEL_REFUSES)
def cancel_booking(request: Request) -> dict[str, Any]:
    """Cancel a booking and give its places back."""
    return _cancel(request)


@confirm.post(
    permission="bookings:confirm",
    answer=schemas.BookingView,
    versioned=True,
    refuses=(*TRANSITION_REFUSES, HoldExpired, NotOnSale),
)
def confirm_booking(request: Request) -> dict[str, Any]:
    """Confirm a booking that was held."""
    request.find_service(BookingService).confirm(_id(request), actor=request.actor, expected=expected_versions(request))
    return request.find_service(BookingCatalog).get(_id(request), actor=request.actor)


@of_user.get(permission="bookings:read", query=schemas.BookingQuery, answer=schemas.BookingPage, refuses=(NotFound,))
def list_bookings_of_user(request: Request) -> dict[str, Any]:
    """List a user's bookings: one's own, anybody's for staff."""
    paging = paging_of(request)
    user = request.find_service(UserService).get(_id(request), actor=request.actor)
    return page(request, request.find_service(BookingCatalog).find(request.validated["query"], paging, user_id=user.id))


@of_attendee.get(
    permission="bookings:read", query=schemas.BookingQuery, answer=schemas.BookingPage, refuses=(NotFound,)
)
def list_bookings_of_attendee(request: Request) -> dict[str, Any]:
    """List the bookings made for an attendee: oneself, anybody for staff."""
    paging = paging_of(request)
    attendee = request.find_service(AttendeeService).get(_id(request), request.actor)
    filters = request.validated["query"] | {"attendee": attendee.id}
    return page(request, request.find_service(BookingCatalog).find(filters, paging))


@of_event.get(
    permission="bookings:read", query=schemas.BookingQuery, answer=schemas.BookingPage, refuses=(Denied, NotFound)
)
def list_bookings_of_event(request: Request) -> dict[str, Any]:
    """List an event's bookings, for its organizer and staff."""
    paging = paging_of(request)
    event = request.find_service(EventService).for_change(_id(request), actor=request.actor)
    filters = request.validated["query"] | {"event": event.id}
    return page(request, request.find_service(BookingCatalog).find(filters, paging))


@guests.get(permission="bookings:read", query=schemas.GuestQuery, answer=schemas.GuestPage, refuses=(Denied, NotFound))
def list_guests(request: Request) -> dict[str, Any]:
    """List who is coming to an event, with counts, for its organizer and staff."""
    paging = paging_of(request)
    event = request.find_service(EventService).for_change(_id(request), actor=request.actor)
    found, counts = request.find_service(BookingCatalog).guests(event.id, request.validated["query"]["status"], paging)
    return page(request, found) | {"counts": counts}
