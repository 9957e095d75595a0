"""``GET /health``."""

from typing import Any

from pyramid.request import Request

from turnout import schema as fields
from turnout.api.answers import JSON, dumps
from turnout.api.service import Service
from turnout.health.checks import OK, read
from turnout.schema import Schema

DEGRADED = "degraded"


class HealthView(Schema):
    """Whether everything works."""

    status = fields.choice([OK, DEGRADED])
    components = fields.anything(description="By name: `status`, ok if it works, and what else there is to say")


health = Service("health", "/health", "About")


@health.get(
    permission="health:read",
    answer=HealthView,
    further_answers={503: "A component does not work without which no request can be answered"},
)
def read_health(request: Request) -> Any:
    """See whether every component works."""
    known = request.registry.health_checks
    components = read(request)
    broken = [name for name, found in components.items() if found["status"] != OK]
    response = request.response
    response.status_int = 503 if any(known[name].is_critical for name in broken) else 200
    response.content_type = JSON
    response.charset = None
    response.headers["Cache-Control"] = "no-store"
    response.body = dumps({"status": DEGRADED if broken else OK, "components": components})
    return response
