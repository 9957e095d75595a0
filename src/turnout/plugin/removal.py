"""Taking away what a plugin has in the database: its tables, and what it left in those of the core.

Its tables go in one transaction that exports them first, with nobody able to write to them: what is exported is what was
there at the end. Whatever is interrupted is simply begun again: each step takes away what it still finds.
"""

import shutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from pyramid.registry import Registry
from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    cast,
    func,
    inspect,
    not_,
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
from turnout.plugin.discovery import Installed, Loaded, installed, look_into
from turnout.plugin.errors import MIGRATION, PluginError
from turnout.plugin.export import Told, export
from turnout.plugin.mapping import check_models


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
        _let_finish(plugin)
        self.others = [other for name, other in installed().items() if name != plugin.name]

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

    def workers(self) -> list[tuple[str, int]]:
        """Return the workers that are alive and have the plugin enabled: host and process id."""
        lease = timedelta(seconds=self.registry.settings["outbox.lease_seconds"])
        alive = WorkerSeen.is_alive(self._now(), lease)
        query = select(WorkerSeen.host, WorkerSeen.pid, WorkerSeen.plugins).where(alive).order_by(WorkerSeen.started_at)
        with self.engine.connect() as connection:
            found = connection.execute(query).all()
        return [(host, pid) for host, pid, plugins in found if self.plugin.name in plugins.split()]

    def take_tables(self, folder: Path, about: Mapping[str, Any], told: Told) -> list[str]:
        """Export its tables into `folder` and take them away; return those that its migrations did not take.

        Raises `PluginError` where its migrations cannot do it, or take what is not in the export, and `OSError` where the
        export cannot be written; nothing was taken away then.
        """
        if self.line is None:
            return []
        at = migrate.standing(self.engine, self.line).at
        with migrate.locked(self.engine) as connection:
            before = inspect(connection).get_table_names()
            if self.line.version_table not in before:
                return []
            tables = self._tables(connection)
            try:
                if tables:
                    _keep_writers_out(connection, tables)
                    export(connection, tables, folder, dict(about) | {"revision": at}, told)
                migrate.take_away(connection, self.line)
                after = inspect(connection).get_table_names()
                self._refuse_others(set(before) - set(after) - {*tables, self.line.version_table})
                return sorted(set(tables) & set(after))
            except BaseException:
                # Before the commit, so that what is in it is in the database still.
                shutil.rmtree(folder, ignore_errors=True)
                raise

    def forget(self) -> None:
        """Take away what it left in the core's tables: jobs, schedules and switches of events. Sent messages stay."""
        self._repeat(lambda session: delete_some(session, Job, self._is_its_job(), ~self._is_under_way()))
        self._repeat(lambda session: delete_some(session, Schedule, self._is_its(Schedule.handler)))
        self._repeat(self._forget_switches)

    def _refuse_others(self, taken: Iterable[str]) -> None:
        if taken:
            problem = (
                f"its migrations take tables away that are not its, and nothing was changed: {', '.join(sorted(taken))}"
            )
            raise PluginError(self.plugin.name, MIGRATION, problem, "Mend its downgrade.")

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
        """Return its tables, sorted; those of a plugin whose prefix begins as this one's are not its own.

        Where none of its migrations was made, or all were taken back, it has none, whatever names begin as its.
        """
        names = inspect(connection).get_table_names()
        if self.line is None or self.line.version_table not in names:
            return []
        mark = migrate.VERSION_TABLE + "_"
        gone = {name.removeprefix(mark) for name in names if name.startswith(mark)} - self._prefixes.keys()
        others = {*self._prefixes.values(), *(f"{name}_" for name in gone - {self.plugin.name})} - {self.line.prefix}
        longer = tuple(prefix for prefix in others if prefix.startswith(self.line.prefix))
        return sorted(name for name in names if self.line.owns(name) and not name.startswith(longer))

    @cached_property
    def _prefixes(self) -> dict[str, str]:
        """What the tables of the other plugins that are installed begin with, by their names."""
        return {other.name: _prefix_of(other) for other in self.others}

    def _is_its(self, name: Any) -> ColumnElement[bool]:
        return self._is_within(name, "", ".")

    def _is_within(self, text: Any, before: str, *ends: str) -> ColumnElement[bool]:
        """Tell whether a text begins with `before` and the plugin's package, or a module in it that is no other plugin's."""
        own = self.plugin.installed.package
        inner = [other.package for other in self.others if other.package.startswith(own + ".")]

        def begins(package: str) -> ColumnElement[bool]:
            return or_(*(text.startswith(before + package + end, autoescape=True) for end in ends))

        return and_(begins(own), *(not_(begins(package)) for package in inner))

    def _is_its_job(self) -> ColumnElement[bool]:
        """Tell of a job whether the plugin does it, or would have to be there for others to read what it is about."""
        listening = [name for name, handler in self.registry.handlers.items() if handler.listens]
        announced = self._is_within(Job.payload, '{"type":"', ".", ":")
        return or_(self._is_its(Job.handler), and_(Job.handler.in_(listening), announced))

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


def _prefix_of(plugin: Installed) -> str:
    """Return what a plugin's tables begin with; if it cannot be loaded, what they do unless it says otherwise."""
    try:
        loaded = look_into(plugin)
    except PluginError:
        return f"{plugin.name}_"
    _let_finish(loaded)
    return loaded.manifest.table_prefix


def _let_finish(plugin: Loaded) -> None:
    """See to it that models of a plugin that do not fit together, and need not here, break no query."""
    with suppress(PluginError):
        check_models([plugin])


def _count(connection: Connection, what: Any, *criteria: ColumnElement[bool]) -> int:
    return connection.scalar(select(func.count()).select_from(what).where(*criteria)) or 0


def _keep_writers_out(connection: Connection, tables: list[str]) -> None:
    """Let nobody write to `tables` until the transaction ends; on SQLite it is the only one that writes, anyway."""
    if connection.dialect.name == "postgresql":
        quote = connection.dialect.identifier_preparer.quote
        connection.exec_driver_sql(f"LOCK TABLE {', '.join(map(quote, tables))} IN ACCESS EXCLUSIVE MODE")
