"""Waiting lists over REST."""

from typing import Any

from turnout.bookings.errors import DuplicateBooking, NotOnSale
from turnout.plugin import (
    Denied,
    Invalid,
    NotFound,
    Request,
    Service,
    Unauthenticated,
    VersionMismatch,
    expected_versions,
    page,
    paging_of,
)
from turnout.pools.errors import SoldOut

from turnout_waitlist import schemas
from turnout_waitlist.errors import AlreadyWaiting, NotFull, NotOffered, NotWaiting, OfferExpired, WaitlistClosed
from turnout_waitlist.services import WaitlistCatalog, WaitlistService

TAG = "Waiting lists"

waitlist = Service("waitlist", "/events/{id}/waitlist", TAG)
mine = Service("waitlist-mine", "/events/{id}/waitlist/mine", TAG)
acceptance = Service("waitlist-accept", "/events/{id}/waitlist/mine/accept", TAG)
statistics = Service("waitlist-statistics", "/events/{id}/waitlist/statistics", TAG)
entry = Service("waitlist-entry", "/events/{id}/waitlist/{entry_id}", TAG)
SERVICES = (waitlist, mine, acceptance, statistics, entry)


def _event_id(request: Request) -> int:
    return int(request.matchdict["id"])


def _entry_id(request: Request) -> int:
    return int(request.matchdict["entry_id"])


def _shown(request: Request) -> dict[str, Any]:
    found: dict[str, Any] = request.find_service(WaitlistCatalog).mine(_event_id(request), actor=request.actor)
    return found


@waitlist.get(
    permission="waitlist:inspect", query=schemas.EntryQuery, answer=schemas.EntryPage, refuses=(NotFound, Denied)
)
def list_waitlist(request: Request) -> dict[str, Any]:
    """List who waits, or waited, for an event, in the order of the line: for its organizer and staff."""
    paging, filters = paging_of(request), request.validated["query"]
    found = request.find_service(WaitlistCatalog).find(_event_id(request), filters, paging, actor=request.actor)
    return page(request, found)


@waitlist.post(
    permission="waitlist:join",
    body=schemas.NewEntry,
    answer=schemas.WaitlistEntryView,
    status=201,
    location="/events/{event_id}/waitlist/mine",
    refuses=(
        NotFound,
        Invalid,
        Unauthenticated,
        NotOnSale,
        WaitlistClosed,
        AlreadyWaiting,
        DuplicateBooking,
        NotFull,
    ),
)
def join_waitlist(request: Request) -> dict[str, Any]:
    """Wait for places of an event, or of one of its ticket types, that is full.

    Places that come free are offered to the first for whom they are enough; then accept within the time given.
    """
    request.find_service(WaitlistService).join(_event_id(request), request.validated["body"], actor=request.actor)
    return _shown(request)


@mine.get(permission="waitlist:read", answer=schemas.WaitlistEntryView, refuses=(NotFound,))
def read_my_waitlist_entry(request: Request) -> dict[str, Any]:
    """Read one's own entry of an event's waiting list, the latest if there were several."""
    return _shown(request)


@mine.delete(permission="waitlist:leave", refuses=(NotFound, NotWaiting))
def leave_waitlist(request: Request) -> None:
    """Wait no more, or decline what is offered; it goes to the next."""
    request.find_service(WaitlistService).leave(_event_id(request), actor=request.actor)


@acceptance.post(
    permission="waitlist:accept",
    answer=schemas.AcceptedView,
    refuses=(
        NotFound,
        Invalid,
        Unauthenticated,
        NotOffered,
        OfferExpired,
        NotOnSale,
        DuplicateBooking,
        SoldOut,
    ),
)
def accept_waitlist_offer(request: Request) -> dict[str, Any]:
    """Take what is offered: it becomes a booking, to be paid where it costs something. Done again, it says the same."""
    _, booking = request.find_service(WaitlistService).accept(_event_id(request), actor=request.actor)
    return {"entry": _shown(request), "booking": {node.name: booking[node.name] for node in schemas.BookingMade()}}


@statistics.get(permission="waitlist:inspect", answer=schemas.Statistics, refuses=(NotFound, Denied))
def read_waitlist_statistics(request: Request) -> dict[str, Any]:
    """Read how an event's waiting list did: for its organizer and staff."""
    found: dict[str, Any] = request.find_service(WaitlistCatalog).statistics(_event_id(request), actor=request.actor)
    return found


def _listed(request: Request) -> dict[str, Any]:
    catalog = request.find_service(WaitlistCatalog)
    found: dict[str, Any] = catalog.get(_event_id(request), _entry_id(request), actor=request.actor)
    return found


@entry.get(permission="waitlist:inspect", answer=schemas.ListedEntry, versioned=True, refuses=(NotFound, Denied))
def read_waitlist_entry(request: Request) -> dict[str, Any]:
    """Read an entry of the waiting list of one's own event."""
    return _listed(request)


@entry.patch(
    permission="waitlist:manage",
    body=schemas.PriorityInput,
    partial=True,
    answer=schemas.ListedEntry,
    versioned=True,
    refuses=(NotFound, Denied, VersionMismatch, NotWaiting),
)
def prioritize_waitlist_entry(request: Request) -> dict[str, Any]:
    """Let somebody who waits for one's own event come earlier or later in line."""
    if "priority" in request.validated["body"]:
        request.find_service(WaitlistService).prioritize(
            _event_id(request),
            _entry_id(request),
            request.validated["body"]["priority"],
            actor=request.actor,
            expected=expected_versions(request),
        )
    return _listed(request)


@entry.delete(permission="waitlist:manage", versioned=True, refuses=(NotFound, Denied, VersionMismatch, NotWaiting))
def remove_waitlist_entry(request: Request) -> None:
    """Take somebody off the waiting list of one's own event."""
    request.find_service(WaitlistService).remove(
        _event_id(request), _entry_id(request), actor=request.actor, expected=expected_versions(request)
    )
