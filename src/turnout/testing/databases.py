"""Fresh databases, each a copy of one that was migrated once."""

import itertools
import os
import secrets
import shutil
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url

from turnout import migrate
from turnout.db import make_engine
from turnout.plugin.plugins import Plugins
from turnout.testing.postgresql import Cluster

URL_VARIABLE = "TURNOUT_TEST_POSTGRES_URL"
KINDS = ("sqlite", "postgresql")


class NoServer(Exception):
    """There is no PostgreSQL to test with."""


class Databases(Protocol):
    """Makes databases of one kind."""

    def create(self, *, migrated: bool = True, plugins: str = "") -> str:
        """Make a database, with the tables of `plugins` too if it is migrated; return its address."""

    def drop(self, url: str) -> None:
        """Remove a database that `create` made."""

    def close(self) -> None:
        """Remove everything."""


def _migrate(url: str, plugins: str) -> None:
    engine = make_engine(url)
    try:
        for line in migrate.lines_of(Plugins.of(plugins, {}).enabled.values()):
            migrate.bring_up(engine, line)
    finally:
        engine.dispose()


class SQLiteDatabases:
    """SQLite files in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        self._templates: dict[str, Path] = {}

    def create(self, *, migrated: bool = True, plugins: str = "") -> str:
        """Make a database file; return its address."""
        path = self._folder / f"{next(self._numbers)}.sqlite"
        if migrated:
            if plugins not in self._templates:
                template = self._folder / f"template-{len(self._templates)}.sqlite"
                _migrate(f"sqlite:///{template}", plugins)
                self._templates[plugins] = template
            shutil.copyfile(self._templates[plugins], path)
        return f"sqlite:///{path}"

    def drop(self, url: str) -> None:
        """Remove a database file and what SQLite put beside it."""
        path = make_url(url).database or ""
        for end in ("", "-wal", "-shm"):
            Path(path + end).unlink(missing_ok=True)

    def close(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)


class PostgreSQLDatabases:
    """Databases on the server that ``TURNOUT_TEST_POSTGRES_URL`` names, or on one started with `binaries`."""

    def __init__(self, binaries: Path | None) -> None:
        self._binaries = binaries
        self._cluster: Cluster | None = None
        self._admin: Engine | None = None
        self._templates: dict[str, str] = {}
        self._prefix = f"turnout_test_{secrets.token_hex(4)}"
        self._numbers = itertools.count(1)
        self._made: list[str] = []

    def create(self, *, migrated: bool = True, plugins: str = "") -> str:
        """Make a database; return its address. Raises `NoServer`."""
        if not migrated:
            return self._create("template0")
        if plugins not in self._templates:
            url = self._create("template0")
            _migrate(url, plugins)
            self._templates[plugins] = url
        return self._create(str(make_url(self._templates[plugins]).database))

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        name = str(make_url(url).database)
        self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        if url in self._made:
            self._made.remove(url)

    def close(self) -> None:
        """Remove all the databases, and stop the server if it is ours."""
        try:
            for url in [] if self._cluster else list(self._made):
                self.drop(url)
            if self._admin is not None:
                self._admin.dispose()
        finally:
            if self._cluster is not None:
                self._cluster.stop()

    def _create(self, template: str) -> str:
        name = f"{self._prefix}_{next(self._numbers)}"
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        url = self._server().url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
        self._made.append(url)
        return url

    def _execute(self, statement: str) -> None:
        with self._server().connect() as connection:
            connection.exec_driver_sql(statement)

    def _server(self) -> Engine:
        if self._admin is None:
            url = os.environ.get(URL_VARIABLE)
            if not url:
                self._cluster = self._start()
                url = self._cluster.url
            admin = make_url(url).set(drivername="postgresql+psycopg")
            self._admin = create_engine(admin, isolation_level="AUTOCOMMIT", pool_size=1)
        return self._admin

    def _start(self) -> Cluster:
        if self._binaries is None:
            raise NoServer(
                f"No PostgreSQL: install its server (Debian: apt-get install postgresql) or set {URL_VARIABLE}."
            )
        cluster = Cluster(self._binaries)
        try:
            cluster.start()
        except BaseException:
            cluster.stop()
            raise
        return cluster
