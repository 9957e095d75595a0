"""Taking away what a plugin has in the database: its tables, and what it left in those of the core.

Its tables go in one transaction that exports them first, with nobody able to write to them: what is exported is what was
there at the end. Whatever is interrupted is simply begun again: each step takes away what it still finds.
"""

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pyramid.registry import Registry
from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    cast,
    delete,
    func,
    inspect,
    or_,
    select,
    table,
    update,
)
from sqlalchemy.dialects.postgresql import JSON, JSONB
from sqlalchemy.orm import Session

from turnout import migrate
from turnout.db import MOST_DELETED, delete_some
from turnout.events.models import Event
from turnout.outbox.models import RUNNING, Job, Schedule, WorkerSeen
from turnout.plugin.discovery import Loaded
from turnout.plugin.export import Told, export

COME_BACK_SECONDS = 3.0
"""A worker that runs puts its periodic tasks back well within this time."""


@dataclass(frozen=True, slots=True)
class Left:
    """What a plugin has in the database: rows by table, jobs, schedules of periodic tasks, events with a switch of it."""

    tables: Mapping[str, int]
    jobs: int
    schedules: int
    switches: int

    @property
    def is_nothing(self) -> bool:
        """Tell whether it has nothing there."""
        return not (self.tables or self.jobs or self.schedules or self.switches)


class Removal:
    """Takes one plugin out of the database of an application in which it is not enabled."""

    def __init__(self, registry: Registry, plugin: Loaded) -> None:
        self.registry = registry
        self.engine = registry.engine
        self.plugin = plugin
        self.line = migrate.line_of(plugin)

    def left(self) -> Left:
        """Return what there still is."""
        with self.engine.connect() as connection:
            if self.engine.dialect.name == "postgresql":
                connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            counted = {name: _count(connection, table(name)) for name in self._tables(connection)}
            return Left(
                counted,
                _count(connection, Job.__table__, self._is_its_job()),
                _count(connection, Schedule.__table__, self._is_its(Schedule.handler)),
                _count(connection, Event.__table__, self._has_its_switch()),
            )

    def referring(self) -> list[str]:
        """Name the tables of others that refer to its tables, which can therefore not be taken away."""
        with self.engine.connect() as connection:
            own = self._tables(connection)
            keys = inspect(connection).get_multi_foreign_keys()
        found = {str(name) for (_, name), each in keys.items() for key in each if key["referred_table"] in own}
        return sorted(found - set(own))

    def workers(self) -> list[tuple[str, int, datetime]]:
        """Return the workers that are alive: host, process id and when each was started."""
        alive = WorkerSeen.seen_at > self._now() - timedelta(seconds=self.registry.settings["outbox.lease_seconds"])
        query = select(WorkerSeen.host, WorkerSeen.pid, WorkerSeen.started_at).where(alive)
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(query.order_by(WorkerSeen.started_at))]

    def is_in_use(self) -> bool:
        """Tell whether a worker still runs with the plugin, as far as can be seen; it takes some seconds where there are any.

        One that does has work of it under way, or puts the schedules of its periodic tasks back when they are taken away.
        """
        with self.engine.begin() as connection:
            if _count(connection, Job.__table__, self._is_its_job(), self._is_under_way()):
                return True
            connection.execute(delete(Schedule).where(self._is_its(Schedule.handler)))
        if not self.workers():
            return False
        time.sleep(COME_BACK_SECONDS)
        with self.engine.connect() as connection:
            return _count(connection, Schedule.__table__, self._is_its(Schedule.handler)) > 0

    def take_tables(self, folder: Path, about: Mapping[str, Any], told: Told) -> list[str]:
        """Export its tables into `folder` and take them away; return those that its migrations did not take.

        Raises `PluginError` where its migrations cannot do it, and `OSError` where the export cannot be written; nothing
        was taken away then.
        """
        if self.line is None:
            return []
        at = migrate.standing(self.engine, self.line).at
        with migrate.locked(self.engine) as connection:
            tables = self._tables(connection)
            try:
                if tables:
                    _keep_writers_out(connection, tables)
                    export(connection, tables, folder, dict(about) | {"revision": at}, told)
                if inspect(connection).has_table(self.line.version_table):
                    migrate.take_away(connection, self.line)
                return self._tables(connection)
            except BaseException:
                # Before the commit, so that what is in it is in the database still.
                shutil.rmtree(folder, ignore_errors=True)
                raise

    def forget(self) -> None:
        """Take away what it left in the core's tables: jobs, schedules and switches of events. Sent messages stay."""
        self._repeat(lambda session: delete_some(session, Job, self._is_its_job(), ~self._is_under_way()))
        self._repeat(lambda session: delete_some(session, Schedule, self._is_its(Schedule.handler)))
        self._repeat(self._forget_switches)

    def _repeat(self, part: Callable[[Session], bool]) -> None:
        """Do something in parts, a transaction for each, for as long as there may be more."""
        while True:
            with Session(self.engine) as session, session.begin():
                if not part(session):
                    return

    def _forget_switches(self, session: Session) -> bool:
        some = select(Event.id).where(self._has_its_switch()).limit(MOST_DELETED)
        kept: ColumnElement[Any]
        if self.engine.dialect.name == "postgresql":
            kept = cast(cast(Event.switches, JSONB).op("-")(self.plugin.name), JSON)
        else:
            kept = func.json_remove(Event.switches, self._path())
        # A statement, not objects: somebody may be switching another plugin at this moment.
        changed: Any = session.execute(
            update(Event).where(Event.id.in_(some)).values(switches=kept).execution_options(synchronize_session=False)
        )
        return bool(changed.rowcount == MOST_DELETED)

    def _tables(self, connection: Connection) -> list[str]:
        """Return its tables, sorted; those of a plugin whose name begins as this one's are not its own."""
        if self.line is None:
            return []
        names = inspect(connection).get_table_names()
        mark = migrate.VERSION_TABLE + "_"
        others = {name.removeprefix(mark) + "_" for name in names if name.startswith(mark)} - {self.line.prefix}
        longer = tuple(prefix for prefix in others if prefix.startswith(self.line.prefix))
        return sorted(name for name in names if self.line.owns(name) and not name.startswith(longer or "\0"))

    def _is_its(self, name: Any) -> ColumnElement[bool]:
        return name.startswith(self.plugin.installed.package + ".", autoescape=True)

    def _is_its_job(self) -> ColumnElement[bool]:
        """Tell of a job whether the plugin does it, or would have to be there for others to read what it is about."""
        listening = [name for name, handler in self.registry.handlers.items() if handler.listens]
        package = self.plugin.installed.package
        announced = [Job.payload.startswith(f'{{"type":"{package}{end}', autoescape=True) for end in (".", ":")]
        return or_(self._is_its(Job.handler), and_(Job.handler.in_(listening), or_(*announced)))

    def _is_under_way(self) -> ColumnElement[bool]:
        return and_(Job.status == RUNNING, Job.due_at > self._now())

    def _has_its_switch(self) -> ColumnElement[bool]:
        if self.engine.dialect.name == "postgresql":
            return func.jsonb_exists(cast(Event.switches, JSONB), self.plugin.name)
        return func.json_type(Event.switches, self._path()).is_not(None)

    def _path(self) -> str:
        return f'$."{self.plugin.name}"'

    def _now(self) -> datetime:
        return self.registry.clock.now()


def _count(connection: Connection, what: Any, *criteria: ColumnElement[bool]) -> int:
    return connection.scalar(select(func.count()).select_from(what).where(*criteria)) or 0


def _keep_writers_out(connection: Connection, tables: list[str]) -> None:
    """Let nobody write to `tables` until the transaction ends; on SQLite it is the only one that writes, anyway."""
    if connection.dialect.name == "postgresql":
        quote = connection.dialect.identifier_preparer.quote
        connection.exec_driver_sql(f"LOCK TABLE {', '.join(map(quote, tables))} IN ACCESS EXCLUSIVE MODE")
