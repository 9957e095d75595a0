"""Venues: the places where events are held."""

from pyramid.config import Configurator

from turnout.security.actors import ANYONE, ORGANIZER
from turnout.users.hooks import UsersDeleting
from turnout.venues import api
from turnout.venues.admin import VenueSection
from turnout.venues.services import VenueService


def _disown(event: UsersDeleting) -> None:
    event.request.find_service(VenueService).disown(event.user_ids)


def includeme(config: Configurator) -> None:
    config.declare_permission("venues:read", "Read venues", ANYONE)
    config.declare_permission("venues:create", "Make venues", ORGANIZER)
    config.declare_permission("venues:update", "Change one's own venues; staff: all", ORGANIZER)
    config.declare_permission("venues:delete", "Delete one's own venues; staff: all", ORGANIZER)
    config.add_service(VenueService)
    config.add_subscriber(_disown, UsersDeleting)
    for service in api.SERVICES:
        config.add_api_service(service)
    config.add_admin_section(VenueSection)
    config.add_capability("venues", "Places where events are held, with their capacity")
