"""Migrations: Alembic, configured in code, so that an installed wheel needs no ini file to migrate."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.resources import as_file, files
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.exc import SAWarning

from turnout.config import FEATURES
from turnout.db import metadata
from turnout.errors import StartError

VERSION_TABLE = "alembic_version"
LOCK = 7_368_756_881  # any number that nobody else uses for an advisory lock
SEARCH_OBJECTS = ("events_search", "search_vector", "place_vector")


class MigrationError(StartError):
    """The database cannot be brought to the version that the code needs."""


def include_object(_object: Any, name: str | None, kind: str, _reflected: bool, _compare_to: Any) -> bool:  # noqa: FBT001 - Alembic's protocol
    """Leave to the migration what only one database knows: the full-text index."""
    return not (
        kind in {"table", "column", "index"} and name is not None and any(word in name for word in SEARCH_OBJECTS)
    )


def load_models() -> None:
    """Import every feature's tables, so that `metadata` knows them all."""
    for package in ("turnout.api", *FEATURES):
        if files(package).joinpath("models.py").is_file():
            import_module(f"{package}.models")


@contextmanager
def _config(connection: Connection | None = None) -> Iterator[Config]:
    with as_file(files("turnout") / "migrations") as folder:
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.attributes.update(connection=connection, metadata=metadata, version_table=VERSION_TABLE)
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


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the database to `revision`."""
    load_models()
    with _locked(engine) as connection, _config(connection) as config:
        command.upgrade(config, revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Take the database back to `revision` ("base": before everything)."""
    load_models()
    with _locked(engine) as connection, _config(connection) as config:
        command.downgrade(config, revision)


def revise(engine: Engine, message: str) -> None:
    """Write a new migration with what the models have and the database has not."""
    load_models()
    with _locked(engine) as connection, _config(connection) as config:
        command.revision(config, message, autogenerate=True)


def head() -> str:
    """Return the newest revision that the code knows."""
    with _config() as config:
        return str(ScriptDirectory.from_config(config).get_current_head())


def current(connection: Connection) -> str | None:
    """Return the revision that the database is at, or None before the first."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar()  # noqa: S608 - a constant


def is_at_head(engine: Engine) -> bool:
    """Tell whether the database is at the version that the code needs."""
    with engine.connect() as connection:
        return current(connection) == head()


def differences(engine: Engine) -> list[Any]:
    """Return where models and database differ; an empty list means that they are equal."""
    load_models()
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_object": include_object, "compare_type": True, "version_table": VERSION_TABLE}
        )
        with warnings.catch_warnings():
            # SQLite does not tell SQLAlchemy of indexes over expressions, so these are compared on PostgreSQL alone.
            warnings.filterwarnings("ignore", "Skipped unsupported reflection", SAWarning)
            warnings.filterwarnings("ignore", "autogenerate skipping metadata-specified expression", UserWarning)
            return list(compare_metadata(context, metadata))
