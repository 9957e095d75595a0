"""Metrics for Prometheus: how long requests take, what becomes of bookings, how many places are claimed."""

import colander
from pyramid.config import Configurator

from turnout import schema as fields
from turnout.metrics import api
from turnout.metrics.collectors import Metrics
from turnout.security.actors import ANYONE, STAFF

OFF = "off"


class MetricsSettings(colander.MappingSchema):
    """Who may read the metrics."""

    access = fields.choice([ANYONE, STAFF, OFF], missing=ANYONE, description="off: nothing is measured or shown")


def includeme(config: Configurator) -> None:
    config.declare_settings("metrics", MetricsSettings)
    access = config.get_settings()["metrics.access"]
    if access == OFF:
        return
    config.declare_permission("metrics:read", "Read the metrics", access)
    config.include(Metrics.includeme)
    config.add_api_service(api.metrics)
    config.add_capability("metrics", "Metrics for Prometheus at /metrics")
