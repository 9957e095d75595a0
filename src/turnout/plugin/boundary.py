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

from turnout.errors import Clash, StartError
from turnout.hooks import DomainEvent
from turnout.plugin.discovery import Loaded
from turnout.plugin.errors import SwitchedOff
from turnout.plugin.hooks import PluginRan
from turnout.plugin.paths import check_paths
from turnout.plugin.plugins import blame

LAST = 1_000_000
View = Callable[[Any, Request], Response]


@contextmanager
def timed(registry: Registry, plugin: Loaded, part: str) -> Iterator[None]:
    """Measure how long a plugin's code runs, whatever becomes of it."""
    started = time.perf_counter()
    try:
        yield
    finally:
        registry.notify(PluginRan(plugin.name, part, time.perf_counter() - started))


@contextmanager
def taking_part(request: Request, plugin: Loaded, part: str) -> Iterator[None]:
    """Let a plugin's code run amid the core's: measured, and what goes wrong with it, or what it wrote, is its own."""
    with timed(request.registry, plugin, part), blaming(plugin):
        yield
        if "db" in request.__dict__:
            request.db.flush()


@contextmanager
def blaming(plugin: Loaded) -> Iterator[None]:
    """Note of what goes wrong whose it is: a traceback does not always tell."""
    try:
        yield
    except BaseException as error:
        blame(error, plugin)
        raise


def is_on(request: Request, plugin: Loaded, event_id: int | None) -> bool:
    """Tell whether a plugin may act for an event; where it is about none, or none that there is, it may."""
    if event_id is None or not plugin.manifest.is_switchable:
        return True
    found: bool = request.registry.is_switched_on(request, plugin.name, event_id)
    return found


def require_event_of(plugin: Loaded, event: Any) -> None:
    """Raise `StartError` for a domain event of a switchable plugin that does not say which event it is about."""
    is_own = isinstance(event, type) and issubclass(event, DomainEvent) and not event.__module__.startswith("turnout.")
    if plugin.manifest.is_switchable and is_own and not hasattr(event, "event_id"):
        raise StartError(
            f"{plugin.name} is switched by event, and {event.__name__} does not say which event it is about: "
            "give it event_id, which may be None where it is about no event"
        )


def guarded_subscriber(plugin: Loaded, subscriber: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return a plugin's subscriber as it is called for domain events."""

    @functools.wraps(subscriber)
    def guarded(event: Any) -> None:
        if not isinstance(event, DomainEvent):
            with blaming(plugin):
                subscriber(event)
        elif is_on(event.request, plugin, getattr(event, "event_id", None)):
            with taking_part(event.request, plugin, "subscriber"):
                subscriber(event)

    return guarded


def guard_view(view: View, info: Any) -> View:
    """Wrap a plugin's views (a view deriver).

    Raises `Clash` for one that takes another's place, and `StartError` for one that does not say which event it is about,
    but must.
    """
    plugin = info.registry.plugins.setting_up
    if plugin is None:
        return view
    _require_own(plugin, info)
    service = info.registry.api_services.get(info.options.get("route_name"))
    event_of = info.options.get("event_of") or (service.event_of if service is not None else None)
    if plugin.manifest.is_switchable and event_of is None and not info.exception_only:
        where = service.template if service is not None else f"its view {info.options.get('route_name') or view}"
        raise StartError(
            f"{plugin.name} is switched by event, and {where} does not say which event it is about: let the path begin "
            "with /events/{id}, or give Service(..., event_of=...); about_no_event is for what is about none."
        )

    def guarded(context: Any, request: Request) -> Response:
        if event_of is not None and not is_on(request, plugin, event_of(request)):
            raise SwitchedOff(f"{plugin.manifest.title}: switched off for this event.")
        with timed(request.registry, plugin, "view"):
            return view(context, request)

    return guarded


def _require_own(plugin: Loaded, info: Any) -> None:
    """Raise `Clash` for a view of another's route or exceptions: being more specific, it would win without a word."""
    plugins, route, context = info.registry.plugins, info.options["route_name"], info.options["context"]
    if route is not None:
        owner = getattr(info.registry.introspector.get("routes", route).action_info, "plugin", None)
        if owner is not plugin:
            raise Clash(f"it and {plugins.named(owner)} both claim the views of the route {route}")
    if route is None and not info.exception_only and not _is_error(context):
        raise StartError(
            f"its view {info.options['name'] or '(without a name)'} has no route; add one with a path of its own"
        )
    if _is_error(context) and not plugin.has(context.__module__):
        whose = plugins.named(plugins.owner(context))
        raise Clash(f"it and {whose} both claim what is answered to {context.__name__}; take an exception of its own")


def _is_error(context: Any) -> bool:
    return isinstance(context, type) and issubclass(context, BaseException)


guard_view.options = ("event_of",)  # type: ignore[attr-defined]  # of Pyramid's add_view, for views that are no Service's


def includeme(config: Configurator) -> None:
    config.add_view_deriver(guard_view, "turnout.plugin")
    config.action("turnout paths check", check_paths, args=(config,), order=LAST)
