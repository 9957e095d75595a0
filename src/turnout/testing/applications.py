"""The application under test."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from turnout.plugin.assembly import Include, assemble
from turnout.testing.clocks import ManualClock

SECRET = "the tests' own secret, long enough to be accepted"  # noqa: S105 - protects nothing
SETTINGS: dict[str, Any] = {
    "turnout.environment": "testing",
    "turnout.secret": SECRET,
    # Ids repeat after a rollback, so nothing may be remembered of them.
    "auth.recheck_seconds": "0",
    # Also how long an outer transaction may be idle.
    "database.statement_timeout": "60000",
}


class Application:
    """A Turnout application on a migrated database. `router` is the WSGI application.

    `include` is what a test adds to it, a function of the configurator, as any ``includeme`` is.
    """

    def __init__(self, url: str, data: Path, include: Include | None = None, **settings: Any) -> None:
        self.settings = SETTINGS | {"turnout.data": str(data), "database.url": url} | settings
        self.router = assemble(self.settings, include=include)
        self.registry = self.router.registry
        self.registry.clock = ManualClock()
        self.engine: Engine = self.registry.engine
        self._read_engine: Engine = self.registry.read_engine

    @contextmanager
    def rolled_back(self) -> Iterator[Connection]:
        """Let everything happen in one transaction on the connection given, and undo it at the end.

        Each request's own transaction is a savepoint in it, so commit, veto and retry work as they do otherwise.
        """
        with self.engine.connect() as connection:
            transaction = connection.begin()
            self.registry.engine = self.registry.read_engine = connection
            try:
                yield connection
            finally:
                self.registry.engine, self.registry.read_engine = self.engine, self._read_engine
                transaction.rollback()

    def close(self) -> None:
        """Close the connections to the database."""
        self.engine.dispose()
