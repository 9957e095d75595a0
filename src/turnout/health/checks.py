"""The checks of the core: the database answers, and is at the version that the code needs."""

from collections.abc import Callable
from functools import cache
from typing import Any

import structlog
from pyramid.request import Request
from sqlalchemy import text
from sqlalchemy.orm import Session

OK, FAILING, OUTDATED = "ok", "failing", "outdated"
Check = Callable[[Request], dict[str, Any]]

log = structlog.get_logger()


def _session(request: Request) -> Session:
    return Session(request.registry.read_engine, join_transaction_mode="create_savepoint")


def check_database(request: Request) -> dict[str, Any]:
    """Ask the database for nothing, apart from the request's own transaction, which a failure would break."""
    with _session(request) as session:
        session.execute(text("SELECT 1"))
    return {"status": OK}


@cache
def _head() -> str:
    from turnout.migrate import head

    return head()


def check_migrations(request: Request) -> dict[str, Any]:
    """Compare the database's version with the code's."""
    from turnout.migrate import current

    with _session(request) as session:
        at = current(session.connection())
    return {"status": OK if at == _head() else OUTDATED, "current": at, "head": _head()}


def run(name: str, check: Check, request: Request) -> dict[str, Any]:
    """Return what `check` says; what it raises goes to the log, never to the caller."""
    try:
        return check(request)
    except Exception as error:  # noqa: BLE001 - whatever fails, the others are still shown
        log.warning("health check failed", component=name, error=repr(error))
        return {"status": FAILING}
