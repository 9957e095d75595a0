"""Calendars over REST: files to be read once, and addresses for calendars to subscribe to."""

from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from turnout.api.answers import caching
from turnout.api.etags import etag, is_unchanged
from turnout.api.service import PREFIX, Service, about_no_event
from turnout.calendars import schemas
from turnout.calendars.services import BookingCalendars, CalendarLinks, EventCalendars
from turnout.errors import NotFound, Unauthenticated

TAG = "Calendars"
CALENDAR = "text/calendar"
MAX_AGE = 300
NEVER_KEPT = {"Cache-Control": "private, no-store"}
UNCHANGED = {304: "Not changed since"}

event = Service("event-calendar", "/events/{id}.ics", TAG, event_of=lambda request: int(request.matchdict["id"]))
organizer = Service("organizer-calendar", "/organizers/{id}/events.ics", TAG, event_of=about_no_event)
bookings = Service("booking-calendar", "/users/me/bookings.ics", TAG)
link = Service("calendar-link", "/users/me/calendar-link", TAG)
SERVICES = (event, organizer, bookings, link)


def _file(request: Request, content: bytes, name: str, headers: dict[str, str]) -> Response:
    tag = etag(0, content)
    headers = {"ETag": tag, **headers}
    if is_unchanged(request, tag):
        return Response(status=304, headers=headers)
    headers["Content-Disposition"] = f'inline; filename="{name}.ics"'
    response = Response(content, content_type=CALENDAR, charset="utf-8")
    response.headers.update(headers)
    return response


def _site(request: Request) -> str:
    return f"{request.application_url}{PREFIX}/events"


@event.get(permission="events:read", content_type=CALENDAR, max_age=MAX_AGE, refuses=(NotFound,))
def read_event_calendar(request: Request) -> Any:
    """Read an event as a calendar file (iCalendar)."""
    event_id = int(request.matchdict["id"])
    found = request.find_service(EventCalendars).of_event(event_id, site=_site(request), actor=request.actor)
    return _file(request, found, f"event-{event_id}", caching(request, MAX_AGE))


@organizer.get(permission="events:read", content_type=CALENDAR, max_age=MAX_AGE, refuses=(NotFound,))
def read_organizer_calendar(request: Request) -> Any:
    """Read an organizer's public events, from a month ago on, as a calendar to subscribe to (iCalendar).

    What was postponed or cancelled stays in it, and says so. At most 500 events; of long descriptions the beginning.
    """
    user_id = int(request.matchdict["id"])
    found = request.find_service(EventCalendars).of_organizer(user_id, site=_site(request))
    return _file(request, found, f"organizer-{user_id}", caching(request, MAX_AGE))


@bookings.get(
    permission="calendars:read",
    query=schemas.BookingCalendarQuery,
    content_type=CALENDAR,
    further_answers=UNCHANGED,
    refuses=(Unauthenticated, NotFound),
)
def read_booking_calendar(request: Request) -> Any:
    """Read one's bookings as a calendar to subscribe to (iCalendar), by the secret of a calendar link or signed in.

    Held places are tentative; what was cancelled stays, as cancelled, for 30 days.
    """
    secret = request.validated["query"]["token"]
    if secret is None and not request.actor.is_signed_in:
        raise Unauthenticated
    who = request.actor if secret is None else request.find_service(CalendarLinks).owner(secret)
    return _file(request, request.find_service(BookingCalendars).of_user(who), "bookings", NEVER_KEPT)


@link.get(permission="calendars:read_link", answer=schemas.CalendarLinkView)
def read_calendar_link(request: Request) -> dict[str, Any]:
    """Read whether one has a calendar link, and since when."""
    since = request.find_service(CalendarLinks).since(request.actor.user_id)
    return {"is_active": since is not None, "created_at": since}


@link.post(permission="calendars:manage_link", answer=schemas.NewCalendarLinkView, status=201, secret=True)
def make_calendar_link(request: Request) -> dict[str, Any]:
    """Make a secret link to the calendar of one's bookings, shown in this answer and never again; the one before ends."""
    secret, created_at = request.find_service(CalendarLinks).make(actor=request.actor)
    url = f"{request.application_url}{PREFIX}/users/me/bookings.ics?token={secret}"
    return {"url": url, "created_at": created_at}


@link.delete(permission="calendars:manage_link", refuses=(NotFound,))
def end_calendar_link(request: Request) -> None:
    """End one's calendar link."""
    if not request.find_service(CalendarLinks).end(request.actor.user_id):
        raise NotFound("There is no calendar link.")
