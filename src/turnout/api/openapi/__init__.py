"""OpenAPI 3.1, made from the schemas that validate, and served at ``GET /api/v1/openapi.json``."""

from hashlib import sha256

import orjson
from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response

from turnout.api.answers import JSON
from turnout.api.openapi.document import document
from turnout.api.service import Service

openapi = Service("openapi", "/openapi.json", "About")


@openapi.get(permission="api:read", further_answers={304: "Not changed since"})
def read_openapi(request: Request) -> Response:
    """Read this description of the API (OpenAPI 3.1)."""
    registry = request.registry
    if registry.openapi is None:
        registry.openapi = orjson.dumps(document(registry))
    return Response(
        registry.openapi,
        content_type=JSON,
        etag=sha256(registry.openapi).hexdigest()[:32],
        cache_control="public, max-age=300",
        conditional_response=True,
    )


def includeme(config: Configurator) -> None:
    config.registry.openapi = None
    config.registry.openapi_described = {}
    config.registry.openapi_answers = []
    config.add_api_service(openapi)
    config.include("turnout.api.docs")
