"""The sections that there are, and the directive that adds one."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Any
from urllib.parse import urlencode

from pyramid.config import PHASE1_CONFIG, Configurator
from pyramid.request import Request

from turnout.admin.actions import ALL, ONE, Action
from turnout.admin.panels import Panel
from turnout.admin.sections import ENTER, GROUPS, AdminSection, PageLink
from turnout.api.service import about_no_event
from turnout.errors import StartError
from turnout.plugin.discovery import Loaded

Section = type[AdminSection]


@dataclass(slots=True)
class Sections:
    """All sections by name, and what each adds to the pages of others."""

    by_name: dict[str, Section] = field(default_factory=dict)
    actions: dict[str, list[tuple[Section, Action]]] = field(default_factory=dict)
    panels: dict[str, list[tuple[Section, Panel]]] = field(default_factory=dict)
    links: dict[str, list[tuple[Section, PageLink]]] = field(default_factory=dict)
    plugins: dict[str, Loaded] = field(default_factory=dict)
    """Whose a section is, by its name; the core's are not among them."""

    def add(self, section: Section, plugin: Loaded | None = None) -> None:
        """Add a section with what it adds to others."""
        if plugin is not None:
            self.plugins[section.name] = plugin
        if section.can("find") or section.can("get") or section.entry() is not None:
            self.by_name[section.name] = section
        for action in section.actions():
            self.actions.setdefault(action.on or section.name, []).append((section, action))
        for panel in section.panels():
            self.panels.setdefault(panel.on or section.name, []).append((section, panel))
            self.panels[panel.on or section.name].sort(key=lambda found: found[1].order)
        for link in section.links:
            self.links.setdefault(link.on or section.name, []).append((section, link))

    def menu(self, request: Request) -> Iterator[tuple[str, list[Section]]]:
        """Give the groups with the sections that whoever asks may see, in order."""
        seen = [
            section
            for section in self.by_name.values()
            if (permission := section.entry()) is not None and request.has_permission(permission)
        ]
        groups = [*GROUPS, *sorted({section.group for section in seen} - set(GROUPS))]
        for group in groups:
            found = sorted(
                (one for one in seen if one.group == group), key=lambda section: (section.order, section.title)
            )
            if found:
                yield group, found

    def address(self, request: Request, name: str, row_id: int | str | None, filters: Mapping[str, Any]) -> str | None:
        """Return where a thing, or a list, is; None where it is nowhere, or not for whoever asks."""
        section = self.by_name.get(name)
        if section is None or (row_id is not None and (section.single or not section.can("get"))):
            return None
        permission = section.entry() if row_id is None else section.permissions["read"]
        if permission is None or not request.has_permission(permission):
            return None
        if row_id is None:
            query = urlencode(filters)
            return str(request.route_path(f"admin:{name}")) + (f"?{query}" if query else "")
        return str(request.route_path(f"admin:{name}:one", id=row_id))


def add_admin_section(config: Configurator, section: Section) -> None:
    """Directive: show a feature in the admin UI: an `AdminSection` with its list, pages, forms and buttons.

    The same class may add panels and buttons to other sections' pages and to the dashboard (``on=``); one that does only
    that has neither `find` nor `get`, and no place in the menu.

        config.add_admin_section(ReviewSection)
    """
    from turnout.admin.views import acting, choosing, editing, exporting, lists, pages

    name = section.name
    _check(section)
    plugin = config.registry.plugins.registrar(section)
    config.add_service(section)
    introspectable = config.introspectable("turnout admin", name, name, "admin section")
    introspectable["section"] = section
    config.action(
        ("turnout admin section", name),
        lambda: config.registry.admin_sections.add(section, plugin),
        introspectables=(introspectable,),
        order=PHASE1_CONFIG,
    )

    def add(route: str, path: str, permission: str, *views: tuple[str, Callable[..., Any], str | None]) -> None:
        config.add_route(f"admin:{name}{route}", f"/admin/{name}{path}")
        for method, view, template in views:
            answer(route, permission, method, view, _renderer(template))

    def answer(route: str, permission: str, method: str, view: Callable[..., Any], renderer: str | None) -> None:
        config.add_view(
            bound(view, section),
            route_name=f"admin:{name}{route}",
            request_method=method,
            permission=permission,
            renderer=renderer,
            event_of=about_no_event,
        )

    may, one = section.permissions, f"/{{id:{section.ids}}}"
    if section.single:
        add("", "", may["update"], ("GET", editing.edit, "form"), ("POST", editing.update, "form"))
    if section.can("find"):
        add("", "", may["read"], ("GET", lists.show, "list"))
        add(":choices", "/choices", may["read"], ("GET", choosing.search, "json"))
        add(":export", "/export.{format:csv|xlsx}", may["read"], ("GET", exporting.export, None))
    if section.can("create"):
        add(":new", "/new", may["create"], ("GET", editing.begin, "form"), ("POST", editing.create, "form"))
    if section.can("get") and not section.single:
        add(":one", one, may["read"], ("GET", pages.show, "page"))
    if section.can("update") and not section.single:
        add(":edit", f"{one}/edit", may["update"], ("GET", editing.edit, "form"), ("POST", editing.update, "form"))
    for action in section.actions():
        _add_action(add, action, one if action.on is None else f"/{{id:{AdminSection.ids}}}", acting)
    _add_own_pages(add, answer, section, one)


def _add_own_pages(add: Callable[..., None], answer: Callable[..., None], section: Section, one: str) -> None:
    """Add the pages that a section draws itself; one address may answer several methods."""
    by_route = attrgetter("route")
    for route, drawn in groupby(sorted(section.own_pages(), key=by_route), by_route):
        pages = list(drawn)
        path = f"/{pages[0].path}".rstrip("/").replace("/{id}", one)
        add(route, path, "")
        for page in pages:
            answer(route, page.permission, page.method, page.view, page.template)


def _renderer(template: str | None) -> str | None:
    """Return the renderer of a view of the toolkit's own."""
    return template if template in {None, "json"} else f"turnout.admin:templates/{template}.jinja2"


def _add_action(add: Callable[..., None], action: Action, one: str, acting: Any) -> None:
    if action.scope == ALL:
        route, path = f":all:{action.name}", f"/all/{action.name}"
        add(
            route,
            path,
            action.permission,
            ("GET", acting.asking(action), "action"),
            ("POST", acting.doing(action), "action"),
        )
    if action.scope == ONE:
        add(
            f":one:{action.name}",
            f"{one}/{action.name}",
            action.permission,
            ("GET", acting.asking(action), "action"),
            ("POST", acting.doing(action), "action"),
        )
    if action.bulk:
        add(
            f":some:{action.name}",
            f"/some/{action.name}",
            action.permission,
            ("POST", acting.doing_some(action), "bulk"),
        )


def bound(view: Callable[[Request, Any], Any], section: Section) -> Callable[[Request], Any]:
    """Return a view of a section, for those who may enter the admin at all."""

    def entered(request: Request) -> Any:
        require_entry(request)
        return view(request, request.find_service(section))

    return entered


def require(request: Request, permission: str) -> None:
    """Raise Pyramid's refusal unless whoever asks has a permission."""
    from pyramid.httpexceptions import HTTPForbidden

    if not request.has_permission(permission):
        raise HTTPForbidden(result=request.has_permission(permission))


def require_entry(request: Request) -> None:
    """Raise Pyramid's refusal unless whoever asks may enter the admin."""
    require(request, ENTER)
    request.response.headers["Cache-Control"] = "no-store"  # it is about people, and for one person


def require_reading(request: Request, section: AdminSection) -> None:
    """Raise Pyramid's refusal unless whoever asks may see the things of a section: what is done with one shows it, too."""
    if "read" in section.permissions:
        require(request, section.permissions["read"])


def section_of(request: Request, name: str) -> AdminSection:
    """Return another section, as this request uses it."""
    found: AdminSection = request.find_service(request.registry.admin_sections.by_name[name])
    return found


def _check(section: Section) -> None:
    """Raise `StartError` for a section that lacks what it needs."""
    where = f"the admin section {section.name}"
    if not re.fullmatch(r"[a-z][a-z0-9-]*", section.name):
        raise StartError(f"{where} must have a name of lower-case letters, digits and hyphens")
    for action in section.actions():
        if action.bulk and action.form is not None:
            raise StartError(f"{where} has the action {action.name} with a form: it cannot be bulk")
        if action.asked is not None and (action.bulk or action.asks):
            raise StartError(
                f"{where} has the action {action.name} that asks beforehand: it can neither be bulk nor ask again"
            )
        if action.bulk and (action.on is not None or action.scope == ALL):
            raise StartError(f"{where} has the action {action.name} for no list of its own: it cannot be bulk")
    if section.single and not (section.can("get") and section.can("update")):
        raise StartError(f"{where} is single: it needs get and update")
    needs = [("read", "find"), ("read", "get"), ("create", "create"), ("update", "update")]
    for permission, ability in needs[2:] if section.single else needs:
        if section.can(ability) and permission not in section.permissions:
            raise StartError(f"{where} names no permission for {permission}")
        if permission in {"create", "update"} and section.can(ability) and not (section.form or section.edit_form):
            raise StartError(f"{where} has no form for {ability}")


def includeme(config: Configurator) -> None:
    config.registry.admin_sections = Sections()
    config.registry.admin_members = {}
    config.add_directive("add_admin_section", add_admin_section)
