"""A plugin's tables: its migrations go up and down, and what it makes is told apart from everybody else's."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, inspect

from turnout import migrate
from turnout.db import make_engine
from turnout.testing.conformance.schemas import COLUMN, TABLE, Thing, things_in
from turnout.testing.conformance.subject import Checks, Subject, refuse
from turnout.testing.fixtures import Workshop

Things = dict[Thing, str]


class TableChecks(Checks):
    """A plugin's tables: its migrations go up and down, and what it makes is told apart from everybody else's."""

    @pytest.fixture
    def line(self, subject: Subject) -> migrate.Line:
        """Give the plugin's migrations; a plugin without tables needs none of these checks."""
        line = subject.line
        if line is None:
            if subject.tables:
                refuse(
                    [f"It has tables ({', '.join(sorted(subject.tables))}) and no migrations. {_revise(subject.name)}"]
                )
            pytest.skip("It has no tables.")
        return line

    @pytest.fixture
    def engine(self, workshop: Workshop, database: str, subject: Subject) -> Iterator[Engine]:
        """Open a database with the tables of the core, and of the plugins that this one requires."""
        url = workshop.fresh(database, plugins=subject.required)
        engine = make_engine(url)
        yield engine
        engine.dispose()
        workshop.databases(database).drop(url)

    @pytest.fixture
    def up(self, engine: Engine, line: migrate.Line) -> Callable[[], None]:
        """Bring the plugin's tables up."""
        return lambda: migrate.bring_up(engine, line)

    def test_its_migrations_go_down_and_up_again(
        self, engine: Engine, line: migrate.Line, up: Callable[[], None]
    ) -> None:
        """A downgrade leaves nothing behind, and nothing that is another's is changed."""
        before = _things(engine, line)
        refuse(_failing("upgrade", up))
        first = _things(engine, line)
        refuse(_changed(before, first))
        refuse(_failing("downgrade to base", lambda: migrate.downgrade(engine, "base", line)))
        refuse(
            f"Its downgrade leaves the {kind} {name} behind; let downgrade() undo all that upgrade() does."
            for kind, name in sorted(_things(engine, line).keys() - before.keys())
        )
        refuse(
            f"Its downgrade takes away the {kind} {name}, which is not its own."
            for kind, name in sorted(before.keys() - _things(engine, line).keys())
        )
        refuse(_failing("upgrade", up))
        refuse(
            f"The {kind} {name} is not the same after going down and up again."
            for kind, name in sorted({thing for thing, _ in first.items() ^ _things(engine, line).items()})
        )

    def test_its_models_equal_its_migrations(
        self, subject: Subject, engine: Engine, line: migrate.Line, up: Callable[[], None]
    ) -> None:
        """What the models say is what the migrations make."""
        refuse(_failing("upgrade", up))
        refuse(
            f"Models and migrations differ: {_difference(found)}. {_revise(subject.name)}"
            for found in migrate.differences(engine, line)
        )

    def test_its_tables_have_its_prefix(self, engine: Engine, line: migrate.Line, up: Callable[[], None]) -> None:
        """Whatever it makes in the database shows whose it is."""
        before = _things(engine, line)
        refuse(_failing("upgrade", up))
        refuse(_misnamed(sorted(_things(engine, line).keys() - before.keys()), line.prefix))

    def test_its_foreign_keys_lead_to_its_own_and_to_core_tables(
        self, engine: Engine, line: migrate.Line, up: Callable[[], None]
    ) -> None:
        """Another plugin can be removed without asking this one."""
        refuse(_failing("upgrade", up))
        refuse(
            f"The foreign key {_key(table, key)} leads to a table of another plugin, which then cannot be removed; "
            "keep the id without a foreign key, and listen to the other plugin's events."
            for table, key in _foreign_keys(engine, line)
            if not line.owns(key["referred_table"]) and key["referred_table"] not in migrate.core_tables()
        )

    def test_its_foreign_keys_to_the_core_say_what_a_deletion_does(
        self, engine: Engine, line: migrate.Line, up: Callable[[], None]
    ) -> None:
        """Deleting an event or an account is not refused because of rows that nobody knows of."""
        refuse(_failing("upgrade", up))
        refuse(
            f"The foreign key {_key(table, key)} does not say ON DELETE, so that a row of it keeps the core's from being "
            'deleted; say ForeignKey(..., ondelete="CASCADE") or "SET NULL", in the model and in the migration.'
            for table, key in _foreign_keys(engine, line)
            if key["referred_table"] in migrate.core_tables() and not key["options"].get("ondelete")
        )


def _revise(name: str) -> str:
    return f'Write a migration: turnout plugin revise {name} "what it does"'


def _failing(what: str, do: Callable[[], None]) -> Iterator[str]:
    try:
        do()
    except Exception as error:  # noqa: BLE001 - whatever a migration raises
        yield f"Its {what} fails: {type(error).__name__}: {' '.join(str(error).split())}"


def _things(engine: Engine, line: migrate.Line) -> Things:
    with engine.connect() as connection:
        return things_in(connection, line)


def _changed(before: Things, after: Things) -> Iterator[str]:
    for (kind, name), definition in before.items():
        if after.get((kind, name)) != definition:
            yield f"Its upgrade changes or drops the {kind} {name}, which is not its own; a plugin has tables of its own only."


def _misnamed(things: list[Thing], prefix: str) -> Iterator[str]:
    for kind, name in things:
        if kind == TABLE and not name.startswith(prefix):
            yield f"The table {name} must have a name that begins with {prefix}, as all its tables: {prefix}{name}."
        elif kind != COLUMN and prefix not in name:
            yield f"The {kind} {name} does not show whose it is; put {prefix} into its name."


def _foreign_keys(engine: Engine, line: migrate.Line) -> Iterator[tuple[str, Any]]:
    known = inspect(engine)
    for table in sorted(known.get_table_names()):
        if line.owns(table):
            yield from ((table, key) for key in known.get_foreign_keys(table))


def _key(table: str, key: Any) -> str:
    return f"{table}.{', '.join(key['constrained_columns'])} -> {key['referred_table']}"


def _difference(found: Any) -> str:
    """Say in words what Alembic found: a tuple, or a list of those for the columns of a table."""
    kind, *what = found[0] if isinstance(found, list) else found
    named = [str(getattr(each, "name", each)) for each in what if isinstance(each, str) or getattr(each, "name", None)]
    return f"{kind.replace('_', ' ')} {' '.join(named)}".strip()
