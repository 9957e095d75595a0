"""Attendees: those who come, with or without an account."""

from pyramid.config import Configurator

from turnout.attendees import api
from turnout.attendees.services import AttendeeService
from turnout.security.actors import ANYONE, USER


def includeme(config: Configurator) -> None:
    config.declare_permission("attendees:register", "Register as an attendee", ANYONE)
    config.declare_permission("attendees:read", "Read one's own attendee; staff: all", USER)
    config.declare_permission("attendees:update", "Change one's own attendee; staff: all", USER)
    config.declare_permission("attendees:delete", "Delete one's own attendee; staff: all", USER)
    config.add_service(AttendeeService)
    for service in api.SERVICES:
        config.add_api_service(service)
    config.add_capability("attendees", "Those who attend, with or without an account")
