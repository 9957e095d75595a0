"""Countries: the names and codes of ISO 3166."""

from pyramid.config import Configurator

from turnout.countries import api
from turnout.countries.services import CountryService
from turnout.security.actors import ANYONE


def includeme(config: Configurator) -> None:
    config.declare_permission("countries:read", "Read the names and codes of countries", ANYONE)
    config.add_service(CountryService)
    for service in api.SERVICES:
        config.add_api_service(service)
    config.add_capability("countries", "Names and codes of countries (ISO 3166)")
