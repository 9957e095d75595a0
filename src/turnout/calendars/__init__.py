"""Calendars: events and bookings as files that calendars read (iCalendar), and addresses to subscribe to."""

from pyramid.config import Configurator

from turnout.calendars import api
from turnout.calendars.admin import CalendarSection
from turnout.calendars.services import BookingCalendars, CalendarLinks, EventCalendars
from turnout.security.actors import ANYONE, USER
from turnout.users.hooks import PasswordReset, UserDisabled


def end_link(event: UserDisabled | PasswordReset) -> None:
    """End the calendar link of a user for good, as all else that was made in their name."""
    event.request.find_service(CalendarLinks).end(event.user_id)


def includeme(config: Configurator) -> None:
    config.declare_permission("calendars:read", "Read the calendar of one's bookings", ANYONE)
    config.declare_permission("calendars:read_link", "See whether one has a calendar link", USER)
    config.declare_permission("calendars:manage_link", "Make and end one's calendar link", USER, tokens=False)
    for service in (EventCalendars, BookingCalendars, CalendarLinks):
        config.add_service(service)
    config.add_subscriber(end_link, UserDisabled)
    config.add_subscriber(end_link, PasswordReset)
    for view in api.SERVICES:
        config.add_api_service(view)
    config.add_admin_section(CalendarSection)
    config.add_capability("calendars", "Events and bookings in people's calendars (iCalendar)")
