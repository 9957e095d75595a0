"""The page of one thing."""

from collections.abc import Mapping
from typing import Any

from pyramid.request import Request

from turnout.admin.actions import Done
from turnout.admin.context import actions_for, links_for
from turnout.admin.guarding import blocks_of, is_on_page
from turnout.admin.panels import EVERYWHERE, Block, Panel
from turnout.admin.sections import AdminSection
from turnout.admin.shown import facts, zone_of


def row_id(request: Request) -> Any:
    """Return the id in the path: a number or, where the section's `ids` are texts, a text; None where there is none."""
    given = request.matchdict.get("id")
    return int(given) if given is not None and given.isdigit() else given


def show(request: Request, section: AdminSection) -> dict[str, Any]:
    """Show a thing: its facts, what can be done with it, and what others add."""
    row = section.get(row_id(request), actor=request.actor)
    may_update = (
        section.can("update")
        and request.has_permission(section.permissions["update"])
        and section.may_edit(row, request.actor)
    )
    return {
        "section": section,
        "row": row,
        "label": section.label(row),
        "zone": zone_of(request, section, row),
        "facts": list(facts(section, row)),
        "may_update": may_update,
        "actions": actions_for(request, section, row),
        "links": links_for(request, section, row),
        "panels": panels_of(request, section.name, row),
        "goes_on": _goes_on(request, section, row),
    }


def _goes_on(request: Request, section: AdminSection, row: Mapping[str, Any]) -> bool:
    """Tell whether the page reads itself again. When that is over it is loaded as a whole: buttons are others then, too."""
    found = section.goes_on(row)
    if not found and "HX-Request" in request.headers:
        request.response.headers["HX-Refresh"] = "true"
    return found


def panels_of(request: Request, name: str, *row: Mapping[str, Any]) -> list[tuple[Panel, list[Block]]]:
    """Return the panels of a page that whoever asks may see, with what is in them."""
    panels = request.registry.admin_sections.panels
    wanted: list[tuple[Any, Panel, tuple[Any, ...]]] = [(of, panel, row) for of, panel in panels.get(name, ())]
    if row:
        wanted += [(of, panel, (name, *row)) for of, panel in panels.get(EVERYWHERE, ())]
    found = []
    for of, panel, given in sorted(wanted, key=lambda one: one[1].order):
        if panel.permission is not None and not request.has_permission(panel.permission):
            continue
        if is_on_page(request, of, name, *row) and (blocks := blocks_of(request, of, panel, *given)):
            found.append((panel, blocks))
    return found


def show_secret(request: Request, section: AdminSection, label: str, done: Done, back: str) -> dict[str, Any]:
    """Show a secret, this once, in the answer itself: it is in no cookie, no address and no second page."""
    request.override_renderer = "turnout.admin:templates/secret.jinja2"
    request.response.headers["Cache-Control"] = "no-store"
    return {"section": section, "label": label, "done": done, "back": back}
