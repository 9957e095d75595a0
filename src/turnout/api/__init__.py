"""The REST toolkit: services, reading and answering, problems, lists, ETags, idempotency and OpenAPI."""

import colander
from pyramid.config import Configurator

from turnout import schema as fields
from turnout.security.actors import ANYONE


class ApiSettings(colander.MappingSchema):
    """Limits of the API."""

    max_body_bytes = fields.whole(1_000, 1_000_000_000, missing=1_000_000)
    max_upload_bytes = fields.whole(1_000, 1_000_000_000, missing=10_000_000, description="Of a body that is a file")


def includeme(config: Configurator) -> None:
    config.declare_settings("api", ApiSettings)
    config.registry.capabilities = {}
    config.add_directive("add_capability", add_capability)
    config.include("turnout.api.service")
    config.include("turnout.api.problems")
    config.include("turnout.api.entry")
    config.declare_permission("api:read", "Read what the API is and can do", ANYONE)
    config.include("turnout.api.root")
    config.include("turnout.api.openapi")


def add_capability(config: Configurator, name: str, description: str) -> None:
    """Directive: advertise at ``GET /api/v1`` what this installation can do.

    A plugin's own name and description are advertised already; this is for more.
    """

    def register() -> None:
        config.registry.capabilities[name] = description

    config.action(("turnout capability", name), register)
