"""Event types: which domain events webhooks can be told of, and what is said of each.

    def represent(event: ReviewWritten, reviews: ReviewCatalog) -> Told | None: ...
    config.add_webhook_event("review.written", ReviewWritten, represent)

`represent` gets the domain event first, and services by annotation as every handler does (`turnout.outbox`). It runs in
the worker, after the commit.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NewType

from pyramid.config import Configurator
from pyramid.request import Request

from turnout.errors import StartError
from turnout.hooks import DomainEvent
from turnout.injection import SERVICES_ARE_KNOWN, providers_for
from turnout.outbox.handlers import Function, decode, encode
from turnout.outbox.services import Outbox
from turnout.plugin.boundary import is_on, taking_part
from turnout.plugin.discovery import Loaded
from turnout.schema import iso

TEST = "webhook.test"
"""The type of the message that ``POST /webhooks/{id}/test`` sends; it is not subscribed to."""
_TYPE = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)+")


@dataclass(frozen=True, slots=True)
class Told:
    """What a message says (`data`, what JSON can say) and whose event it is about; None: for staff only."""

    data: Mapping[str, Any]
    organizer_id: int | None


Represent = Callable[..., Told | None]
"""Returns what is said of a domain event, or None where there is nothing to say any more."""


@dataclass(frozen=True, slots=True)
class EventType:
    """A type of message."""

    name: str
    event: type[DomainEvent]
    represent: Represent
    injected: Mapping[str, Callable[[Request], Any]]
    plugin: Loaded | None = None


EventTypes = NewType("EventTypes", dict[str, EventType])
"""All event types by name."""

Telling = NewType("Telling", Callable[[str, str], Told | None])  # type: ignore[valid-newtype]
"""Says what a message of a type says of a domain event, as `encode` wrote it."""


def teller(request: Request) -> Callable[[str, str], Told | None]:
    """Return what says it with this request's services; nothing of a plugin that is off for the event, or gone."""

    def tell(name: str, written: str) -> Told | None:
        kind: EventType | None = request.registry.webhook_events.get(name)
        if kind is None:
            return None
        event = decode(written)
        given = {key: give(request) for key, give in kind.injected.items()}
        if kind.plugin is None:
            return kind.represent(event, **given)
        if not is_on(request, kind.plugin, getattr(event, "event_id", None)):
            return None
        with taking_part(request, kind.plugin, "webhook"):
            return kind.represent(event, **given)

    return tell


def add_webhook_event(config: Configurator, name: str, event: type[DomainEvent], represent: Represent) -> None:
    """Directive: tell webhooks of `event`, or a subclass, as messages of the type `name` (``booking.confirmed``).

    Raises `StartError` for a name that is no type's, and where `represent` wants what is no service.
    """
    from turnout.webhooks.tasks import fan_out

    if not _TYPE.fullmatch(name) or name == TEST:
        raise StartError(f"The webhook event type {name!r} must be like 'booking.confirmed', and not {TEST!r}.")

    plugin = config.registry.plugins.registrar(represent)

    def register() -> None:
        first = next(iter(inspect.signature(represent).parameters))
        injected = providers_for(config.registry, represent, first)
        config.registry.webhook_events[name] = EventType(name, event, represent, injected, plugin)

    introspectable = config.introspectable("turnout webhook events", name, name, "webhook event")
    config.action(
        ("turnout webhook event", name), register, introspectables=(introspectable,), order=SERVICES_ARE_KNOWN
    )
    config.add_subscriber(_keeper(name, fan_out), event)


def _keeper(name: str, fan_out: Function) -> Callable[[DomainEvent], None]:
    def keep(happened: DomainEvent) -> None:
        request = happened.request
        arguments = {"event_type": name, "event": encode(happened), "at": iso(request.registry.clock.now())}
        # One task for all types, so that of one booking or event all is told in the order in which it happened.
        request.find_service(Outbox).put(fan_out, arguments, stream=happened.stream)

    return keep
