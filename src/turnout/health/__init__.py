"""Health: whether each component works, for load balancers and people on call."""

from pyramid.config import Configurator

from turnout.health import api
from turnout.health.admin import HealthSection
from turnout.health.checks import Check, Component, Components, check_database, check_migrations
from turnout.security.actors import ANYONE


def add_health_check(config: Configurator, name: str, function: Check, *, critical: bool = True) -> None:
    """Directive: show component `name` in ``GET /health``.

    ``function(request)`` returns a dict with at least ``status``, "ok" or anything else, and nothing that a stranger
    should not read. What it raises is logged, and shown as the status "failing". Without a `critical` component no
    request can be answered: the answer is 503, and load balancers look elsewhere.
    """
    plugin = config.registry.plugins.registrar(function)

    def register() -> None:
        config.registry.health_checks[name] = Component(function, critical, plugin)

    introspectable = config.introspectable("turnout health checks", name, name, "health check")
    config.action(("turnout health check", name), register, introspectables=(introspectable,))


def includeme(config: Configurator) -> None:
    config.registry.health_checks = {}
    config.add_directive("add_health_check", add_health_check)
    config.declare_permission("health:read", "See whether everything works", ANYONE)
    config.add_health_check("database", check_database)
    config.add_health_check("migrations", check_migrations)
    config.add_injectable(Components, Components)
    config.add_api_service(api.health)
    config.add_admin_section(HealthSection)
    config.add_capability("health", "The state of each component at /health")
