"""The list of a section."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from pyramid.request import Request

from turnout.admin.actions import ALL
from turnout.admin.context import filters_of
from turnout.admin.filters import Filters, orderings_of
from turnout.admin.forms.words import in_words
from turnout.admin.sections import AdminSection, Column
from turnout.admin.shown import cell, columns_of, title_of
from turnout.errors import Invalid
from turnout.paging import Paging

Found = TypeVar("Found")


def show(request: Request, section: AdminSection) -> dict[str, Any]:
    """Show the part of the list that was asked for."""
    filters = filters_of(request, section)
    found, problems = found_by(partial(section.find, actor=request.actor), filters)
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


def found_by(find: Callable[[Mapping[str, Any], Paging], Found], filters: Filters) -> tuple[Found, list[str]]:
    """Return what `find` gives for the filters, and what they say that makes no sense: that is left out of them."""
    try:
        return find(filters.values, filters.paging), []
    except Invalid as error:
        # A page too deep, a cursor of another ordering, or words that the service makes nothing of: begin again without.
        problems = [f"{in_words(name)} {message}" for name, message in error.errors]
        filters.paging = Paging(1, filters.paging.size)
        filters.drop(name for name, _ in error.errors)
        return find(filters.values, filters.paging), problems


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
