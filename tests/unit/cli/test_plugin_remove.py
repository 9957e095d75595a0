"""`turnout plugin remove`, on both databases."""

import json

import pytest
from sqlalchemy import insert, inspect, text
from tests.plugins_with_tables import DROP, add_migration, add_with_table

from turnout import migrate
from turnout.clock import Clock
from turnout.db import make_engine
from turnout.outbox.models import WorkerSeen
from turnout.plugin.discovery import find, installed, look_into


@pytest.fixture
def engine(on_database):
    engine = make_engine(on_database)
    yield engine
    engine.dispose()


@pytest.fixture
def alpha(turnout, shelf, enabled, engine):
    """A plugin with a table and a row in it, that was enabled until now."""
    add_with_table(shelf, "alpha")
    enabled("alpha")
    turnout("migrate")
    enabled("")


def tables(engine):
    return {name for name in inspect(engine).get_table_names() if "alpha" in name}


BOTH = {"alpha_things", "alembic_version_alpha"}


@pytest.mark.usefixtures("alpha")
class TestRemove:
    def test_it_shows_what_it_takes_asks_for_the_name_and_exports(self, turnout, engine, here):
        said = turnout("plugin", "remove", "alpha", stdin="alpha\n").stdout
        assert "alpha_things: 1 row" in said
        assert "must be gone by now" in said
        assert "Uninstall it: pip uninstall turnout-alpha" in said
        assert tables(engine) == set()
        (export,) = (here / "data" / "exports").iterdir()
        assert export.name.startswith("alpha-")
        assert f"Wrote {export}" in said
        manifest = json.loads((export / "manifest.json").read_text("utf-8"))
        assert (manifest["plugin"], manifest["distribution"], manifest["version"]) == ("alpha", "turnout-alpha", "1.0")
        assert manifest["tables"]["alpha_things"]["rows"] == 1

    @pytest.mark.parametrize("typed", ["", "\n", "alpa\n", "yes\n"])
    def test_without_the_name_typed_nothing_is_done(self, turnout, engine, here, typed):
        turnout("plugin", "remove", "alpha", stdin=typed, code=1)
        assert tables(engine) == BOTH
        assert not (here / "data" / "exports").exists()

    def test_it_does_not_ask_when_told_so_and_writes_where_it_is_told_to(self, turnout, engine, here):
        turnout("plugin", "remove", "alpha", "--yes", "--export", str(here / "kept" / "here"))
        (export,) = (here / "kept" / "here").iterdir()
        assert {path.name for path in export.iterdir()} == {"manifest.json", "alpha_things.jsonl"}
        assert tables(engine) == set()

    def test_again_there_is_nothing_to_do_and_nothing_is_asked(self, turnout, here):
        turnout("plugin", "remove", "alpha", "--yes")
        said = turnout("plugin", "remove", "alpha").stdout
        assert said == "Nothing of alpha is in the database. Uninstall it: pip uninstall turnout-alpha\n"
        assert len(list((here / "data" / "exports").iterdir())) == 1


@pytest.mark.usefixtures("alpha")
class TestRefused:
    def refused(self, turnout, engine, *arguments, code=1):
        said = turnout("plugin", "remove", "alpha", "--yes", *arguments, code=code).stderr
        assert tables(engine) == BOTH
        assert len(said.strip().splitlines()) == 1, said
        return said

    @pytest.mark.parametrize(("setting", "left"), [("alpha", "''"), ("beta, alpha", "'beta'"), ("*", "'beta")])
    def test_while_it_is_enabled(self, turnout, shelf, enabled, engine, setting, left):
        shelf.add("beta")
        enabled(setting)
        said = self.refused(turnout, engine)
        assert f"turnout.plugins (or TURNOUT_PLUGINS) is '{setting}'. Make it {left}" in said

    def test_while_the_ini_file_enables_it(self, turnout, here, engine, monkeypatch):
        monkeypatch.delenv("TURNOUT_PLUGINS")
        ini = "[app:main]\nuse = egg:turnout\nturnout.plugins =\n  alpha\n"
        (here / "site.ini").write_text(ini, "utf-8")
        assert "alpha is enabled" in self.refused(turnout, engine, "--config", "site.ini")

    def test_what_is_not_installed(self, turnout):
        said = turnout("plugin", "remove", "alfa", "--yes", code=1).stderr
        assert "alfa is not installed, and only the plugin itself knows which tables are its" in said
        assert "alpha" in said

    def test_while_other_tables_refer_to_its(self, turnout, engine):
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE beta_more (thing INTEGER REFERENCES alpha_things (id))"))
        assert "Other tables refer to those of alpha: beta_more" in self.refused(turnout, engine)

    def test_while_a_worker_runs_with_it(self, turnout, engine):
        now = Clock().now()
        seen = {"kind": "worker", "host": "one.example.com", "pid": 42, "started_at": now, "seen_at": now}
        with engine.begin() as connection:
            connection.execute(insert(WorkerSeen).values(id="1", plugins="beta alpha", **seen))
        said = self.refused(turnout, engine)
        assert "alpha is enabled in workers that run: on one.example.com (process 42)." in said
        assert "Take it out of turnout.plugins there and start them anew" in said

    def test_an_export_that_cannot_be_written(self, turnout, here, engine):
        (here / "file").touch()
        turnout("plugin", "remove", "alpha", "--yes", "--export", str(here / "file"), code=2)
        said = self.refused(turnout, engine, "--export", str(here / "file" / "inside"))
        assert "The export cannot be written to" in said
        assert "Nothing was taken away" in said

    def test_a_database_whose_core_is_not_migrated(self, turnout, engine):
        with engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        assert "Run: turnout migrate" in self.refused(turnout, engine, code=3)

    def test_a_downgrade_that_fails(self, turnout, shelf, enabled, engine):
        add_migration(shelf, "alpha", "0002", "pass", DROP.format(name="alpha") + "\nraise ValueError", before="0001")
        enabled("alpha")
        turnout("migrate")
        enabled("")
        assert "do not take its tables away, and nothing was changed" in self.refused(turnout, engine, code=3)

    def test_a_package_that_cannot_be_imported(self, turnout, shelf):
        (shelf.folder / "turnout_broken").mkdir()
        (shelf.folder / "turnout_broken" / "__init__.py").write_text("raise ValueError('early')", "utf-8")
        shelf.distribution("turnout-broken", {"broken": "turnout_broken"})
        said = turnout("plugin", "remove", "broken", "--yes", code=3).stderr
        assert "cannot be imported: ValueError: early" in said


@pytest.mark.usefixtures("alpha")
def test_another_plugin_that_is_broken_is_no_hindrance(turnout, shelf, enabled, engine):
    shelf.add("broken", "raise ValueError('early')")
    enabled("broken")
    turnout("plugin", "remove", "alpha", "--yes")
    assert tables(engine) == set()


def test_one_that_is_for_another_version_of_the_interface_can_be_removed(turnout, shelf, engine):
    add_with_table(shelf, "alpha")
    file = shelf.folder / "turnout_alpha" / "__init__.py"
    file.write_text(file.read_text("utf-8").replace("api_version=API_VERSION", "api_version=99"), "utf-8")
    migrate.bring_up(engine, migrate.line_of(look_into(find("alpha", installed()))))
    turnout("plugin", "remove", "alpha", "--yes")
    assert tables(engine) == set()


def test_tables_that_its_migrations_forget_are_named(turnout, shelf, enabled, engine):
    add_with_table(shelf, "alpha")
    add_migration(shelf, "alpha", "0002", "op.create_table('alpha_more', sa.Column('id', ID))", before="0001")
    enabled("alpha")
    turnout("migrate")
    enabled("")
    said = turnout("plugin", "remove", "alpha", "--yes", code=1).stderr
    assert said.endswith("left these tables, whose names begin as its: alpha_more. They were not touched.\n")
    assert tables(engine) == {"alpha_more"}
    assert turnout("plugin", "remove", "alpha").stdout.startswith("Nothing of alpha is in the database.")
