"""A form: drawn, read, and drawn again with what is wrong at each field."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import colander
import deform
import peppercorn
from deform.exception import ValidationFailure
from markupsafe import Markup
from pyramid.request import Request

from turnout import schema as fields
from turnout.admin.forms.schemas import appstruct, form_schema
from turnout.admin.forms.widgets import Moment, Picture, Setting, Several, dress, limits
from turnout.admin.forms.words import said
from turnout.admin.rendering import render_widget
from turnout.api.reading import message_of

OURS = frozenset({"csrf_token", "version", "seen", "confirmation", "add", "remove", "__formid__", "_charset_"})
"""What a page sends beside the schema's members."""
MARKERS = frozenset({"__start__", "__end__"})
MOST_CONTROLS = 10_000
"""Of a form: a booking of 1,000 places has five for each."""


class Rejected(Exception):
    """What was sent cannot be accepted; the form says why at each field."""


class Form(deform.Form):
    """A Deform form of `schema`, filled in with `values`, which are as the API shows them."""

    def __init__(
        self, request: Request, schema: type[fields.Schema], setting: Setting, values: Mapping[str, Any] | None = None
    ) -> None:
        node = form_schema(schema, request.registry)
        node.children = [
            child for child in node.children if child.missing is not colander.drop or child.name not in setting.left_out
        ]
        dress(node, setting)
        super().__init__(
            node,
            renderer=lambda template, **given: render_widget(request, template, given),
            formid="form",
            focus="off",
            **({} if values is None else {"appstruct": appstruct(node, values)}),
        )
        self.problems: list[str] = []
        """What is wrong that belongs to no field."""

    @property
    def is_rejected(self) -> bool:
        """Tell whether something is wrong with what was sent."""
        return bool(self.problems) or bool(self.wrong)

    def read(self, controls: Iterable[tuple[str, Any]]) -> dict[str, Any]:
        """Return the checked values that were sent. Raises `Rejected`."""
        try:
            found: dict[str, Any] = self.validate_pstruct(self._sent(controls))
        except ValidationFailure:
            if self.error is not None and self.error.msg:
                self.problems.append(message_of(self.error))
            raise Rejected from None
        return found

    def _sent(self, controls: Iterable[tuple[str, Any]]) -> Any:
        """Return what was sent in the shape of the schema; anybody can send any other. Raises `Rejected`."""
        controls = list(controls)
        if len(controls) > MOST_CONTROLS:
            self.problems.append(f"More than {MOST_CONTROLS:,} fields were sent.")
            raise Rejected
        try:
            given = peppercorn.parse([(name, value) for name, value in controls if _is_sound(name, value)])
        except ValueError:
            given = {}
        return _shaped(self, given)

    def change(self, controls: Iterable[tuple[str, Any]], *, add: str | None = None, remove: str | None = None) -> None:
        """Add an empty entry to a list (`add` names it), or `remove` one ("name:2"), for whoever has no JavaScript.

        Raises `Rejected`.
        """
        try:
            self.cstruct = self.deserialize(self._sent(controls))
        except colander.Invalid as error:
            self.cstruct = error.value
        name, _, place = (add or remove or "").partition(":")
        for child in self.children:
            if child.name == name and isinstance(child.typ, colander.Sequence) and hasattr(child, "sequence_fields"):
                entries, subfields = list(child.cstruct or ()), child.sequence_fields
                if add is not None:
                    subfields.append(child.children[0].clone())
                    entries.append(subfields[-1].cstruct)
                elif re.fullmatch("[0-9]{1,4}", place) and int(place) < len(entries):
                    del entries[int(place)], subfields[int(place)]
                child.cstruct = entries

    def reject(self, errors: Sequence[tuple[str, str]]) -> Self:
        """Put messages of a service to their fields, by paths such as ``ticket_types[0].name``."""
        for path, message in errors:
            field = self._field(path)
            if field is None:
                self.problems.append(f"{path}: {message}" if path else message)
            else:
                field.error = colander.Invalid(field.schema, message)
        return self

    def bring_back(self, name: str, entry: Mapping[str, Any]) -> None:
        """Add an entry to the list `name` that was taken away from it, and cannot be."""
        field = next(child for child in self.children if child.name == name)
        again = field.children[0].clone()
        again.cstruct = again.schema.serialize(appstruct(again.schema, entry))
        field.sequence_fields.append(again)
        field.cstruct = [*field.cstruct, again.cstruct]
        self.cstruct = {**self.cstruct, name: field.cstruct}

    def note(self, path: str, text: str) -> None:
        """Say something at a field."""
        field = self._field(path)
        if field is not None:
            field.note = text

    def _field(self, path: str) -> deform.Field | None:
        found: Any = self
        for name in re.findall(r"[^.\[\]]+", path):
            if name.isdecimal():
                subfields = getattr(found, "sequence_fields", [])
                found = subfields[int(name)] if int(name) < len(subfields) else found
            else:
                found = next((child for child in found.children if child.name == name), None)
            if found is None:
                return None
        return None if found is self else found

    @property
    def markup(self) -> Markup:
        """Return the fields, without the element of the form itself."""
        return Markup(self.render_fields())  # noqa: S704 - templates of ours, which escape

    def render_fields(self) -> str:
        """Return the fields as HTML, with the values that they have."""
        return str(self.widget.serialize(self, self.cstruct))

    @property
    def wrong(self) -> list[tuple[str, str, str]]:
        """Return of each field that is wrong its id, its title and what is wrong, for the list above the form."""
        return list(_wrong(self))


def _is_sound(name: Any, value: Any) -> bool:
    """Tell whether a control is one that a page can have sent: anybody can send a file in any's place."""
    return isinstance(name, str) and name not in OURS and (name not in MARKERS or isinstance(value, str))


def _shaped(field: deform.Field, given: Any) -> Any:
    """Return of `given` what a field can be: groups where it is a group, lists where it is a list, else text.

    Of a list that is too long as much as its schema needs to say so: each entry takes time to read, and to draw again.
    """
    if isinstance(given, list):
        most = limits(field.schema, fields.Length)[1]
        given = given if most is None else given[: most + 1]
    if isinstance(field.typ, colander.Mapping):
        members = given if isinstance(given, dict) else {}
        return {child.name: _shaped(child, members.get(child.name, colander.null)) for child in field.children}
    if isinstance(field.widget, Several):
        return [_shaped(field.children[0], one) for one in given] if isinstance(given, list) else []
    if isinstance(given, str) or isinstance(field.widget, (Picture, Moment)):
        return given
    if isinstance(given, list) and isinstance(field.typ, colander.Sequence):
        return [one for one in given if isinstance(one, str)]
    return colander.null


def _wrong(field: deform.Field) -> Iterable[tuple[str, str, str]]:
    subfields = getattr(field, "sequence_fields", None)
    for child in field.children if subfields is None else subfields:
        deeper = list(_wrong(child))
        if deeper:
            yield from deeper
        elif child.error is not None:
            yield child.oid, child.title, said(child)
