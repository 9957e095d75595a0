"""The checks of the core: the database answers, and is at the version that the code needs."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import structlog
from pyramid.request import Request
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from turnout.db import open_read_session, savepoint
from turnout.plugin.boundary import taking_part
from turnout.plugin.discovery import Loaded

if TYPE_CHECKING:
    from turnout.migrate import Line

OK, FAILING, OUTDATED = "ok", "failing", "outdated"
Check = Callable[[Request], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Component:
    """What is checked, whether requests can be answered without it, and the plugin that adds it; None: the core does."""

    check: Check
    is_critical: bool
    plugin: Loaded | None = None

    def part_of(self, request: Request) -> AbstractContextManager[None]:
        """Return what the check runs in."""
        return nullcontext() if self.plugin is None else taking_part(request, self.plugin, "check")


log = structlog.get_logger()


def check_database(request: Request) -> dict[str, Any]:
    """Ask the database for nothing, apart from the request's own transaction, which a failure would break."""
    try:
        _ask_for_nothing(request)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        _ask_for_nothing(request)  # an old connection was lost; whether the database is there, a new one tells
    return {"status": OK}


def _ask_for_nothing(request: Request) -> None:
    with open_read_session(request.registry) as session:
        session.execute(text("SELECT 1"))


@cache
def _head(line: "Line") -> str | None:
    from turnout.migrate import head

    return head(line)


def check_migrations(request: Request) -> dict[str, Any]:
    """Compare the database's versions with the code's: the core's, and those of plugins with tables."""
    from turnout.migrate import current, lines_of

    found = {}
    with open_read_session(request.registry) as session:
        for line in lines_of(request.registry.plugins.enabled.values()):
            at = current(session.connection(), line)
            found[line.name] = {"status": OK if at == _head(line) else OUTDATED, "current": at, "head": _head(line)}
    core, *plugins = found.values()
    if not plugins:
        return core
    worst = next((each["status"] for each in found.values() if each["status"] != OK), OK)
    return core | {"status": worst, "plugins": dict(list(found.items())[1:])}


def run(name: str, component: Component, request: Request) -> dict[str, Any]:
    """Return what a component's check says; what it raises goes to the log, never to the caller."""
    try:
        with component.part_of(request):
            return component.check(request)
    except Exception as error:  # noqa: BLE001 - whatever fails, the others are still shown
        log.warning("health check failed", component=name, error=repr(error))
        return {"status": FAILING}


def read(request: Request) -> dict[str, dict[str, Any]]:
    """Return what every component's check says, by name."""
    known = request.registry.health_checks
    return {name: run(name, component, request) for name, component in sorted(known.items())}


class Components:
    """Asks every component amid a transaction that goes on: whatever a plugin's check does to it is undone."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def read(self) -> dict[str, dict[str, Any]]:
        """Return what every component's check says, by name."""
        found = {}
        for name, component in sorted(self._request.registry.health_checks.items()):
            if component.plugin is None:
                found[name] = run(name, component, self._request)
                continue
            with savepoint(self._request.db) as point:
                found[name] = run(name, component, self._request)
                if point is not None:
                    point.rollback()
        return found
