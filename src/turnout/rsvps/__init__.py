"""RSVPs: one-call answers to invitations."""

from pyramid.config import Configurator

from turnout.rsvps import api
from turnout.rsvps.services import RsvpService
from turnout.security.actors import USER


def includeme(config: Configurator) -> None:
    config.declare_permission("rsvps:create", "Answer invitations", USER)
    config.add_service(RsvpService)
    for service in api.SERVICES:
        config.add_api_service(service)
    config.add_capability("rsvps", "One-call answers: going, interested, cancelled")
