"""Plugins over REST."""

from typing import Any

from pyramid.request import Request

from turnout.api.pages import page, paging_of
from turnout.api.service import Service
from turnout.paging import part_of
from turnout.plugin import schemas
from turnout.plugin.services import PluginCatalog

plugins = Service("plugins", "/plugins", "Plugins")
SERVICES = (plugins,)


@plugins.get(permission="plugins:read", query=schemas.PluginQuery, answer=schemas.PluginPage)
def list_plugins(request: Request) -> dict[str, Any]:
    """List the plugins that are installed, and those that are enabled but cannot be used."""
    paging = paging_of(request)
    return page(request, part_of(request.find_service(PluginCatalog).all(), paging))
