"""The page of the door: a scanner or a camera lets people in, and a list tells who is expected."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import colander
from pyramid.config import Configurator
from pyramid.request import Request

from turnout.admin.context import filters_of
from turnout.admin.panels import Block, Facts, Share, panel
from turnout.admin.recording import record
from turnout.admin.registry import bound
from turnout.admin.sections import AdminSection, PageLink
from turnout.admin.views.lists import found_by
from turnout.admin.views.pages import row_id
from turnout.check_ins.errors import AlreadyCheckedIn
from turnout.check_ins.schemas import CheckInQuery, NewCheckIn
from turnout.check_ins.services import CheckInService
from turnout.clock import Clock
from turnout.errors import DomainError, NotFound
from turnout.events.models import ARCHIVED, CANCELLED, DRAFT, POSTPONED, PUBLISHED
from turnout.events.services import EventService
from turnout.security.actors import Actor
from turnout.tickets.errors import NotConfirmed, TicketCancelled

ROUTE = "admin:events:door"
PATH = f"/admin/events/{{id:{AdminSection.ids}}}/door"
TEMPLATE = "turnout.admin:templates/door.jinja2"
CLOSED = {
    DRAFT: "The event is a draft. Publish it, and the door opens.",
    POSTPONED: "The event is postponed. Publish it again with its new date, and the door opens.",
    CANCELLED: "The event is cancelled; its tickets let nobody in.",
    ARCHIVED: "The event is over, and archived.",
}
"""Why nobody is let in, by the event's status."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the door says of a ticket, in words as well as in a colour: "green", "red", or "plain" for neither."""

    colour: str
    icon: str
    title: str
    detail: str = ""


READY = Answer("plain", "scan", "Ready", "Scan a ticket, or find the guest in the list.")
NOTHING = Answer("plain", "scan", "Nothing was scanned", "Scan a ticket, or find the guest in the list.")
UNKNOWN = Answer("red", "help", "Unknown ticket", "This is no ticket of this event.")


class DoorSection(AdminSection):
    """Tickets at the door: a page of each event, what it tells on the event's own page, and what the audit log calls them."""

    name, title, singular = "tickets", "Tickets", "ticket"
    query = CheckInQuery
    links = (
        PageLink(
            "At the door",
            ROUTE,
            "check_ins:create",
            "door-enter",
            on="events",
            when=lambda event: event["status"] != DRAFT and event["is_bookable"],
        ),
    )

    def __init__(self, check_ins: CheckInService, events: EventService, clock: Clock) -> None:
        self.check_ins = check_ins
        self.events = events
        self.clock = clock

    @panel("At the door", on="events", permission="check_ins:read", order=45)
    def of_event(self, event: Mapping[str, Any], *, actor: Actor) -> Iterator[Block]:
        """Show how many are expected, and how many are in."""
        counts = self.check_ins.counts(event["id"], actor=actor)
        if counts["expected"]:
            yield Facts({"Expected": counts["expected"], "In": Share(counts["checked_in"], counts["expected"])})

    def time(self, at: datetime, zone: str) -> str:
        """Return when something was, as the door says it: "19:42", and on which day if it was not today."""
        local, today = at.astimezone(ZoneInfo(zone)), self.clock.now().astimezone(ZoneInfo(zone)).date()
        return f"{local:%H:%M}" if local.date() == today else f"{local.day} {local:%b}, {local:%H:%M}"

    def refusal(self, error: DomainError, zone: str) -> Answer:
        """Return why somebody is not let in."""
        whose = _whose(error.facts["ticket"]) if "ticket" in error.facts else ""
        match error:
            case AlreadyCheckedIn():
                since = self.time(error.facts["checked_in_at"], zone)
                return Answer("red", "circle-x", f"Already in since {since}", whose)
            case TicketCancelled():
                return Answer("red", "ban", "Cancelled", whose)
            case NotConfirmed():
                return Answer("red", "hourglass", "Not confirmed", f"{whose}. {error.detail}")
            case NotFound():
                return UNKNOWN
        return Answer("red", "circle-x", "Nobody is let in", error.detail)


def _whose(ticket: Mapping[str, Any]) -> str:
    return f"{ticket['name']}: {ticket['ticket_type']['name']}, booking {ticket['booking_code']}"


def show(request: Request, section: DoorSection) -> dict[str, Any]:
    """Show the door of an event."""
    return _page(request, section, READY)


def let_in(request: Request, section: DoorSection) -> dict[str, Any]:
    """Let somebody in with the ticket that was scanned or chosen, or say why not: both are good answers."""
    event_id, actor = row_id(request), request.actor
    event = section.events.for_change(event_id, actor=actor)  # what is said here is of tickets only
    try:
        ticket = _wanted(request)
        if ticket is None:
            return _page(request, section, NOTHING)
        with request.db.begin_nested():
            seen = section.check_ins.check_in(event_id, ticket, actor=actor)
    except colander.Invalid:
        return _page(request, section, UNKNOWN)
    except DomainError as error:
        return _page(request, section, section.refusal(error, event.timezone))
    before = seen | {"checked_in_at": None, "checked_in_by_id": None}
    record(request, section, "check_in", seen["ticket_id"], before, seen)
    title = f"Welcome, {seen['name']}: {seen['ticket_type']['name']}"
    return _page(request, section, Answer("green", "circle-check", title, f"Booking {seen['booking_code']}"))


def undo(request: Request, section: DoorSection) -> dict[str, Any]:
    """Take a check-in back."""
    event_id, actor = row_id(request), request.actor
    section.events.for_change(event_id, actor=actor)
    try:
        ticket = _wanted(request)
        if not isinstance(ticket, int):
            return _page(request, section, NOTHING)
        before = section.check_ins.get(event_id, ticket, actor=actor)
        with request.db.begin_nested():
            after = section.check_ins.undo(event_id, ticket, actor=actor)
    except (colander.Invalid, NotFound):
        return _page(request, section, UNKNOWN)
    if before["checked_in_at"] is not None:
        record(request, section, "undo_check_in", ticket, before, after)
    return _page(request, section, Answer("plain", "arrow-back-up", f"{after['name']} is not in", _whose(after)))


def _wanted(request: Request) -> str | int | None:
    """Return what a ticket is named by in the form: its secret or its id. Raises `colander.Invalid`."""
    sent = {name: request.POST.get(name) for name in ("secret", "ticket_id")}
    said = {name: value for name, value in sent.items() if isinstance(value, str) and value.strip()}
    wanted = NewCheckIn().deserialize(said)
    return wanted.get("secret") or wanted.get("ticket_id")


def _page(request: Request, section: DoorSection, answer: Answer) -> dict[str, Any]:
    event = section.events.for_change(row_id(request), actor=request.actor)
    filters = filters_of(request, section)
    (found, counts), problems = found_by(partial(section.check_ins.find, event.id, actor=request.actor), filters)
    return {
        "event": event,
        "answer": answer,
        "closed": None if event.status == PUBLISHED else CLOSED[event.status],
        "filters": filters,
        "found": found,
        "counts": counts,
        "problems": problems,
        "time": section.time,
        "may_undo": request.has_permission("check_ins:undo"),
    }


def includeme(config: Configurator) -> None:
    config.add_admin_section(DoorSection)
    config.add_route(ROUTE, PATH)
    config.add_route(f"{ROUTE}:undo", f"{PATH}/undo")
    for route, method, view, permission in (
        (ROUTE, "GET", show, "check_ins:create"),
        (ROUTE, "POST", let_in, "check_ins:create"),
        (f"{ROUTE}:undo", "POST", undo, "check_ins:undo"),
    ):
        config.add_view(
            bound(view, DoorSection), route_name=route, request_method=method, permission=permission, renderer=TEMPLATE
        )
