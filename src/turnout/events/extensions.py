"""What plugins add to events: fields in their JSON, both ways, and orderings of their list.

    def read(event_ids: Sequence[int], reviews: ReviewCatalog) -> Mapping[int, Mapping[str, Any]]: ...
    config.add_event_extension("reviews", view=RatingView, read=read)

Whatever the list's length, an extension is read once for all its events; the first parameter is what it works on, and
every further one is filled by its annotation, as a service's constructor is.
"""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import colander
from pyramid.config import Configurator
from pyramid.registry import Registry
from pyramid.request import Request
from sqlalchemy import ColumnElement, func, true
from sqlalchemy.orm import InstrumentedAttribute

from turnout.admin.forms.words import in_words
from turnout.api.openapi.schemas import Components, JSONSchema
from turnout.api.reading import field_of, read_value
from turnout.errors import Clash, Invalid, StartError
from turnout.events.models import ORDERINGS, Event
from turnout.events.switches import EventSwitches
from turnout.injection import SERVICES_ARE_KNOWN, Provider, providers_for
from turnout.plugin.boundary import taking_part
from turnout.plugin.discovery import Loaded
from turnout.schema import Schema, flag, iso

Read = Callable[..., Mapping[int, Mapping[str, Any]]]
Write = Callable[..., None]
Column = InstrumentedAttribute[Any]


@dataclass(frozen=True, slots=True)
class EventOrdering:
    """A column to order events by, in a table of the plugin's own with one row for each event.

    An event without a row, or for which the plugin is switched off, is not in a list so ordered. An index over (`column`, `event_id`) makes it fast.
    """

    column: Column
    event_id: Column

    @property
    def table(self) -> Any:
        """Return the mapped class that has both."""
        return self.event_id.class_


@dataclass(frozen=True, slots=True)
class EventExtension:
    """What one extension adds to events."""

    name: str
    view: Schema
    read: Read
    body: Schema | None
    write: Write | None
    orderings: Mapping[str, EventOrdering]
    plugin: Loaded | None
    for_reading: Mapping[str, Provider] = field(default_factory=dict)
    for_writing: Mapping[str, Provider] = field(default_factory=dict)


class EventExtensions:
    """The extensions as one request uses them."""

    def __init__(self, extensions: Mapping[str, EventExtension], switches: EventSwitches, request: Request) -> None:
        self._extensions = extensions
        self._switches = switches
        self._request = request

    def read(self, switches: Mapping[int, Mapping[str, bool]]) -> dict[int, dict[str, Any]]:
        """Return what extensions show of events, given by their ids with their switches."""
        found: dict[int, dict[str, Any]] = {event_id: {} for event_id in switches}
        for name, extension in self._extensions.items():
            wanted = [event_id for event_id in switches if self._is_on(extension, switches[event_id])]
            if not wanted:
                continue
            with self._part_of(extension):
                values = extension.read(wanted, **self._given(extension.for_reading))
                for event_id in wanted:
                    if event_id in values:
                        found[event_id][name] = values[event_id]
        return found

    def checked(self, given: Mapping[str, Any], switches: Mapping[str, bool]) -> dict[str, Any]:
        """Return what a client wrote for extensions of an event with these switches, as they want it. Raises `Invalid`."""
        found = {}
        wrong: list[tuple[str, str]] = []
        for name, value in given.items():
            extension = self._extensions.get(name)
            if extension is None or extension.body is None:
                wrong.append((field_of("extensions", name), "is not known here"))
            elif not self._is_on(extension, switches):
                wrong.append((f"extensions.{name}", "is switched off for this event"))
            else:
                found[name] = read_value(extension.body, value, f"extensions.{name}", wrong)
        if wrong:
            raise Invalid(wrong)
        return found

    def write(self, event_id: int, checked: Mapping[str, Any]) -> None:
        """Let extensions keep what a client wrote for an event."""
        for name, values in checked.items():
            extension = self._extensions[name]
            if extension.write is not None:
                with self._part_of(extension):
                    extension.write(event_id, values, **self._given(extension.for_writing))

    def of_form(self, given: Mapping[str, Any], switches: Mapping[str, bool]) -> dict[str, Any]:
        """Return what a form says for extensions as a client writes it; of plugins that are switched off, nothing."""
        return {
            name: _as_json(_said(self._extensions[name].body, value))
            for name, value in given.items()
            if self._is_on(self._extensions[name], switches)
        }

    def written(self, shown: Mapping[str, Any]) -> dict[str, Any]:
        """Return of what extensions show what can be written, too."""
        bodies = {name: extension.body for name, extension in self._extensions.items() if extension.body is not None}
        return {
            name: {node.name: shown[name][node.name] for node in body.children if node.name in shown[name]}
            for name, body in bodies.items()
            if name in shown
        }

    @property
    def orderings(self) -> dict[str, EventOrdering]:
        """Return all orderings that extensions add, by their names."""
        return orderings_of(self._extensions)

    def sorted_events(self, ordering: str) -> ColumnElement[bool]:
        """Return the condition for events that an extension's ordering may show: those for which its plugin is on."""
        extension = next(each for each in self._extensions.values() if ordering in each.orderings)
        default = self._switches.defaults.get(extension.plugin.name) if extension.plugin else None
        if extension.plugin is None or default is None:
            return true()
        return func.coalesce(Event.switches[extension.plugin.name].as_boolean(), default)

    def _is_on(self, extension: EventExtension, switches: Mapping[str, bool]) -> bool:
        return extension.plugin is None or self._switches.is_on(switches, extension.plugin.name)

    def _given(self, providers: Mapping[str, Provider]) -> dict[str, Any]:
        return {name: provide(self._request) for name, provide in providers.items()}

    def _part_of(self, extension: EventExtension) -> AbstractContextManager[None]:
        if extension.plugin is None:
            return nullcontext()
        return taking_part(self._request, extension.plugin, "extension")


def orderings_of(extensions: Mapping[str, EventExtension]) -> dict[str, EventOrdering]:
    """Return all orderings that extensions add, by their names."""
    return {name: found for extension in extensions.values() for name, found in extension.orderings.items()}


def both_ways(*names: Iterable[str]) -> list[str]:
    """Return what the parameter ``ordering`` may be: each name, and each with ``-`` for the other way round."""
    return [spelled for some in names for name in some for spelled in (name, f"-{name}")]


def add_event_extension(
    config: Configurator,
    name: str,
    *,
    view: type[Schema],
    read: Read,
    body: type[Schema] | None = None,
    write: Write | None = None,
    orderings: Mapping[str, EventOrdering] | None = None,
) -> None:
    """Directive: show ``extensions.<name>`` in the JSON of events, as `view` describes it.

    ``read(event_ids, ...)`` returns the values by event id, for all events of a list at once; an event that it leaves out
    has no such extension. With `body` and ``write(event_id, values, ...)`` clients may write it, too: `values` are checked
    by `body`, and kept in the transaction that makes or changes the event. `orderings` adds to the parameter ``ordering``
    of the list of events.
    """
    plugin = config.registry.plugins.registrar(read)
    answered, accepted = view(), body() if body is not None else None
    if (body is None) != (write is None):
        raise StartError(f"the extension {name} of events needs both, a body and a function to write it, or neither")
    for ordering, columns in (orderings or {}).items():
        _check_ordering(ordering, columns)

    def register() -> None:
        config.registry.event_extensions[name] = EventExtension(
            name,
            answered,
            read,
            accepted,
            write,
            orderings or {},
            plugin,
            providers_for(config.registry, read, _parameter(read, 0)),
            {} if write is None else providers_for(config.registry, write, _parameter(write, 0), _parameter(write, 1)),
        )

    introspectable = config.introspectable("turnout event extensions", name, name, "event extension")
    config.action(("turnout extension", name), register, introspectables=(introspectable,), order=SERVICES_ARE_KNOWN)
    config.registry.openapi_answers.append(answered)
    for ordering in orderings or {}:
        config.action(("turnout event ordering", ordering))


def _check_ordering(name: str, ordering: EventOrdering) -> None:
    """Raise `StartError` for what would lose events of the list, or show one twice."""
    if name in ORDERINGS:
        raise Clash(f"it and Turnout both claim the event ordering {name}")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise StartError(
            f"the name of the event ordering {name!r} must be of lower-case letters, digits and underscores"
        )
    table = ordering.event_id.class_.__table__
    if ordering.column.class_ is not ordering.event_id.class_ or ordering.column.nullable:
        raise StartError(f"the event ordering {name} needs a column of {table.name} that is never null")
    if [column.name for column in table.primary_key] != [ordering.event_id.key] and not ordering.event_id.unique:
        raise StartError(
            f"the event ordering {name} needs one row for each event: let {table.name}.{ordering.event_id.key} be unique"
        )


def _parameter(function: Callable[..., Any], place: int) -> str:
    return list(inspect.signature(function).parameters)[place]


class Part(colander.Mapping):
    """What one extension takes, in a form: left empty as a whole where it could not be, it is not said at all."""

    def deserialize(self, node: colander.SchemaNode, cstruct: Any) -> Any:
        """Return the values, or null."""
        try:
            return super().deserialize(node, cstruct)
        except colander.Invalid:
            said = cstruct.values() if isinstance(cstruct, Mapping) else ()
            if any(value not in (colander.null, None, "", "false", []) for value in said):
                raise
            return colander.null


def _said(body: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is otherwise than if nothing had been said: in JSON nothing is not the same as empty text."""
    return {node.name: given[node.name] for node in body.children if given.get(node.name) != node.missing}


def _as_json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _as_json(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_as_json(one) for one in value]
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def form_of_extensions(registry: Registry) -> colander.SchemaNode | None:
    """Return what extensions take, as a part of the form of events; None if they take nothing."""
    node = colander.SchemaNode(colander.Mapping(), missing=dict)
    for name, extension in sorted(registry.event_extensions.items()):
        if extension.body is not None:
            part = extension.body.clone()
            part.typ, part.name, part.missing = Part(), name, colander.drop
            part.title = in_words(name) if extension.plugin is None else extension.plugin.manifest.title
            node.add(part)
    return node if node.children else None


def form_of_plugins(registry: Registry) -> colander.SchemaNode | None:
    """Return the switches of plugins, as a part of the form of events; None if no plugin can be switched."""
    node = colander.SchemaNode(colander.Mapping(), missing=dict)
    plugins = registry.plugins.enabled
    for name in sorted(registry.plugins.switchable):
        manifest = plugins[name].manifest
        node.add(flag(name=name, title=manifest.title, description=manifest.description, missing=False))
    return node if node.children else None


def describe_extensions(config: Configurator) -> Callable[[Components, bool], JSONSchema]:
    """Return what describes extensions in OpenAPI."""

    def describe(components: Components, answer: bool) -> JSONSchema:  # noqa: FBT001 - as `Components` calls it
        known: Mapping[str, EventExtension] = config.registry.event_extensions
        members = {
            name: components.answer(extension.view) if answer else components.body(extension.body)
            for name, extension in sorted(known.items())
            if answer or extension.body is not None
        }
        return {"type": "object", "properties": members} | ({} if answer else {"additionalProperties": False})

    return describe


def describe_orderings(config: Configurator) -> Callable[[Components, bool], JSONSchema]:
    """Return what describes the orderings of the list of events in OpenAPI."""

    def describe(_components: Components, _answer: bool) -> JSONSchema:  # noqa: FBT001 - as `Components` calls it
        added = orderings_of(config.registry.event_extensions)
        return {"type": "string", "enum": both_ways(ORDERINGS, added)}

    return describe


def describe_plugins(config: Configurator) -> Callable[[Components, bool], JSONSchema]:
    """Return what describes the switches of an event in OpenAPI."""

    def describe(_components: Components, answer: bool) -> JSONSchema:  # noqa: FBT001 - as `Components` calls it
        names = sorted(config.registry.plugins.switchable)
        found: JSONSchema = {"type": "object", "properties": {name: {"type": "boolean"} for name in names}}
        return found | ({} if answer else {"additionalProperties": False})

    return describe
