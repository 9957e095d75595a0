"""Migrations of plugins: each in a line of its own, in order, whole or not at all."""

import pytest
from sqlalchemy import inspect, text
from tests.plugins_with_tables import DROP, add_migration, add_with_table

from turnout import migrate
from turnout.db import make_engine
from turnout.plugin.errors import MIGRATION, PluginError
from turnout.plugin.plugins import Plugins


@pytest.fixture
def engine(fresh_database):
    engine = make_engine(fresh_database)
    yield engine
    engine.dispose()


def lines(*names):
    """Return the lines of plugins, without the core's."""
    return migrate.lines_of(Plugins.of(" ".join(names), {}).enabled.values())[1:]


def state(engine):
    """Return what a migration could have changed: tables, and the rows of those that are no core's."""
    core = migrate.core_tables()
    with engine.connect() as connection:
        tables = set(inspect(connection).get_table_names())
        return tables, {
            name: connection.execute(text(f"SELECT * FROM {name}")).all()
            for name in tables - core
            if not name.startswith("events_search")
        }


def refused(function, *arguments):
    """Return the one line that is said of a plugin that cannot be migrated."""
    with pytest.raises(PluginError) as caught:
        function(*arguments)
    said = str(caught.value)
    assert "\n" not in said
    assert "[SQL" not in said
    assert said.startswith(f"The plugin {caught.value.plugin} cannot be used: ")
    assert caught.value.reason == MIGRATION
    return said


class TestUpAndDown:
    def test_a_plugin_goes_up_and_down_and_leaves_others_alone(self, engine, shelf):
        add_with_table(shelf, "alpha")
        add_with_table(shelf, "beta")
        alpha, beta = lines("alpha", "beta")
        migrate.bring_up(engine, alpha)
        before = state(engine)
        migrate.bring_up(engine, beta)
        assert migrate.standing(engine, beta).is_current
        assert [migrate.differences(engine, line) for line in (migrate.CORE, alpha, beta)] == [[], [], []]
        migrate.downgrade(engine, "base", beta)
        tables, rows = state(engine)
        assert rows.pop("alembic_version_beta") == []
        assert (tables - {"alembic_version_beta"}, rows) == before
        migrate.bring_up(engine, beta)
        assert migrate.differences(engine, beta) == []

    def test_each_line_finds_only_its_own_differences(self, engine, shelf):
        add_with_table(shelf, "alpha")
        add_with_table(shelf, "beta")
        alpha, beta = lines("alpha", "beta")
        migrate.bring_up(engine, alpha)
        migrate.bring_up(engine, beta)
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE beta_things ADD COLUMN strength INTEGER"))
        assert migrate.differences(engine) == []
        assert migrate.differences(engine, alpha) == []
        assert "strength" in str(migrate.differences(engine, beta))

    def test_a_table_without_a_class_is_its_plugins_too(self, engine, shelf):
        pair = """
        from sqlalchemy import Column, Integer, Table
        pairs = Table("alpha_pairs", Base.metadata, Column("one", Integer, primary_key=True))
        """
        add_with_table(shelf, "alpha", models=pair)
        (alpha,) = lines("alpha")
        assert migrate.differences(engine) == []
        assert "alpha_pairs" in str(migrate.differences(engine, alpha))

    def test_tables_of_a_plugin_that_is_not_enabled_are_nobodys_difference(self, engine, shelf):
        add_with_table(shelf, "alpha")
        (alpha,) = lines("alpha")
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE gone_things (id INTEGER)"))
        migrate.bring_up(engine, alpha)
        assert migrate.differences(engine) == []
        assert migrate.differences(engine, alpha) == []

    def test_a_plugin_without_migrations_yet_needs_none(self, engine, shelf):
        shelf.add("alpha")
        (shelf.folder / "turnout_alpha" / "migrations" / "versions").mkdir(parents=True)
        (alpha,) = lines("alpha")
        migrate.bring_up(engine, alpha)
        assert migrate.standing(engine, alpha).is_current


class TestFailure:
    @pytest.mark.parametrize(
        ("fails", "said"),
        [
            ("raise ValueError('of two lines:\\n  the second')", "ValueError: of two lines: the second"),
            ("op.execute('SELECT one FROM nowhere')", "nowhere"),
            ("op.execute(\"INSERT INTO alpha_things (title, event_id) VALUES ('lost', 999)\")", ""),
        ],
        ids=["error", "statement", "row that refers to nothing"],
    )
    def test_what_fails_half_way_leaves_nothing(self, engine, shelf, fails, said):
        add_with_table(shelf, "alpha", fails=fails)
        (alpha,) = lines("alpha")
        before = state(engine)
        message = refused(migrate.bring_up, engine, alpha)
        assert said in message
        assert "its migration failed, and nothing of it was kept" in message
        assert "run: turnout migrate" in message
        assert state(engine) == before

    def test_of_several_migrations_none_is_kept_when_the_last_fails(self, engine, shelf):
        add_with_table(shelf, "alpha")
        add_migration(shelf, "alpha", "0002", "raise ValueError", before="0001")
        (alpha,) = lines("alpha")
        before = state(engine)
        refused(migrate.bring_up, engine, alpha)
        assert state(engine) == before

    def test_what_was_there_before_stays_as_it_was(self, engine, shelf):
        add_with_table(shelf, "alpha")
        (alpha,) = lines("alpha")
        migrate.bring_up(engine, alpha)
        before = state(engine)
        add_migration(shelf, "alpha", "0002", "op.execute('DELETE FROM alpha_things')\nraise ValueError", before="0001")
        refused(migrate.bring_up, engine, alpha)
        assert state(engine) == before
        assert "0001" in refused(migrate.require_line, engine, alpha)

    def test_once_mended_it_goes_up(self, engine, shelf):
        add_with_table(shelf, "alpha", fails="raise ValueError")
        (alpha,) = lines("alpha")
        refused(migrate.bring_up, engine, alpha)
        add_migration(
            shelf, "alpha", "0001", "op.create_table('alpha_things', sa.Column('id', ID))", DROP.format(name="alpha")
        )
        migrate.bring_up(engine, alpha)
        assert "alpha_things" in state(engine)[0]

    def test_a_database_that_is_newer_than_the_code(self, engine, shelf):
        add_with_table(shelf, "alpha")
        (alpha,) = lines("alpha")
        migrate.bring_up(engine, alpha)
        with engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version_alpha SET version_num = '0009'"))
        for function in (migrate.standing, migrate.require_line):
            said = refused(function, engine, alpha)
            assert "its tables are at version 0009, which its code does not know" in said
            assert "Install" in said

    @pytest.mark.parametrize("broken", ["two heads", "syntax"])
    def test_migrations_that_cannot_be_read(self, engine, shelf, broken):
        add_with_table(shelf, "alpha")
        if broken == "two heads":
            add_migration(shelf, "alpha", "0002")
        else:
            add_migration(shelf, "alpha", "0002", "this is no Python", before="0001")
        (alpha,) = lines("alpha")
        assert "its migrations cannot be read" in refused(migrate.require_line, engine, alpha)
