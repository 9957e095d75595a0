"""Check-ins: who is let in at the door, and who is expected."""

from pyramid.config import Configurator

from turnout.check_ins import api
from turnout.check_ins.services import CheckInService
from turnout.security.actors import ORGANIZER
from turnout.users.hooks import UsersDeleting


def _forget(event: UsersDeleting) -> None:
    event.request.find_service(CheckInService).forget(event.user_ids)


def includeme(config: Configurator) -> None:
    config.declare_permission("check_ins:read", "See who is expected at one's own events, and who is in", ORGANIZER)
    config.declare_permission("check_ins:create", "Let people in to one's own events", ORGANIZER)
    config.declare_permission("check_ins:undo", "Take check-ins of one's own events back", ORGANIZER)
    config.add_service(CheckInService)
    config.add_subscriber(_forget, UsersDeleting)
    for service in api.SERVICES:
        config.add_api_service(service)
    config.include("turnout.check_ins.admin")
    config.add_capability("check-ins", "Tickets checked in at the door, each once, by code or by name")
