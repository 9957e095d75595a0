"""``GET /health``."""

from typing import Any

from pyramid.request import Request

from turnout import schema as fields
from turnout.api.answers import JSON, dumps
from turnout.api.service import Service
from turnout.health.checks import OK, run
from turnout.schema import Schema

DEGRADED = "degraded"


class HealthView(Schema):
    """Whether everything works."""

    status = fields.choice([OK, DEGRADED])
    components = fields.anything(description="By name: `status`, ok if it works, and what else there is to say")


health = Service("health", "/health", "About")


@health.get(permission="health:read", answer=HealthView, further_answers={503: "A component does not work"})
def read_health(request: Request) -> Any:
    """See whether every component works."""
    components = {name: run(name, check, request) for name, check in sorted(request.registry.health_checks.items())}
    works = all(component["status"] == OK for component in components.values())
    response = request.response
    response.status_int = 200 if works else 503
    response.content_type = JSON
    response.charset = None
    response.headers["Cache-Control"] = "no-store"
    response.body = dumps({"status": OK if works else DEGRADED, "components": components})
    return response
