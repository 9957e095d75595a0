"""``/admin``: what needs to be seen first; features and plugins fill it with panels."""

from typing import Any

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response

from turnout.admin.destinations import destination
from turnout.admin.panels import ATTENTION, DASHBOARD, Block
from turnout.admin.registry import require_entry
from turnout.admin.sections import ENTER
from turnout.admin.views.pages import panels_of

THEMES = ("light", "dark", "auto")
YEAR = 365 * 24 * 3600


def show(request: Request) -> dict[str, Any]:
    """Show the dashboard."""
    require_entry(request)
    return {"attention": _attention(request), "panels": panels_of(request, DASHBOARD)}


def _attention(request: Request) -> list[Block] | None:
    """Return what somebody has to look after; None for whoever is not staff."""
    if not request.actor.is_staff:
        return None
    return [block for _, blocks in panels_of(request, ATTENTION) for block in blocks]


def choose_theme(request: Request) -> Response:
    """Keep whether pages are light or dark, or as the browser wants them."""
    theme = request.POST.get("theme")
    response = HTTPSeeOther(destination(request))
    if theme in THEMES:
        secure = request.registry.settings["turnout.environment"] == "production"
        response.set_cookie("turnout_theme", theme, max_age=YEAR, path="/admin", samesite="Lax", secure=secure)
    return response


def includeme(config: Configurator) -> None:
    config.add_route("admin", "/admin")
    config.add_view(
        show,
        route_name="admin",
        request_method="GET",
        permission=ENTER,
        renderer="turnout.admin:templates/dashboard.jinja2",
    )
    config.add_route("admin:theme", "/admin/theme")
    config.add_view(choose_theme, route_name="admin:theme", request_method="POST", permission=ENTER)
