"""A schema of the API as a form needs it.

In JSON a member may be left out, which is not the same as null; a form sends everything, and what is empty means null
where null is a value. What the schema says of a member that is left out is what a form to make something begins with.
"""

from collections.abc import Mapping
from typing import Any

import colander
from pyramid.registry import Registry

from turnout import schema as fields


def form_schema(schema: type[fields.Schema], registry: Registry) -> colander.SchemaNode:
    """Return the schema of a form for `schema`, with the members that plugins add to it."""
    node = schema().clone()
    _prepare(node, registry)
    return node


def _prepare(node: colander.SchemaNode, registry: Registry) -> None:
    children = []
    for child in node.children:
        if isinstance(child.typ, fields.Members):
            found = registry.admin_members[child.described_by](registry)
            if found is None:
                continue  # nobody adds anything
            found.name, found.title, found.description = child.name, child.title, child.description
            child = found  # noqa: PLW2901 - it takes its place
        _prepare(child, registry)
        missing = child.missing() if callable(child.missing) else child.missing
        child.missing = None if getattr(child, "nullable", False) else missing
        if child.missing not in (None, colander.required, colander.drop):
            child.default = child.missing  # what a new entry of a list begins with, too
        children.append(child)
    node.children = children


def defaults(schema: type[fields.Schema]) -> dict[str, Any]:
    """Return what members of `schema` are where nothing is said."""
    found = {}
    for child in schema().children:
        if child.missing not in {colander.required, colander.drop}:
            found[child.name] = child.missing() if callable(child.missing) else child.missing
    return found


def appstruct(node: colander.SchemaNode, value: Any) -> Any:
    """Return `value`, a thing as it is shown, as Deform wants it: colander's null for what is missing."""
    if value is None or value is colander.null:
        return colander.null
    if isinstance(node.typ, colander.Mapping):
        given = value if isinstance(value, Mapping) else {}
        return {child.name: appstruct(child, given.get(child.name)) for child in node.children}
    if isinstance(node.typ, colander.Sequence):
        return [appstruct(node.children[0], entry) for entry in value]
    return value
