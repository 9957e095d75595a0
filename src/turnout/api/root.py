"""``GET /api/v1``: what there is and where to find it."""

from importlib.metadata import version
from typing import Any

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPFound
from pyramid.request import Request
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED

from turnout import schema as fields
from turnout.api.service import PREFIX, Service, operations
from turnout.schema import Schema

VERSION = version("turnout")


class Root(Schema):
    """The entrance."""

    name = fields.text(100)
    version = fields.text(100)
    capabilities = fields.anything(description="What this installation can do, by name")
    links = fields.anything(description="Where the collections and documents are")


root = Service("root", "", "About")


@root.get(permission="api:read", answer=Root)
def entrance(request: Request) -> dict[str, Any]:
    """What this API can do, and where everything is."""
    paths = sorted({operation.path for operation in operations(request.registry) if "{" not in operation.path})
    return {
        "name": "Turnout",
        "version": VERSION,
        "capabilities": dict(sorted(request.registry.capabilities.items())),
        "links": {path.removeprefix(PREFIX + "/"): request.application_url + path for path in paths if path != PREFIX},
    }


def home(request: Request) -> Response:
    """Send whoever opens the bare address to the documentation."""
    return HTTPFound(request.application_url + PREFIX + "/docs")


def includeme(config: Configurator) -> None:
    config.add_api_service(root)
    config.add_route("home", "/")
    config.add_view(home, route_name="home", request_method="GET", permission=NO_PERMISSION_REQUIRED)
