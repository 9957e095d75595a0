"""Services by constructor: what a service needs, it names in its ``__init__``, and gets.

``config.add_service(BookingService)`` registers a class; ``request.find_service(BookingService)`` makes one for the
request, filling each constructor parameter by its annotation: `Session`, `Clock`, `Announce`, `Settings`, or another
service. Services therefore know nothing of requests, and a test can make one by hand.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, get_type_hints

from pyramid.config import Configurator
from pyramid.request import Request
from sqlalchemy.orm import Session

from turnout.clock import Clock

Announce = Callable[[object], None]
"""Tells a domain event to everybody who subscribed to its class, inside the transaction."""

Settings = Mapping[str, Any]

_PROVIDERS: dict[Any, Callable[[Request], Any]] = {
    Session: lambda request: request.db,
    Clock: lambda request: request.registry.clock,
    Announce: lambda request: request.registry.notify,
    Settings: lambda request: request.registry.settings,
}


def _provider(wanted: Any) -> Callable[[Request], Any]:
    return _PROVIDERS.get(wanted) or (lambda request: request.find_service(wanted))


def add_service(config: Configurator, service: type) -> None:
    """Directive: make `service` available through ``request.find_service(service)``."""
    hints = get_type_hints(service.__init__)
    wanted = {name: _provider(hints[name]) for name in inspect.signature(service).parameters}

    def make(_context: object, request: Request) -> Any:
        return service(**{name: provide(request) for name, provide in wanted.items()})

    config.register_service_factory(make, service)


def includeme(config: Configurator) -> None:
    config.include("pyramid_services")
    config.add_directive("add_service", add_service)
