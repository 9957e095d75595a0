"""The database: engine, session, transaction wiring, and what differs between SQLite and PostgreSQL."""

import sqlite3
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import colander
import psycopg
import zope.sqlalchemy.datamanager
from pyramid.config import Configurator
from pyramid.registry import Registry
from pyramid.request import Request
from pyramid_retry import mark_error_retryable
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    Numeric,
    Row,
    Select,
    create_engine,
    delete,
    event,
    inspect,
    select,
    tuple_,
)
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator, TypeEngine
from zope.sqlalchemy.datamanager import join_transaction

from turnout.errors import TryAgain

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OLDEST_SQLITE = (3, 35)
MOST_DELETED = 5000

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

AnySelect = Select[*tuple[Any, ...]]
AnyRow = Row[*tuple[Any, ...]]

Id = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only for INTEGER keys."""


class UTCDateTime(TypeDecorator[datetime]):
    """An aware moment in UTC. A naive one is refused, because it could mean anything."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """Return what a value is in Python; SQLAlchemy would not say of a decorated type."""
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's protocol
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Amount(TypeDecorator[Decimal]):
    """An exact amount of money with up to four decimals (ISO 4217's most).

    SQLite has no decimals, so it keeps ten-thousandths as an integer, which compares and sums exactly.
    """

    impl = Numeric(14, 4)
    cache_ok = True
    scale = Decimal(10_000)

    @property
    def python_type(self) -> type[Decimal]:
        """Return what a value is in Python; SQLAlchemy would not say of a decorated type."""
        return Decimal

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(BigInteger() if dialect.name == "sqlite" else Numeric(14, 4))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Decimal | int | None:
        if value is None or dialect.name != "sqlite":
            return value
        return int(value * self.scale)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        if value is None or dialect.name != "sqlite":
            return value
        return Decimal(value) / self.scale


NEVER_REUSED = {"sqlite_autoincrement": True}
"""Table argument: SQLite, too, never gives a deleted row's id to another; tokens and keys of the deleted are about."""


class Base(DeclarativeBase):
    """What all tables share."""

    metadata = metadata
    __table_args__: Any = NEVER_REUSED


class DatabaseSettings(colander.MappingSchema):
    """Where the database is and how it is used."""

    url = colander.SchemaNode(colander.String(), missing="")
    pool_size = colander.SchemaNode(colander.Integer(), missing=16, validator=colander.Range(1, 100))
    statement_timeout = colander.SchemaNode(colander.Integer(), missing=15_000, description="Milliseconds, PostgreSQL")
    lock_timeout = colander.SchemaNode(colander.Integer(), missing=5_000, description="Milliseconds, PostgreSQL")


def make_engine(url: str, *, pool_size: int = 4, statement_timeout: int = 15_000, lock_timeout: int = 5_000) -> Engine:
    """Make the engine for an ``sqlite:///...`` or ``postgresql://...`` address (timeouts in milliseconds)."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite_engine(url, pool_size)
    options = (
        f"-c timezone=UTC -c statement_timeout={statement_timeout} -c lock_timeout={lock_timeout} "
        f"-c idle_in_transaction_session_timeout={max(statement_timeout, 15_000)}"
    )
    return create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=0,
        pool_use_lifo=True,  # as few connections as will do, though many threads poll
        pool_pre_ping=False,
        pool_recycle=1800,
        hide_parameters=True,  # what people send us has no place in the log
        connect_args={"options": options, "prepare_threshold": 1, "connect_timeout": 5},
    )


def _sqlite_engine(url: str, pool_size: int) -> Engine:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise RuntimeError(f"SQLite 3.35 or newer is needed; this Python has {sqlite3.sqlite_version}")
    database = make_url(url).database
    if database:
        Path(database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        hide_parameters=True,
        connect_args={"check_same_thread": False, "timeout": 30},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: DBAPIConnection, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=30000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    # Whoever is going to write takes the lock at once: a reader that turns writer would see old counters, or fail.
    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        read_only = connection.get_execution_options().get("turnout_read_only")
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


def read_only(engine: Engine) -> Engine:
    """Return `engine` for requests that only read: no write lock on SQLite, no transaction to end on PostgreSQL."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(turnout_read_only=True)
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def savepoint(session: Session) -> AbstractContextManager[Any]:
    """Begin what an exception undoes alone; nothing, where requests that only read have no transaction (`read_only`)."""
    if session.connection().get_execution_options().get("isolation_level") == "AUTOCOMMIT":
        return nullcontext()
    return session.begin_nested()


zope.sqlalchemy.datamanager.NO_SAVEPOINT_SUPPORT.discard("sqlite")


_RACED = (psycopg.errors.UniqueViolation, psycopg.errors.ForeignKeyViolation)
_RACED_ON_SQLITE = ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_FOREIGNKEY")


def _is_raced(error: sqlite3.Error | psycopg.Error) -> bool:
    """Tell whether a constraint decided between two honest requests: made again, the second meets the rule itself."""
    return isinstance(error, _RACED) or getattr(error, "sqlite_errorname", None) in _RACED_ON_SQLITE


def _is_busy(error: sqlite3.Error) -> bool:
    """Tell whether somebody else had SQLite's lock for too long."""
    return error.sqlite_errorname.startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def _is_lost(error: psycopg.OperationalError) -> bool:
    """Tell whether the connection is gone: the server was restarted, or cannot be reached."""
    if error.sqlstate is None:
        return "connection" in str(error)  # what psycopg finds out by itself has no code
    return error.sqlstate in {"57P01", "57P02", "57P03"}


# By the drivers' own errors. Lost updates (StaleDataError) and PostgreSQL's serialization failures are known already.
zope.sqlalchemy.datamanager._retryable_errors.extend(  # noqa: SLF001 - documented in its README as the way
    [
        (sqlite3.OperationalError, _is_busy),
        (sqlite3.IntegrityError, _is_raced),
        (psycopg.IntegrityError, _is_raced),
        (psycopg.OperationalError, _is_lost),
    ]
)


class RequestSession(Session):
    """A session whose transaction is its request's, or its job's: only as a whole, and only at the end, it is committed."""

    def commit(self) -> None:
        """Refuse: half of a request would stay when the other half fails."""
        raise RuntimeError(
            "this session commits when its request, or its job, has ended; flush() sends what is pending, and "
            "begin_nested() is a savepoint"
        )

    def rollback(self) -> None:
        """Refuse: what others did in this request would be undone while it goes on."""
        raise RuntimeError("raise an error to undo the whole request, or its job; begin_nested() undoes a part")


def open_session(request: Request) -> Session:
    """Return a session that commits and rolls back with the request's transaction."""
    registry = request.registry
    bind = registry.read_engine if request.method in SAFE_METHODS else registry.engine
    session = RequestSession(bind, expire_on_commit=False, join_transaction_mode="create_savepoint")
    # "changed" from the start: a session joined as "active" is rolled back in silence after Core statements.
    join_transaction(session, initial_state="changed", transaction_manager=request.tm)
    return session


def open_read_session(registry: Registry) -> Session:
    """Return a session outside any request's transaction, to read with; whoever opens it closes it."""
    return Session(registry.read_engine, join_transaction_mode="create_savepoint")


def delete_some(session: Session, table: type[Base], *criteria: ColumnElement[bool]) -> bool:
    """Delete rows for which `criteria` hold, at most `MOST_DELETED`; tell whether there may be more.

    What deletes much does so in parts, a transaction for each, so that nobody waits for it and no log swells.
    """
    key = inspect(table).primary_key
    some = select(*key).where(*criteria).limit(MOST_DELETED)
    deleted: Any = session.execute(
        delete(table).where(tuple_(*key).in_(some)).execution_options(synchronize_session=False)
    )
    return bool(deleted.rowcount == MOST_DELETED)


def includeme(config: Configurator) -> None:
    config.declare_settings("database", DatabaseSettings)
    settings = config.get_settings()
    if not settings["database.url"]:
        settings["database.url"] = "sqlite:///" + str(Path(settings["turnout.data"]).resolve() / "turnout.sqlite")
    engine = make_engine(
        settings["database.url"],
        pool_size=settings["database.pool_size"],
        statement_timeout=settings["database.statement_timeout"],
        lock_timeout=settings["database.lock_timeout"],
    )
    config.registry.engine = engine
    config.registry.read_engine = read_only(engine)
    settings["tm.manager_hook"] = "pyramid_tm.explicit_manager"
    settings["tm.commit_veto"] = "pyramid_tm.default_commit_veto"
    settings["tm.annotate_user"] = False
    settings["retry.attempts"] = 3
    config.include("pyramid_retry")
    mark_error_retryable(TryAgain)
    config.include("pyramid_tm")
    config.add_request_method(open_session, "db", reify=True)
