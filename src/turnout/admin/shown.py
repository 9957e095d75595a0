"""What of a thing is shown, and how: values as the kinds of blocks that templates know."""

from collections.abc import Iterator, Mapping
from typing import Any

import colander
from pyramid.request import Request

from turnout import schema as fields
from turnout.admin.forms.widgets import words_of
from turnout.admin.forms.words import in_words
from turnout.admin.panels import Badge, Link, Money, Share
from turnout.admin.sections import AdminSection, Column, value_at


def columns_of(given: tuple[str | Column, ...]) -> list[Column]:
    """Return columns, those that are only named written out."""
    return [column if isinstance(column, Column) else Column(column) for column in given]


def sheet_columns_of(section: AdminSection) -> list[Column]:
    """Return the columns of a list's sheet: after each amount its currency, where things have one."""
    found = columns_of(section.columns)
    currency = Column("currency")
    if _node_at(section.view(), currency.name) is None or currency.name in {column.name for column in found}:
        return found
    return [
        one for column in found for one in ([column, currency] if kind_of(section, column) == "money" else [column])
    ]


def facts_of(section: AdminSection) -> list[Column]:
    """Return what a thing's page shows: what the section says, or all that its schema has."""
    if section.facts:
        return columns_of(section.facts)
    hidden = {"id", section.label_by}
    return [Column(node.name) for node in section.view().children if node.name not in hidden]


def title_of(section: AdminSection, column: Column) -> str:
    """Return the heading of a column."""
    node = _node_at(section.view(), column.name)
    if column.title is not None:
        return column.title
    return str(node.title) if node is not None and node.raw_title is not colander.required else in_words(column.name)


def kind_of(section: AdminSection, column: Column) -> str:
    """Return what kind of value a column has, for sheets: text, whole, money, moment, day or flag."""
    node = _node_at(section.view(), column.name)
    match node.typ if node is not None else None:
        case fields.Money():
            return "money"
        case fields.Whole() if column.to is None:
            return "whole"
        case fields.Timestamp():
            return "moment"
        case fields.Day():
            return "day"
        case colander.Boolean():
            return "flag"
    return "text"


def cell(section: AdminSection, column: Column, row: Mapping[str, Any]) -> Any:
    """Return the value of a column as it is shown."""
    value = value_at(row, column.name)
    node = _node_at(section.view(), column.name)
    shown: Any
    if value is None or isinstance(value, (Badge, Link, Money, Share)):
        shown = value
    elif column.to is not None:
        target = value_at(row, column.id or column.name)
        shown = _name(value) if target is None else Link(_name(value), column.to, target)
    elif node is None:
        shown = value
    elif isinstance(node.typ, fields.Money):
        shown = Money(value, row.get("currency", ""))
    elif isinstance(node.typ, colander.Sequence):
        are_words = words_of(node.children[0]) is not None
        shown = [Badge(one, "") if are_words else _name(one) for one in value]
    elif isinstance(node.typ, colander.Mapping):
        shown = _name(value)
    else:
        shown = value if words_of(node) is None else Badge(str(value), "")
    return shown


def facts(section: AdminSection, row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Give what a thing's page shows of it: titles with values."""
    for column in facts_of(section):
        yield title_of(section, column), cell(section, column, row)


def plain(column: Column, row: Mapping[str, Any]) -> Any:
    """Return the value of a column for a sheet."""
    value = value_at(row, column.name)
    if isinstance(value, (Badge, Link)):
        return value.text
    if isinstance(value, Share):
        return str(value.value) if value.most is None else f"{value.value} of {value.most}"
    if isinstance(value, Mapping):
        return _name(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(_name(one) for one in value)
    return value


def _name(value: Any) -> str:
    if not isinstance(value, Mapping):
        return str(value)
    return str(
        next((value[name] for name in ("name", "title", "username", "code") if value.get(name)), value.get("id", ""))
    )


def _node_at(node: colander.SchemaNode | None, path: str) -> colander.SchemaNode | None:
    for name in path.split("."):
        node = None if node is None else next((child for child in node.children if child.name == name), None)
    return node


def zone_of(request: Request, section: AdminSection, row: Mapping[str, Any]) -> str:
    """Return the time zone to show a thing's moments in: its own, or the installation's."""
    zone: str = section.zone(row) or request.registry.settings["admin.timezone"]
    return zone
