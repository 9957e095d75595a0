"""What the pages of sections need to know beside their own: the form's setting, and what may be done."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from pyramid.request import Request

from turnout import schema as fields
from turnout.admin.actions import ONE, Action
from turnout.admin.filters import Filters
from turnout.admin.forms.schemas import defaults
from turnout.admin.forms.widgets import Choices, Picker, Setting
from turnout.admin.guarding import is_on_page
from turnout.admin.registry import Section, section_of
from turnout.admin.sections import AdminSection, PageLink, value_at
from turnout.admin.sent import number
from turnout.errors import DomainError
from turnout.images.services import ImageService, path_of
from turnout.paging import Paging

OFFERED = 50
"""How many things a picker offers before anything is typed."""


def setting_of(request: Request, section: AdminSection, values: Mapping[str, Any] | None = None) -> Setting:
    """Return what a form of `section` needs to know; `values` are those that it begins with, or that were sent."""
    values = {name: value for name, value in (values or {}).items() if not hasattr(value, "file")}
    zone = section.zone(values)
    if zone not in fields.timezones():  # whatever was sent
        zone = request.registry.settings["admin.timezone"]
    currency = values.get("currency") or request.registry.settings["events.currency"]
    sections = request.registry.admin_sections.by_name
    pickers = {
        name: picker(request, target)
        for name, target in section.pickers.items()
        if target in sections and request.has_permission(sections[target].permissions["read"])
    }
    for name, few in section.offered(values, actor=request.actor).items():
        pickers[name] = Picker(partial(_all, few), "")
    keep = _keeper(request) if request.has_permission("images:create") else None
    left_out = section.pickers.keys() - pickers.keys()
    return Setting(zone, currency, pickers, left_out, keep, partial(_seen_at, request))


def filters_of(request: Request, section: AdminSection) -> Filters:
    """Return what a request's parameters ask for, read by the section's `query`, and the fields to ask with."""
    return Filters(request, section, setting_of(request, section))


def _keeper(request: Request) -> Callable[[bytes], str]:
    def keep(data: bytes) -> str:
        kept = request.find_service(ImageService).keep(data, actor=request.actor)
        # Also if the form is refused: then the picture's address stands in it, to be sent again. Nothing else is written.
        request.response.headers["X-Tm"] = "commit"
        return kept.url

    return keep


def _seen_at(request: Request, address: str) -> str:
    """Return where a picture is seen on this host, the only one of which pages show any: `images.url` may be another."""
    path = path_of(address)
    return "" if path is None else f"{request.script_name}{path}"


def _all(few: Choices, _chosen: Sequence[str]) -> Choices:
    return few


def picker(request: Request, target: str) -> Picker:
    """Return how a field chooses a thing of the section `target`."""

    def some(chosen: Sequence[str]) -> Choices:
        found = choices(request, target, None)
        missing = [one for one in chosen if one not in {value for value, _ in found}]
        return [*found, *(_named(request, target, one) for one in missing)]

    return Picker(some, request.route_path(f"admin:{target}:choices"))


def choices(request: Request, target: str, search: str | None) -> Choices:
    """Return things of a section that whoever asks may see, and what they are called."""
    section = section_of(request, target)
    filters = defaults(section.query)
    if search and "search" in filters:
        filters["search"] = search
    rows = section.find(filters, Paging(1, OFFERED), actor=request.actor).rows
    found = [(str(value_at(row, section.chosen_by)), section.label(row)) for row in rows]
    if search and "search" not in filters:
        found = [one for one in found if search.lower() in one[1].lower()]
    return found


def _named(request: Request, target: str, value: str) -> tuple[str, str]:
    """Return what was picked before, or typed by somebody, with its name if it has one."""
    section = section_of(request, target)
    row_id = number(value)
    if section.chosen_by != "id" or row_id is None or not section.can("get"):
        return value, value
    try:
        return value, section.label(section.get(row_id, actor=request.actor))
    except DomainError:
        return value, value


def actions_for(request: Request, section: AdminSection, row: Mapping[str, Any]) -> list[tuple[Section, Action]]:
    """Return what whoever asks can do with a thing in its present state, with the sections that it is of."""
    return [
        (of, action)
        for of, action in request.registry.admin_sections.actions.get(section.name, ())
        if action.scope == ONE
        and is_on_page(request, of, section.name, row)
        and action.is_possible(row)
        and request.has_permission(action.permission)
        and section.may_change(row, request.actor)
    ]


def links_for(request: Request, section: AdminSection, row: Mapping[str, Any]) -> list[tuple[PageLink, str]]:
    """Return the buttons that lead to pages of features' own, with their addresses."""
    return [
        (link, request.route_path(link.route, id=row["id"], _query=link.query(row) if link.query else None))
        for of, link in request.registry.admin_sections.links.get(section.name, ())
        if is_on_page(request, of, section.name, row)
        and (link.when is None or link.when(row))
        and request.has_permission(link.permission)
        and section.may_change(row, request.actor)
    ]
