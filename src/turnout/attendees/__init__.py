"""Attendees: those who come, with or without an account."""

from pyramid.config import Configurator

from turnout.attendees import api
from turnout.attendees.admin import AttendeeSection
from turnout.attendees.services import AttendeeService
from turnout.security.actors import ANYONE, STAFF, USER


def includeme(config: Configurator) -> None:
    config.declare_permission("attendees:register", "Register as an attendee", ANYONE)
    config.declare_permission("attendees:read", "Read one's own attendee; staff: all", USER)
    config.declare_permission("attendees:add", "Register others as attendees in the admin UI", STAFF, tokens=False)
    config.declare_permission("attendees:update", "Change one's own attendee; staff: all", USER)
    config.declare_permission("attendees:delete", "Delete one's own attendee; staff: all", USER)
    config.add_service(AttendeeService)
    for service in api.SERVICES:
        config.add_api_service(service)
    config.add_admin_section(AttendeeSection)
    config.add_capability("attendees", "Those who attend, with or without an account")
