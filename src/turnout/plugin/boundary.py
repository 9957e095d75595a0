"""What stands around a plugin's code wherever Turnout calls it: the switch of the event, and a clock.

A plugin cannot forget either, because it is not asked: what it registers is wrapped when it is registered.
"""

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pyramid.config import Configurator
from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.response import Response

from turnout.hooks import DomainEvent
from turnout.plugin.discovery import Loaded
from turnout.plugin.errors import SwitchedOff
from turnout.plugin.hooks import PluginRan

View = Callable[[Any, Request], Response]


@contextmanager
def timed(registry: Registry, plugin: Loaded, part: str) -> Iterator[None]:
    """Measure how long a plugin's code runs, whatever becomes of it."""
    started = time.perf_counter()
    try:
        yield
    finally:
        registry.notify(PluginRan(plugin.name, part, time.perf_counter() - started))


def is_on(request: Request, plugin: Loaded, event_id: int | None) -> bool:
    """Tell whether a plugin may act for an event; where it is about none, or none that there is, it may."""
    if event_id is None or not plugin.manifest.is_switchable:
        return True
    found: bool = request.registry.is_switched_on(request, plugin.name, event_id)
    return found


def guarded_subscriber(plugin: Loaded, subscriber: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return a plugin's subscriber as it is called for domain events."""

    @functools.wraps(subscriber)
    def guarded(event: Any) -> None:
        if not isinstance(event, DomainEvent):
            subscriber(event)
        elif is_on(event.request, plugin, getattr(event, "event_id", None)):
            with timed(event.request.registry, plugin, "subscriber"):
                subscriber(event)

    return guarded


def guard_view(view: View, info: Any) -> View:
    """Wrap a plugin's views (a view deriver)."""
    plugin = info.registry.plugins.owner(info.package.__name__)
    if plugin is None:
        return view
    service = info.registry.api_services.get(info.options.get("route_name"))

    def guarded(context: Any, request: Request) -> Response:
        event_id = service.event_of(request) if service is not None and service.event_of is not None else None
        if not is_on(request, plugin, event_id):
            raise SwitchedOff(f"{plugin.manifest.title}: switched off for this event.")
        with timed(request.registry, plugin, "view"):
            return view(context, request)

    return guarded


def check_switchable(config: Configurator) -> None:
    """Raise `StartError` where Turnout could not tell for which event a switchable plugin is called."""
    from turnout.errors import StartError

    plugins = config.registry.plugins
    for service in config.registry.api_services.values():
        for operation, view in service.views():
            owner = plugins.owner(view)
            if owner is not None and owner.manifest.is_switchable and service.event_of is None:
                raise StartError(
                    f"{owner.name} is switched by event, and {operation.path} does not say which event it is about: "
                    "let it begin with /events/{id}, or give Service(..., event_of=...).",
                    module=view.__module__,
                )


def includeme(config: Configurator) -> None:
    config.add_view_deriver(guard_view, "turnout.plugin")
    config.action("turnout switches check", check_switchable, args=(config,), order=1_000_000)
