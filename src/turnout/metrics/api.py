"""``GET /metrics``."""

from typing import Any

from prometheus_client import generate_latest
from pyramid.request import Request

from turnout.api.service import Service

PLAIN = "text/plain"
VERSION = "0.0.4"

metrics = Service("metrics", "/metrics", "About")


@metrics.get(permission="metrics:read", content_type=PLAIN)
def read_metrics(request: Request) -> Any:
    """Read the metrics, in Prometheus' text format."""
    response = request.response
    response.body = generate_latest(request.registry.metrics.registry)
    response.headers["Content-Type"] = f"{PLAIN}; version={VERSION}; charset=utf-8"
    response.headers["Cache-Control"] = "no-store"
    return response
