"""The filters of a list: the members of its query, as fields above it."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

import colander
import deform
from markupsafe import Markup
from pyramid.request import Request

from turnout import schema as fields
from turnout.admin.forms.schemas import defaults
from turnout.admin.forms.widgets import Choice, Moment, Setting, dress, words_of
from turnout.admin.forms.words import in_words, said
from turnout.admin.rendering import render_widget
from turnout.admin.sections import AdminSection
from turnout.api.reading import query_pairs
from turnout.paging import Paging

PAGING = ("page", "page_size", "cursor")
PAGE_SIZE = 25


class Filters:
    """What was asked for by the query parameters; what makes no sense says so at its field, and filters nothing."""

    def __init__(self, request: Request, section: AdminSection, setting: Setting) -> None:
        schema = section.query()
        self.given = {name: value for name, value in query_pairs(request) if value != ""}
        self.defaults = defaults(section.query)
        self.values = dict(self.defaults)
        self.ordering = schema.get("ordering")
        paging = {node.name: node for node in schema.children if node.name in PAGING}
        self.form = _form(request, schema, setting)
        self.active: dict[str, str] = {}
        for field in self.form.children:
            if field.name in self.given:
                self._read(field, self.given[field.name])
        if self.ordering is not None:
            self._order(section)
        self.paging = Paging(
            *(self._part(paging[name], default) for name, default in zip(PAGING, (1, PAGE_SIZE, None), strict=True))
        )
        if self.paging.size != PAGE_SIZE:
            self.active["page_size"] = str(self.paging.size)
        for name in PAGING:
            self.values.pop(name, None)

    def _read(self, field: deform.Field, raw: str) -> None:
        try:
            field.cstruct = raw
            cstruct = field.widget.deserialize(field, raw)
            self.values[field.name] = field.schema.deserialize(cstruct)
            self.active[field.name] = raw
        except colander.Invalid as error:
            field.error = error

    def drop(self, names: Iterable[str]) -> None:
        """Filter by these members no more."""
        for name in names:
            self.active.pop(name, None)
            if name in self.defaults:
                self.values[name] = self.defaults[name]

    def _order(self, section: AdminSection) -> None:
        wanted = self.given.get("ordering")
        if wanted is not None and wanted in orderings_of(section):
            self.values["ordering"] = wanted
            self.active["ordering"] = wanted

    def _part(self, node: colander.SchemaNode, default: Any) -> Any:
        if node.name not in self.given:
            return default
        try:
            return node.deserialize(self.given[node.name])
        except colander.Invalid:
            return default

    @property
    def fields(self) -> list[tuple[deform.Field, Markup]]:
        """Return the fields with their HTML."""
        return [(field, Markup(field.serialize(field.cstruct))) for field in self.form.children]  # noqa: S704 - our templates escape

    @property
    def wrong(self) -> dict[str, str]:
        """Return what is wrong, by field."""
        return {field.name: said(field) for field in self.form.children if field.error is not None}

    @property
    def is_filtered(self) -> bool:
        """Tell whether something is left out."""
        return bool(self.active.keys() - {"ordering", "page_size"})

    def query(self, **changed: Any) -> str:
        """Return the query string of this list with some parameters changed; None takes one away."""
        merged = {**self.active, **changed}
        found = urlencode({name: value for name, value in merged.items() if value is not None})
        return f"?{found}" if found else "?"


def orderings_of(section: AdminSection) -> list[str]:
    """Return how the list can be sorted, as its query says."""
    node = section.query().get("ordering")
    return [] if node is None else [*(words_of(node) or ()), *section.orderings]


def _form(request: Request, schema: colander.SchemaNode, setting: Setting) -> deform.Form:
    node = schema.clone()
    node.children = [child for child in node.children if child.name not in {*PAGING, "ordering", *setting.left_out}]
    for child in node.children:
        child.missing = None
        if isinstance(child.typ, colander.Boolean):
            child.widget = Choice([("true", "Yes"), ("false", "No")])
        elif isinstance(child.typ, fields.Timestamp):
            child.widget = Moment(setting.zone, exact=False)
        elif child.name == "search":
            child.title = "Search"
        elif (
            isinstance(child.typ, fields.Whole)
            and child.name not in setting.pickers
            and child.raw_title is colander.required
        ):
            child.title = in_words(child.name)
    dress(node, setting)
    return deform.Form(
        node, renderer=lambda template, **given: render_widget(request, template, given), formid="filters", focus="off"
    )
