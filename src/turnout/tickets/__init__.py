"""Tickets: on paper, and as QR codes."""

from pyramid.config import Configurator

from turnout.tickets import api
from turnout.tickets.services import TicketService


def includeme(config: Configurator) -> None:
    config.add_service(TicketService)
    for service in api.SERVICES:
        config.add_api_service(service)
    config.add_capability("tickets", "Tickets to print, with QR codes")
