"""Services by constructor: what a service needs, it names in its ``__init__``, and gets.

``config.add_service(BookingService)`` registers a class; ``request.find_service(BookingService)`` makes one for the
request, filling each constructor parameter by its annotation: `Session`, `ReadSession`, `Clock`, `Announce`, `Settings`, `Transaction`, or
another service. Services therefore know nothing of requests, and a test can make one by hand.

pyramid_services does the same through zope.interface, at about 95 microseconds of CPU for each service of a request
(docs/adr/0004-the-hot-path.md); this takes about 3.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, NewType, TypeVar, get_type_hints

from pyramid.config import Configurator
from pyramid.registry import Registry
from pyramid.request import Request
from sqlalchemy.orm import Session
from transaction import Transaction

from turnout.clock import Clock
from turnout.db import open_read_session
from turnout.errors import StartError
from turnout.hooks import DomainEvent

Provider = Callable[[Request], Any]
Announce = Callable[[DomainEvent], None]
"""Tells a domain event to everybody who subscribed to its class, inside the transaction."""

Settings = Mapping[str, Any]
ReadSession = NewType("ReadSession", Session)
"""A session of its own to read with before the request's transaction begins; whoever uses it closes it (``with``)."""


def announcer(request: Request) -> Announce:
    """Return what announces domain events of a request."""

    def announce(event: DomainEvent) -> None:
        object.__setattr__(event, "request", request)
        request.registry.notify(event)

    return announce


T = TypeVar("T")

SERVICES_ARE_KNOWN = 100_000
"""The order of an action that comes after every ``add_service``."""

_PROVIDERS: dict[Any, Provider] = {
    Session: lambda request: request.db,
    ReadSession: lambda request: open_read_session(request.registry),
    Clock: lambda request: request.registry.clock,
    Announce: announcer,
    Settings: lambda request: request.registry.settings,
    Transaction: lambda request: request.tm.get(),
}


def provider_of(registry: Registry, wanted: Any) -> Provider | None:
    """Return what fills a parameter annotated with `wanted`: an injectable or a service that is registered; else None."""
    if wanted in registry.injectables:
        provide: Provider = registry.injectables[wanted]
        return provide
    return (lambda request: find_service(request, wanted)) if wanted in registry.services else None


def providers_for(
    registry: Registry, function: Callable[..., Any], *given: str, may_take_arguments: bool = False
) -> dict[str, Provider]:
    """Return what fills the parameters of `function`, by their annotations; those named `given` are left to its caller.

    Raises `StartError` for one that is no service, unless it `may_take_arguments`. Services must be registered by then.
    """
    hints = get_type_hints(inspect.getattr_static(function, "__init__") if isinstance(function, type) else function)
    found = {}
    for parameter in inspect.signature(function).parameters:
        if parameter in given:
            continue
        provide = provider_of(registry, hints.get(parameter))
        if provide is not None:
            found[parameter] = provide
        elif not may_take_arguments:
            name = f"{function.__module__}.{function.__qualname__}"
            raise StartError(
                f"{name} wants {parameter!r}, and {hints.get(parameter)!r} is no service; see config.add_service()."
            )
    return found


def add_injectable(config: Configurator, wanted: Any, provide: Provider) -> None:
    """Directive: fill constructor parameters annotated with `wanted` with what ``provide(request)`` returns.

    For what is no service: a client of an outside system, a registry that other plugins add to.
    """
    config.action(_claim(wanted))
    config.registry.injectables[wanted] = provide


def _claim(wanted: Any) -> tuple[str, Any]:
    return "turnout service", wanted


def add_service(config: Configurator, service: type) -> None:
    """Directive: make `service` available through ``request.find_service(service)``, one for each request.

    Its constructor's parameters are filled by their annotations: `Session`, `Clock`, `Announce`, `Settings`, `ReadSession`,
    other services, and what `add_injectable` adds. So a service knows no request, and a test can make one by hand.

        class ReviewService:
            def __init__(self, session: Session, clock: Clock, announce: Announce) -> None: ...

        config.add_service(ReviewService)
    """
    wanted: dict[str, Provider] = {}

    def make(request: Request) -> Any:
        return service(**{name: provide(request) for name, provide in wanted.items()})

    def register() -> None:
        config.registry.services[service] = make

    def connect() -> None:
        wanted.update(providers_for(config.registry, service))

    config.action(_claim(service), register)
    config.action(None, connect, order=SERVICES_ARE_KNOWN)


def find_service(request: Request, service: type[T]) -> T:
    """Return the request's one `service`, made when it is first asked for."""
    made: dict[type, Any] = request.made_services
    if service not in made:
        made[service] = request.registry.services[service](request)
    found: T = made[service]
    return found


def includeme(config: Configurator) -> None:
    config.registry.services = {}
    config.registry.injectables = dict(_PROVIDERS)
    for wanted in _PROVIDERS:
        config.action(_claim(wanted))
    config.add_directive("add_injectable", add_injectable)
    config.add_directive("add_service", add_service)
    config.add_request_method(find_service)
    config.add_request_method(lambda _request: {}, "made_services", reify=True)
