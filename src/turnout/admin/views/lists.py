"""The list of a section."""

from typing import Any

from pyramid.request import Request

from turnout.admin.actions import ALL
from turnout.admin.context import setting_of
from turnout.admin.filters import Filters, orderings_of
from turnout.admin.sections import AdminSection, Column
from turnout.admin.shown import cell, columns_of, title_of
from turnout.errors import Invalid
from turnout.paging import Paging, Slice


def show(request: Request, section: AdminSection) -> dict[str, Any]:
    """Show the part of the list that was asked for."""
    filters = Filters(request, section, setting_of(request, section))
    found, problems = _found(request, section, filters)
    columns = columns_of(section.columns)
    actions = [
        action for action in section.actions() if action.on is None and request.has_permission(action.permission)
    ]
    return {
        "section": section,
        "filters": filters,
        "found": found,
        "problems": problems,
        "headings": [(title_of(section, column), _sorting(section, column, filters)) for column in columns],
        "rows": [(row, section.label(row), [cell(section, column, row) for column in columns]) for row in found.rows],
        "bulk": [action for action in actions if action.bulk],
        "buttons": [action for action in actions if action.scope == ALL],
        "may_create": section.can("create") and request.has_permission(section.permissions["create"]),
    }


def _found(request: Request, section: AdminSection, filters: Filters) -> tuple[Slice, list[str]]:
    try:
        return section.find(filters.values, filters.paging, actor=request.actor), []
    except Invalid as error:
        # Of a page too deep, or a cursor of another ordering: begin again.
        problems = [f"{name}: {message}" for name, message in error.errors]
        filters.paging = Paging(1, filters.paging.size)
        return section.find(filters.values, filters.paging, actor=request.actor), problems


def _sorting(section: AdminSection, column: Column, filters: Filters) -> tuple[str, str] | None:
    """Return the ordering that a click on a heading leads to, and how the list is sorted by it now."""
    words = orderings_of(section)
    name = column.name.partition(".")[0]
    if name not in words and f"-{name}" not in words:
        return None
    now = filters.values.get("ordering")
    state = "ascending" if now == name else "descending" if now == f"-{name}" else "none"
    wanted = f"-{name}" if state == "ascending" or name not in words else name
    if wanted not in words:
        wanted = name
    return filters.query(ordering=wanted, page=None, cursor=None), state
