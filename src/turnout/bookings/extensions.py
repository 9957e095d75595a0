"""What plugins add to bookings: fields in their JSON.

    def read(booking_ids: Sequence[int], payments: PaymentCatalog) -> Mapping[int, Mapping[str, Any]]: ...
    config.add_booking_extension("payments", view=PaymentsOfBooking, read=read)

Whatever the list's length, an extension is read once for all its bookings; the first parameter is what it works on, and
every further one is filled by its annotation, as a service's constructor is.
"""

import inspect
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from pyramid.config import Configurator
from pyramid.request import Request

from turnout.api.openapi.schemas import Components, JSONSchema
from turnout.events.switches import learn_switches
from turnout.injection import SERVICES_ARE_KNOWN, Provider, providers_for
from turnout.plugin.boundary import is_on, taking_part
from turnout.plugin.discovery import Loaded
from turnout.schema import Schema

Read = Callable[..., Mapping[int, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class BookingExtension:
    """What one extension adds to bookings."""

    view: Schema
    read: Read
    plugin: Loaded | None
    injected: Mapping[str, Provider] = field(default_factory=dict)


class BookingExtensions:
    """The extensions as one request uses them."""

    def __init__(self, extensions: Mapping[str, BookingExtension], request: Request) -> None:
        self._extensions = extensions
        self._request = request

    def read(self, events: Mapping[int, int]) -> dict[int, dict[str, Any]]:
        """Return what extensions show of bookings, given by their ids with those of their events."""
        found: dict[int, dict[str, Any]] = {booking_id: {} for booking_id in events}
        for name, extension in self._extensions.items():
            wanted = self._wanted(extension, events)
            if not wanted:
                continue
            given = {parameter: provide(self._request) for parameter, provide in extension.injected.items()}
            part = (
                nullcontext() if extension.plugin is None else taking_part(self._request, extension.plugin, "extension")
            )
            with part:
                values = extension.read(wanted, **given)
            for booking_id in wanted:
                if booking_id in values:
                    found[booking_id][name] = values[booking_id]
        return found

    def _wanted(self, extension: BookingExtension, events: Mapping[int, int]) -> list[int]:
        plugin = extension.plugin
        if plugin is None or not plugin.manifest.is_switchable:
            return list(events)
        learn_switches(self._request, set(events.values()))
        return [booking_id for booking_id, event_id in events.items() if is_on(self._request, plugin, event_id)]


def add_booking_extension(config: Configurator, name: str, *, view: type[Schema], read: Read) -> None:
    """Directive: show ``extensions.<name>`` in the JSON of bookings, as `view` describes it.

    ``read(booking_ids, ...)`` returns the values by booking id, for all bookings of a list at once; a booking that it leaves
    out has no such extension. Further parameters of `read` are filled by their annotations, as a service's are.
    """
    plugin = config.registry.plugins.registrar(read)
    answered = view()

    def register() -> None:
        first = next(iter(inspect.signature(read).parameters))
        injected = providers_for(config.registry, read, first)
        config.registry.booking_extensions[name] = BookingExtension(answered, read, plugin, injected)

    introspectable = config.introspectable("turnout booking extensions", name, name, "booking extension")
    config.action(
        ("turnout booking extension", name), register, introspectables=(introspectable,), order=SERVICES_ARE_KNOWN
    )
    config.registry.openapi_answers.append(answered)


def describe_extensions(config: Configurator) -> Callable[[Components, bool], JSONSchema]:
    """Return what describes extensions in OpenAPI."""

    def describe(components: Components, _answer: bool) -> JSONSchema:  # noqa: FBT001 - as `Components` calls it
        known: Mapping[str, BookingExtension] = config.registry.booking_extensions
        return {
            "type": "object",
            "properties": {name: components.answer(extension.view) for name, extension in sorted(known.items())},
        }

    return describe
