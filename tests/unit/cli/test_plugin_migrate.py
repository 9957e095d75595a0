"""`turnout migrate` with plugins, and starting after a migration that failed."""

import subprocess

import pytest
from sqlalchemy import text
from tests.plugins_with_tables import add_with_table

from turnout import migrate
from turnout.db import make_engine
from turnout.testing.live import Live, command

FAILS = "raise ValueError('out of order')"


@pytest.fixture
def engine(on_database):
    engine = make_engine(on_database)
    yield engine
    engine.dispose()


@pytest.fixture
def quarantine(here, monkeypatch):
    monkeypatch.setenv("TURNOUT_PLUGINS_ON_ERROR", "quarantine")


@pytest.fixture
def live(on_database, tmp_path, enabled):
    """A server that is not started yet; its settings are given by name."""
    made = []

    def live(**settings):
        settings = {name.replace("__", "."): value for name, value in settings.items()}
        server = Live(on_database, tmp_path, settings)
        made.append(server)
        return server

    yield live
    for server in made:
        server.stop()


class TestOrder:
    def test_the_core_comes_first_and_then_plugins_after_those_that_they_require(
        self, turnout, shelf, enabled, empty_database, monkeypatch
    ):
        monkeypatch.setenv("TURNOUT_DATABASE_URL", empty_database)
        add_with_table(shelf, "alpha", manifest="requires=('beta',)")
        add_with_table(shelf, "beta")
        enabled("alpha beta")
        said = turnout("migrate").stdout.splitlines()
        assert [line.partition(" is at ")[0] for line in said] == [
            "The database",
            "The plugin beta",
            "The plugin alpha",
        ]
        assert all(line.endswith("now.") for line in said)
        assert all(line.endswith("nothing to do.") for line in turnout("migrate").stdout.splitlines())
        turnout("migrate", "--check")

    @pytest.mark.usefixtures("on_database")
    def test_check_tells_of_a_plugins_tables_and_makes_none(self, turnout, shelf, enabled):
        add_with_table(shelf, "alpha")
        enabled("alpha")
        for _ in range(2):
            assert "The plugin alpha is at nothing; the code needs 0001" in turnout("migrate", "--check", code=1).stderr

    @pytest.mark.usefixtures("here")
    def test_two_processes_that_migrate_at_once_do_it_once(self, shelf, enabled, empty_database, monkeypatch):
        monkeypatch.setenv("TURNOUT_DATABASE_URL", empty_database)
        add_with_table(shelf, "alpha")
        enabled("alpha")
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        both = [subprocess.Popen([*command(), "migrate"], **pipes) for _ in range(2)]
        said = [process.communicate()[0] for process in both]
        assert [process.returncode for process in both] == [0, 0], said
        engine = make_engine(empty_database)
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT count(*) FROM alpha_things")) == 1
        engine.dispose()


class TestFailure:
    @pytest.mark.usefixtures("on_database")
    def test_in_mode_stop_one_line_says_it_and_nothing_starts(self, turnout, shelf, enabled, live):
        add_with_table(shelf, "alpha", fails=FAILS)
        enabled("alpha")
        said = turnout("migrate", code=3).stderr
        assert "The plugin alpha cannot be used: its migration failed" in said
        assert "ValueError: out of order" in said
        said = turnout("worker", "--drain", code=3).stderr
        assert "The plugin alpha cannot be used: it has no tables yet. Run: turnout migrate" in said
        with pytest.raises(RuntimeError, match=r"it has no tables yet\. Run: turnout migrate"):
            live(turnout__plugins="alpha").start()

    @pytest.mark.usefixtures("quarantine", "on_database")
    def test_in_quarantine_the_others_are_migrated_and_run(self, turnout, shelf, enabled, live):
        add_with_table(shelf, "alpha", fails=FAILS)
        add_with_table(shelf, "beta")
        add_with_table(shelf, "gamma", manifest="requires=('alpha',)")
        enabled("alpha gamma beta")
        result = turnout("migrate", code=1)
        assert "The plugin beta is at 0001 now" in result.stdout
        assert "The plugin gamma is at" not in result.stdout
        assert "ValueError: out of order" in result.stderr
        assert "it requires the plugin alpha, which is left out" in result.stderr
        assert "Not migrated, and so left out: alpha, gamma" in result.stderr
        assert "Did" in turnout("worker", "--drain").stdout
        server = live(turnout__plugins="alpha gamma beta", turnout__plugins__on_error="quarantine")
        server.start()
        health = server.client.get("/health")
        assert health.status_code == 200
        found = health.json()["components"]["plugins"]
        assert found["enabled"] == ["beta"]
        assert found["left_out"] == {"alpha": "migration", "gamma": "requires"}

    @pytest.mark.usefixtures("quarantine", "on_database")
    def test_in_quarantine_a_plugin_that_cannot_even_be_set_up_is_told_of_too(self, turnout, shelf, enabled):
        shelf.add("alpha", "raise ValueError('out of order')")
        add_with_table(shelf, "beta")
        enabled("alpha beta")
        result = turnout("migrate", code=1)
        assert "The plugin beta is at 0001 now" in result.stdout
        assert "Not migrated, and so left out: alpha" in result.stderr

    @pytest.mark.usefixtures("quarantine")
    def test_the_cores_own_failure_stops_everything(self, turnout, shelf, enabled, engine):
        add_with_table(shelf, "alpha")
        enabled("alpha")
        with engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        for arguments in (("migrate",), ("check",)):
            said = turnout(*arguments, code=3).stderr
            assert "The database is at version 9999, which this Turnout does not know" in said
        with engine.connect() as connection:
            assert migrate.current(connection, migrate.Line("alpha", None, "alembic_version_alpha")) is None

    def test_a_database_that_is_newer_than_a_plugins_code(self, turnout, shelf, enabled, engine, monkeypatch):
        add_with_table(shelf, "alpha")
        enabled("alpha")
        turnout("migrate")
        with engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version_alpha SET version_num = '0009'"))
        for arguments in (("migrate",), ("migrate", "--check"), ("check",)):
            said = turnout(*arguments, code=3).stderr
            assert "its tables are at version 0009, which its code does not know" in said
        monkeypatch.setenv("TURNOUT_PLUGINS_ON_ERROR", "quarantine")
        assert "left out: alpha" in turnout("migrate", code=1).stderr
        turnout("check")
