"""Migrations: Alembic, configured in code, so that an installed wheel needs no ini file to migrate.

There is one line of migrations for the core and one for each plugin that has tables, each with a version table of its own:
a plugin that is uninstalled leaves nothing behind that the others would stumble over.
"""

import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import ModuleType
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations.ops import CreateTableOp, MigrationScript
from alembic.script import Script, ScriptDirectory
from pyramid.registry import Registry
from sqlalchemy import Connection, Engine, Table, inspect
from sqlalchemy.exc import SAWarning

from turnout.config import FEATURES
from turnout.db import metadata
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
    """Return the names of the core's tables, those without a class of their own, too."""
    things = [thing for module in load_models() for thing in vars(module).values()]
    tables = [getattr(thing, "__table__", thing) for thing in things]
    return {table.name for table in tables if isinstance(table, Table)}


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


@cache
def load_models() -> tuple[ModuleType, ...]:
    """Import every feature's tables, so that `metadata` knows them all; return the modules in which they are."""
    packages = [name for name in ("turnout.api", *FEATURES) if files(name).joinpath("models.py").is_file()]
    return tuple(import_module(f"{name}.models") for name in packages)


def _only(line: Line) -> dict[str, Any]:
    """Return what keeps Alembic to a line's own tables, and from what of the core's only one database knows: the full-text index."""

    def include_name(name: str | None, kind: str, _parents: object) -> bool:
        return kind != "table" or line.owns(name or "")

    def include_object(_thing: object, name: str | None, kind: str, *_compared: object) -> bool:
        if line is CORE and any(word in (name or "") for word in SEARCH_OBJECTS):
            return False
        return include_name(name, kind, None)

    return {"include_name": include_name, "include_object": include_object}


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
            only=_only(line),
        )
        yield config


@contextmanager
def locked(engine: Engine) -> Iterator[Connection]:
    """Open a connection on which nobody else migrates at the same time; it commits at the end, or nothing was done."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET statement_timeout = 0")
            connection.exec_driver_sql("SET idle_in_transaction_session_timeout = 0")
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
                # Begun here, because Alembic would commit what it began before we have looked at it.
                with connection.begin():
                    yield connection
                    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
                    if broken:
                        raise MigrationError(f"The migration would leave rows that refer to nothing: {broken[:3]}")
            finally:
                driver.execute("PRAGMA foreign_keys=ON")


def upgrade(engine: Engine, revision: str = "head", line: Line = CORE) -> None:
    """Bring the tables of `line` to `revision`."""
    load_models()
    with locked(engine) as connection, _config(line, connection) as config:
        command.upgrade(config, revision)


def bring_up(engine: Engine, line: Line) -> None:
    """Bring the tables of `line` to the newest revision. Raises `PluginError` for a plugin whose migration fails."""
    try:
        upgrade(engine, line=line)
    except Exception as error:
        if line is CORE:
            raise
        raise PluginError(
            line.name,
            MIGRATION,
            f"its migration failed, and nothing of it was kept: {_said(error)}",
            f"Mend it and run: turnout migrate. Or take {line.name} out of turnout.plugins.",
        ) from error


def _said(error: Exception) -> str:
    """Return what an error says, in one line and without the statement that the database did not like."""
    cause = getattr(error, "orig", None) or error
    return f"{type(cause).__name__}: {' '.join(str(cause).split())}"


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a database is with a line: `at` a revision, or None before the first; its code needs `wanted`."""

    at: str | None
    wanted: str | None

    @property
    def is_current(self) -> bool:
        """Tell whether there is nothing to migrate."""
        return self.at == self.wanted


def standing(engine: Engine, line: Line = CORE) -> Standing:
    """Return how far a database is with a line. Raises `MigrationError` or, for a plugin's, `PluginError`.

    It does so for migrations that cannot be read, and for a database at a revision that the code does not know.
    """
    with engine.connect() as connection:
        at = current(connection, line)
    try:
        with _config(line) as config:
            known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
            wanted = head(line)
    except Exception as error:
        if line is CORE:
            raise
        raise PluginError(line.name, MIGRATION, f"its migrations cannot be read: {_said(error)}") from error
    if at is None or at in known:
        return Standing(at, wanted)
    if line is CORE:
        raise MigrationError(
            f"The database is at version {at}, which this Turnout does not know: it is older than its database. "
            "Install the version of Turnout that migrated it, or a newer one."
        )
    raise PluginError(
        line.name,
        MIGRATION,
        f"its tables are at version {at}, which its code does not know: it is older than its tables",
        f"Install the version of it that made them, or a newer one; or take {line.name} out of turnout.plugins.",
    )


def require_migrated(registry: Registry) -> None:
    """Raise `StartError` unless the database is at the version that the code needs; `PluginError` for a plugin's tables."""
    for line in lines_of(registry.plugins.enabled.values()):
        require_line(registry.engine, line)


def require_line(engine: Engine, line: Line) -> None:
    """Raise `StartError`, or `PluginError` for a plugin's, unless a line is at the version that the code needs."""
    found = standing(engine, line)
    if found.is_current:
        return
    if line is CORE:
        state = "has no tables yet" if found.at is None else f"is at version {found.at}, the code needs {found.wanted}"
        raise StartError(f"The database {state}. Run: turnout migrate")
    state = (
        "it has no tables yet" if found.at is None else f"its tables are at {found.at}, its code needs {found.wanted}"
    )
    raise PluginError(line.name, MIGRATION, state, "Run: turnout migrate")


def downgrade(engine: Engine, revision: str, line: Line = CORE) -> None:
    """Take the tables of `line` back to `revision` ("base": before everything)."""
    load_models()
    with locked(engine) as connection, _config(line, connection) as config:
        command.downgrade(config, revision)


def take_away(connection: Connection, line: Line) -> None:
    """Take a plugin's tables away, and what says how far they are, in the transaction of a `locked` connection.

    Raises `PluginError` where its migrations cannot.
    """
    try:
        with _config(line, connection) as config:
            command.downgrade(config, "base")
    except Exception as error:
        problem = f"its migrations do not take its tables away, and nothing was changed: {_said(error)}"
        raise PluginError(line.name, MIGRATION, problem, "Mend its downgrade.") from error
    connection.exec_driver_sql(f"DROP TABLE {line.version_table}")


def revise(engine: Engine, message: str, line: Line = CORE) -> Path | None:
    """Write a new migration with what the models have and the database has not; return its path, or None for nothing."""
    load_models()
    with locked(engine) as connection, _config(line, connection) as config:
        newest = ScriptDirectory.from_config(config).get_current_head()
        number = f"{int(newest or 0) + 1:04}" if (newest or "0").isdigit() else None
        script = command.revision(
            config, message, autogenerate=True, rev_id=number, process_revision_directives=_only_what_changes
        )
    if not isinstance(script, Script):
        return None
    path = Path(script.path)
    path.write_text(_BATCH.sub(_never_reusing, path.read_text("utf-8")), "utf-8")
    return path


_BATCH = re.compile(r"batch_alter_table\('(\w+)', schema=None\)")


def _never_reusing(batch: re.Match[str]) -> str:
    """Return how a batch is begun: a table that SQLite makes anew would otherwise give the ids of deleted rows again."""
    table = metadata.tables.get(batch[1])
    kept = table is not None and table.kwargs.get("sqlite_autoincrement")
    options = ", table_kwargs={'sqlite_autoincrement': True}" if kept else ""
    return f"batch_alter_table('{batch[1]}'{options})"


def _only_what_changes(_context: MigrationContext, _revision: object, scripts: list[MigrationScript]) -> None:
    """Write nothing where nothing differs, and of tables only what the database gets to know."""
    operations = [] if scripts[0].upgrade_ops is None else scripts[0].upgrade_ops.ops
    if not operations:
        scripts.clear()
    for operation in operations:
        if isinstance(operation, CreateTableOp):
            operation.info = {}


def head(line: Line = CORE) -> str | None:
    """Return the newest revision that the code knows, or None if it knows none."""
    with _config(line) as config:
        return ScriptDirectory.from_config(config).get_current_head()


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
            opts=_only(line) | {"compare_type": True, "version_table": line.version_table},
        )
        with warnings.catch_warnings():
            # SQLite does not tell SQLAlchemy of indexes over expressions, so these are compared on PostgreSQL alone.
            warnings.filterwarnings("ignore", "Skipped unsupported reflection", SAWarning)
            warnings.filterwarnings("ignore", "autogenerate skipping metadata-specified expression", UserWarning)
            return list(compare_metadata(context, metadata))
