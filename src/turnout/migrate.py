"""Migrations: Alembic, configured in code, so that an installed wheel needs no ini file to migrate.

There is one line of migrations for the core and one for each plugin that has tables, each with a version table of its own:
a plugin that is uninstalled leaves nothing behind that the others would stumble over.
"""

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from pyramid.registry import Registry
from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.exc import SAWarning

from turnout.config import FEATURES
from turnout.db import Base, metadata
from turnout.errors import StartError
from turnout.plugin.discovery import Loaded
from turnout.plugin.errors import MIGRATION, PluginError

VERSION_TABLE = "alembic_version"
LOCK = 7_368_756_881  # any number that nobody else uses for an advisory lock
SEARCH_OBJECTS = ("events_search", "search_vector", "place_vector")


class MigrationError(StartError):
    """The database cannot be brought to the version that the code needs."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of migrations: where they are, which table says how far a database is, and whose tables they make."""

    name: str
    versions: Traversable
    version_table: str
    prefix: str = ""
    """What the names of its tables begin with; the core's have no prefix, and are all that no plugin has."""

    def owns(self, table: str) -> bool:
        """Tell whether a table is made by this line."""
        if self.prefix:
            return table.startswith(self.prefix)
        return table in core_tables()


def core_tables() -> set[str]:
    """Return the names of the core's tables."""
    foreign = {
        str(mapper.local_table.name)  # type: ignore[attr-defined]
        for mapper in Base.registry.mappers
        if not mapper.class_.__module__.startswith("turnout.")
    }
    return set(metadata.tables) - foreign


CORE = Line("turnout", files("turnout") / "migrations" / "versions", VERSION_TABLE)


def line_of(plugin: Loaded) -> Line | None:
    """Return a plugin's line of migrations, or None if it has no tables."""
    versions = files(plugin.module) / "migrations" / "versions"
    if not versions.is_dir():
        return None
    return Line(plugin.name, versions, f"{VERSION_TABLE}_{plugin.name}", plugin.manifest.table_prefix)


def lines_of(plugins: Iterable[Loaded]) -> list[Line]:
    """Return the core's line and those of plugins, in the order in which they are migrated."""
    return [CORE, *(line for plugin in plugins if (line := line_of(plugin)) is not None)]


def load_models() -> None:
    """Import every feature's tables, so that `metadata` knows them all."""
    for package in ("turnout.api", *FEATURES):
        if files(package).joinpath("models.py").is_file():
            import_module(f"{package}.models")


def _including(line: Line) -> Any:
    def include_object(_thing: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:  # noqa: FBT001 - Alembic's protocol
        """Leave out what is another line's, and what only one database knows: the full-text index."""
        if name is not None and any(word in name for word in SEARCH_OBJECTS):
            return False
        if kind != "table":
            return True
        # In the database, a table that no model describes may be that of a plugin that is not enabled.
        return line.owns(name or "") and not (reflected and compare_to is None and not line.prefix)

    return include_object


@contextmanager
def _config(line: Line, connection: Connection | None = None) -> Iterator[Config]:
    with as_file(files("turnout") / "migrations") as folder, as_file(line.versions) as versions:
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        config.set_main_option("version_locations", str(versions).replace("%", "%%"))
        config.attributes.update(
            connection=connection,
            metadata=metadata,
            version_table=line.version_table,
            include_object=_including(line),
        )
        yield config


@contextmanager
def _locked(engine: Engine) -> Iterator[Connection]:
    """Open a connection on which nobody else migrates at the same time, and no table waits for long."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET statement_timeout = 0")
            connection.exec_driver_sql("SET lock_timeout = 0")  # for another migration we wait as long as it takes
            connection.exec_driver_sql(f"SELECT pg_advisory_lock({LOCK})")
            connection.exec_driver_sql("SET lock_timeout = '10s'")
            connection.commit()
            try:
                yield connection
                connection.commit()
            finally:
                connection.rollback()
                connection.exec_driver_sql(f"SELECT pg_advisory_unlock({LOCK})")
                connection.commit()
                connection.invalidate()
        else:
            # A batch ALTER rebuilds a table; with foreign keys on, that would delete what refers to it.
            driver = connection.connection.driver_connection
            assert driver is not None  # noqa: S101 - an open connection has one
            driver.execute("PRAGMA foreign_keys=OFF")
            try:
                yield connection
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
                if broken:
                    raise MigrationError(f"The migration would leave rows that refer to nothing: {broken[:3]}")
                connection.commit()
            finally:
                connection.rollback()
                driver.execute("PRAGMA foreign_keys=ON")


def upgrade(engine: Engine, revision: str = "head", line: Line = CORE) -> None:
    """Bring the tables of `line` to `revision`."""
    load_models()
    with _locked(engine) as connection, _config(line, connection) as config:
        command.upgrade(config, revision)


def bring_up(engine: Engine, line: Line) -> None:
    """Bring the tables of `line` to the newest revision. Raises `PluginError` for a plugin whose migration fails."""
    try:
        upgrade(engine, line=line)
    except Exception as error:
        if line is CORE:
            raise
        said = " ".join(str(error).split())
        raise PluginError(
            line.name,
            MIGRATION,
            f"its migration failed, and nothing of it was kept: {type(error).__name__}: {said}",
            f"Mend it and run: turnout migrate. Or take {line.name} out of turnout.plugins.",
        ) from error


def require_migrated(registry: Registry) -> None:
    """Raise `StartError` unless the database is at the version that the code needs; `PluginError` for a plugin's tables."""
    for line in lines_of(registry.plugins.enabled.values()):
        with registry.engine.connect() as connection:
            at = current(connection, line)
        wanted = head(line)
        if at == wanted:
            continue
        if line is CORE:
            state = "has no tables yet" if at is None else f"is at version {at}, the code needs {wanted}"
            raise StartError(f"The database {state}. Run: turnout migrate")
        state = "has no tables yet" if at is None else f"is at version {at} in the database and needs {wanted}"
        raise PluginError(line.name, MIGRATION, f"it {state}", "Run: turnout migrate")


def downgrade(engine: Engine, revision: str, line: Line = CORE) -> None:
    """Take the tables of `line` back to `revision` ("base": before everything)."""
    load_models()
    with _locked(engine) as connection, _config(line, connection) as config:
        command.downgrade(config, revision)


def revise(engine: Engine, message: str, line: Line = CORE) -> str:
    """Write a new migration with what the models have and the database has not; return its path."""
    load_models()
    with _locked(engine) as connection, _config(line, connection) as config:
        newest = ScriptDirectory.from_config(config).get_current_head()
        number = f"{int(newest or 0) + 1:04}" if (newest or "0").isdigit() else None
        script = command.revision(config, message, autogenerate=True, rev_id=number)
        return str(script.path)  # type: ignore[union-attr]


def head(line: Line = CORE) -> str:
    """Return the newest revision that the code knows."""
    with _config(line) as config:
        return str(ScriptDirectory.from_config(config).get_current_head())


def current(connection: Connection, line: Line = CORE) -> str | None:
    """Return the revision that the database is at, or None before the first."""
    if not inspect(connection).has_table(line.version_table):
        return None
    return connection.exec_driver_sql(f"SELECT version_num FROM {line.version_table}").scalar()  # noqa: S608 - a name of ours


def is_at_head(engine: Engine, line: Line = CORE) -> bool:
    """Tell whether the database is at the version that the code needs."""
    with engine.connect() as connection:
        return current(connection, line) == head(line)


def differences(engine: Engine, line: Line = CORE) -> list[Any]:
    """Return where models and database differ; an empty list means that they are equal."""
    load_models()
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_object": _including(line),
                "compare_type": True,
                "version_table": line.version_table,
            },
        )
        with warnings.catch_warnings():
            # SQLite does not tell SQLAlchemy of indexes over expressions, so these are compared on PostgreSQL alone.
            warnings.filterwarnings("ignore", "Skipped unsupported reflection", SAWarning)
            warnings.filterwarnings("ignore", "autogenerate skipping metadata-specified expression", UserWarning)
            return list(compare_metadata(context, metadata))
