"""Ticket types: what is sold for an event, at which price, when, and how many."""

from pyramid.config import Configurator

from turnout.ticket_types import api
from turnout.ticket_types.admin import TicketTypeSection
from turnout.ticket_types.services import TicketTypeService


def includeme(config: Configurator) -> None:
    config.add_service(TicketTypeService)
    for service in api.SERVICES:
        config.add_api_service(service)
    config.add_admin_section(TicketTypeSection)
