"""Removing what a plugin has in the database, and nothing else."""

import json
import os
import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, inspect, select, text
from tests.plugins_with_tables import CREATE, DROP, add_migration, add_with_table

from turnout import migrate
from turnout.events.models import Event
from turnout.messages.models import Message
from turnout.outbox.models import DEAD, DONE, HANDED, RUNNING, WAITING, Job, Schedule, WorkerSeen
from turnout.outbox.worker import Worker
from turnout.plugin import removal as module
from turnout.plugin.discovery import find, installed, look_into
from turnout.plugin.errors import MIGRATION, PluginError
from turnout.plugin.removal import Left, Removal
from turnout.testing.applications import Application

NOTHING = Left({}, 0, 0, 0)
RELATED_TO_NOTHING = """
from turnout.plugin import *
from sqlalchemy.orm import Mapped, mapped_column, relationship

class Lonely(Base):
    __tablename__ = "beta_things"
    id: Mapped[int] = mapped_column(primary_key=True)
    other: Mapped["Nothing"] = relationship("Nothing")
"""


@pytest.fixture
def engine(committing):
    return committing.engine


@pytest.fixture
def migrated(engine, shelf):
    """Load a plugin and make its tables."""

    def migrated(name):
        plugin = look_into(find(name, installed()))
        migrate.bring_up(engine, migrate.line_of(plugin))
        return plugin

    return migrated


@pytest.fixture
def removal(committing, shelf, migrated):
    """The removal of the plugin alpha, whose table has one row."""
    add_with_table(shelf, "alpha")
    return Removal(committing.registry, migrated("alpha"))


def take(removal, folder):
    return removal.take_tables(folder, {"plugin": removal.plugin.name}, lambda _more: None)


def add_jobs(application, *handlers, payload="{}", status=WAITING, due_in=timedelta(0)):
    now = application.registry.clock.now()
    about = {"queue": "default", "payload": payload, "status": status, "due_at": now + due_in, "created_at": now}
    with application.engine.begin() as connection:
        connection.execute(insert(Job), [about | {"handler": handler} for handler in handlers])


def handlers_left(engine):
    with engine.connect() as connection:
        return sorted(connection.scalars(select(Job.handler)))


class TestTables:
    def test_they_are_exported_and_gone(self, removal, engine, tmp_path):
        assert removal.left() == Left({"alpha_things": 1}, 0, 0, 0)
        before = set(inspect(engine).get_table_names())
        assert take(removal, tmp_path / "export") == []
        assert before - set(inspect(engine).get_table_names()) == {"alpha_things", "alembic_version_alpha"}
        assert removal.left() == NOTHING
        manifest = json.loads((tmp_path / "export" / "manifest.json").read_text("utf-8"))
        assert (manifest["plugin"], manifest["revision"]) == ("alpha", "0001")
        assert "made by the migration" in (tmp_path / "export" / "alpha_things.jsonl").read_text("utf-8")

    def test_doing_it_again_does_nothing(self, removal, tmp_path):
        take(removal, tmp_path / "export")
        assert take(removal, tmp_path / "again") == []
        assert not (tmp_path / "again").exists()

    def test_a_plugin_without_tables_has_none(self, committing, shelf, tmp_path):
        shelf.add("alpha")
        removal = Removal(committing.registry, look_into(find("alpha", installed())))
        assert removal.left() == NOTHING
        assert take(removal, tmp_path / "export") == []

    def test_it_can_come_back(self, removal, engine, tmp_path):
        take(removal, tmp_path / "export")
        migrate.bring_up(engine, removal.line)
        assert removal.left().tables == {"alpha_things": 1}

    def test_those_of_a_plugin_whose_name_begins_the_same_stay(self, removal, shelf, migrated, engine, tmp_path):
        add_with_table(shelf, "alpha_plus")
        migrated("alpha_plus")
        assert removal.left().tables == {"alpha_things": 1}
        assert take(removal, tmp_path / "export") == []
        assert "alpha_plus_things" in inspect(engine).get_table_names()
        assert not (tmp_path / "export" / "alpha_plus_things.jsonl").exists()

    def test_one_for_another_version_of_the_interface_can_be_removed(self, committing, shelf, migrated, tmp_path):
        add_with_table(shelf, "alpha")
        file = shelf.folder / "turnout_alpha" / "__init__.py"
        file.write_text(file.read_text("utf-8").replace("api_version=API_VERSION", "api_version=99"), "utf-8")
        assert take(Removal(committing.registry, migrated("alpha")), tmp_path / "export") == []

    def test_those_of_a_plugin_whose_prefix_begins_the_same_stay(self, committing, shelf, migrated, engine, tmp_path):
        add_with_table(shelf, "alpha")
        shelf.add("zeb", manifest="table_prefix='alpha_z_'")
        add_migration(shelf, "zeb", "0001", CREATE.format(name="alpha_z"), DROP.format(name="alpha_z"))
        migrated("zeb")
        removal = Removal(committing.registry, migrated("alpha"))
        assert removal.left().tables == {"alpha_things": 1}
        assert take(removal, tmp_path / "export") == []
        assert not (tmp_path / "export" / "alpha_z_things.jsonl").exists()
        assert {"alpha_z_things", "alembic_version_zeb"} <= set(inspect(engine).get_table_names())

    def test_another_that_cannot_be_loaded_has_its_names_tables(self, committing, shelf, migrated, engine):
        add_with_table(shelf, "alpha")
        shelf.add("alpha_b", "raise ValueError('early')")
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE alpha_b_things (id INTEGER)"))
        assert Removal(committing.registry, migrated("alpha")).left().tables == {"alpha_things": 1}

    def test_another_whose_models_do_not_fit_together_is_no_hindrance(self, committing, shelf, migrated, tmp_path):
        add_with_table(shelf, "alpha")
        shelf.add("beta", "from . import models", models=RELATED_TO_NOTHING)
        removal = Removal(committing.registry, migrated("alpha"))
        assert take(removal, tmp_path / "export") == []
        removal.forget()
        assert removal.left() == NOTHING

    def test_what_only_begins_as_its_tables_is_not_its(self, removal, engine, tmp_path):
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE alpha_notes (id INTEGER)"))
        assert take(removal, tmp_path / "export") == ["alpha_notes"]
        assert removal.left() == NOTHING
        assert take(removal, tmp_path / "again") == []
        assert "alpha_notes" in inspect(engine).get_table_names()

    def test_what_its_migrations_leave_is_told(self, committing, shelf, migrated, tmp_path):
        add_with_table(shelf, "alpha")
        more = "op.create_table('alpha_more', sa.Column('id', ID))"
        add_migration(shelf, "alpha", "0002", more, before="0001")
        removal = Removal(committing.registry, migrated("alpha"))
        assert take(removal, tmp_path / "export") == ["alpha_more"]
        assert (tmp_path / "export" / "alpha_more.jsonl").exists()

    def test_tables_of_others_that_refer_to_them_are_named(self, removal, engine):
        assert removal.referring() == []
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE beta_more (thing INTEGER REFERENCES alpha_things (id))"))
        assert removal.referring() == ["beta_more"]


class TestFailure:
    def refused(self, removal, folder):
        with pytest.raises(PluginError) as caught:
            take(removal, folder)
        assert caught.value.reason == MIGRATION
        return str(caught.value)

    def test_a_downgrade_that_fails_changes_nothing(self, committing, shelf, migrated, tmp_path):
        add_with_table(shelf, "alpha")
        add_migration(
            shelf, "alpha", "0002", "pass", DROP.format(name="alpha") + "\nraise ValueError('no')", before="0001"
        )
        removal = Removal(committing.registry, migrated("alpha"))
        said = self.refused(removal, tmp_path / "export")
        assert "do not take its tables away, and nothing was changed: ValueError: no" in said
        assert removal.left().tables == {"alpha_things": 1}
        assert migrate.standing(removal.engine, removal.line).is_current
        assert not (tmp_path / "export").exists()

    def test_a_downgrade_that_takes_what_is_not_in_the_export_changes_nothing(
        self, committing, shelf, migrated, engine, tmp_path
    ):
        add_with_table(shelf, "alpha")
        down = DROP.format(name="alpha") + "\nop.drop_table('beta_more')"
        add_migration(shelf, "alpha", "0001", CREATE.format(name="alpha"), down)
        removal = Removal(committing.registry, migrated("alpha"))
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE beta_more (id INTEGER)"))
        said = self.refused(removal, tmp_path / "export")
        assert "take tables away that are not its, and nothing was changed: beta_more" in said
        assert {"beta_more", "alpha_things", "alembic_version_alpha"} <= set(inspect(engine).get_table_names())
        assert not (tmp_path / "export").exists()

    def test_a_database_that_is_newer_than_its_code_is_left_alone(self, removal, engine, tmp_path):
        with engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version_alpha SET version_num = '0009'"))
        assert "is at version 0009" in self.refused(removal, tmp_path / "export").replace("are at", "is at")
        assert removal.left().tables == {"alpha_things": 1}

    def test_an_export_that_cannot_be_written_takes_nothing_away(self, removal, tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(NotADirectoryError):
            take(removal, tmp_path / "file" / "export")
        assert removal.left().tables == {"alpha_things": 1}

    def test_nobody_writes_between_export_and_the_end(self, removal, engine, tmp_path, database):
        """Whoever tries while it is exported waits, and then finds the table gone."""
        if database == "sqlite":
            pytest.skip("SQLite has one writer at a time, and this one began before it read")
        seen = []

        def told(_more):
            with engine.connect() as other:
                other.exec_driver_sql("SET lock_timeout = '100ms'")
                try:
                    other.execute(text("INSERT INTO alpha_things (title) VALUES ('late')"))
                except Exception as error:  # noqa: BLE001 - the test looks at it
                    seen.append(str(error))

        removal.take_tables(tmp_path / "export", {}, told)
        assert len(seen) == 1
        assert "lock timeout" in seen[0]


class TestJobs:
    def test_its_jobs_and_schedules_go_and_those_of_others_stay(self, removal, committing, engine):
        add_jobs(committing, "turnout_alpha.tasks.one")
        add_jobs(committing, "turnout_alpha.tasks.two", status=DEAD)
        add_jobs(committing, "turnout_alpha.tasks.three", status=DONE)
        add_jobs(committing, "turnout_alpha.tasks.four", status=HANDED, due_in=timedelta(hours=1))
        add_jobs(committing, "turnout_alpha.tasks.five", status=RUNNING, due_in=timedelta(seconds=-1))
        others = ["turnout.outbox.tasks.purge_jobs", "turnoutxalpha.tasks.one", "turnout_alpha_plus.tasks.one"]
        add_jobs(committing, *others)
        schedules = ["turnout_alpha.tasks.one", "turnout_alphabet.tasks.one", "turnout.outbox.tasks.purge_jobs"]
        now = committing.registry.clock.now()
        with engine.begin() as connection:
            connection.execute(delete(Schedule))
            connection.execute(insert(Schedule), [{"handler": name, "next_at": now} for name in schedules])
        assert removal.left() == Left({"alpha_things": 1}, 5, 1, 0)
        removal.forget()
        assert removal.left() == Left({"alpha_things": 1}, 0, 0, 0)
        assert handlers_left(engine) == sorted(others)
        with engine.connect() as connection:
            assert sorted(connection.scalars(select(Schedule.handler))) == sorted(schedules[1:])

    def test_what_others_would_hear_of_its_events_goes_too(self, removal, committing, engine):
        listening = next(name for name, handler in committing.registry.handlers.items() if handler.listens)
        for kind in ("turnout_alpha.hooks:Written", "turnout_alpha:Written", "turnout_alphabet.hooks:Written"):
            add_jobs(committing, listening, payload=json.dumps({"type": kind, "fields": {}}, separators=(",", ":")))
        add_jobs(committing, "turnout.tasks.any", payload='{"type":"turnout_alpha.hooks:Written"}')
        assert removal.left().jobs == 2
        removal.forget()
        assert handlers_left(engine) == sorted([listening, "turnout.tasks.any"])

    def test_those_of_a_plugin_within_its_package_stay(self, shelf, migrated, committing, engine):
        add_with_table(shelf, "alpha")
        shelf.add("beta", package="turnout_alpha.beta")
        removal = Removal(committing.registry, migrated("alpha"))
        listening = next(name for name, handler in committing.registry.handlers.items() if handler.listens)
        now = committing.registry.clock.now()
        add_jobs(committing, "turnout_alpha.betas.one", "turnout_alpha.beta.tasks.one")
        for kind in ("turnout_alpha.hooks:Written", "turnout_alpha.beta.hooks:Written", "turnout_alpha.beta:Written"):
            add_jobs(committing, listening, payload=json.dumps({"type": kind, "fields": {}}, separators=(",", ":")))
        with engine.begin() as connection:
            connection.execute(delete(Schedule))
            rows = [{"handler": f"turnout_alpha.{name}", "next_at": now} for name in ("tasks.one", "beta.tasks.one")]
            connection.execute(insert(Schedule), rows)
        assert removal.left() == Left({"alpha_things": 1}, 2, 1, 0)
        removal.forget()
        assert handlers_left(engine) == sorted(["turnout_alpha.beta.tasks.one", listening, listening])
        with engine.connect() as connection:
            assert connection.scalars(select(Schedule.handler)).all() == ["turnout_alpha.beta.tasks.one"]

    def test_those_of_a_plugin_around_its_package_stay(self, shelf, committing, engine):
        add_with_table(shelf, "alpha")
        shelf.add("beta", package="turnout_alpha.beta")
        add_jobs(committing, "turnout_alpha.tasks.one", "turnout_alpha.beta.tasks.one")
        Removal(committing.registry, look_into(find("beta", installed()))).forget()
        assert handlers_left(engine) == ["turnout_alpha.tasks.one"]

    def test_much_goes_in_parts(self, removal, committing, engine, monkeypatch):
        monkeypatch.setattr("turnout.db.MOST_DELETED", 2)
        add_jobs(committing, *["turnout_alpha.tasks.one"] * 5)
        removal.forget()
        assert handlers_left(engine) == []

    def test_work_under_way_is_not_taken_from_whoever_does_it(self, removal, committing):
        add_jobs(committing, "turnout_alpha.tasks.one", status=RUNNING, due_in=timedelta(minutes=1))
        removal.forget()
        assert removal.left().jobs == 1

    def test_sent_messages_stay(self, removal, committing, engine):
        about = {
            "channel": "mail",
            "address": "ada@example.com",
            "context": "{}",
            "created_at": committing.registry.clock.now(),
        }
        with engine.begin() as connection:
            connection.execute(insert(Message).values(key="alpha:1", kind="alpha_news", status="sent", **about))
        removal.forget()
        with engine.connect() as connection:
            assert connection.scalars(select(Message.kind)).all() == ["alpha_news"]


class TestSwitches:
    @pytest.fixture
    def events(self, committing, engine):
        """Events with switches, as a function of these."""
        from sqlalchemy.orm import Session

        from turnout.testing.factories import Make

        def events(*switches):
            with Session(engine, expire_on_commit=False) as session, session.begin():
                make = Make(session, committing.registry.clock)
                return [make.event(switches=each).id for each in switches]

        return events

    def test_its_switch_goes_and_those_of_others_stay(self, removal, engine, events):
        events({"alpha": False, "beta": True}, {"alpha": True}, {"alphabet": False}, {})
        assert removal.left().switches == 2
        removal.forget()
        assert removal.left().switches == 0
        with engine.connect() as connection:
            rows = connection.execute(select(Event.switches, Event.version).order_by(Event.id)).all()
        assert [tuple(row) for row in rows] == [({"beta": True}, 1), ({}, 1), ({"alphabet": False}, 1), ({}, 1)]

    def test_many_go_in_parts(self, removal, events, monkeypatch):
        monkeypatch.setattr(module, "MOST_DELETED", 2)
        events(*[{"alpha": False}] * 5)
        removal.forget()
        assert removal.left().switches == 0


class TestWorkers:
    @pytest.fixture
    def started_with(self, committing, tmp_path):
        """Start an application on the same database with some plugins."""
        started = []

        def started_with(plugins):
            settings = {"turnout.plugins": plugins, "outbox.threads": "1"}
            started.append(Application(committing.settings["database.url"], tmp_path, **settings))
            return started[-1].registry

        yield started_with
        for application in started:
            application.close()

    def test_one_that_has_it_enabled_is_named_while_it_lives(self, removal, shelf, started_with):
        shelf.add("beta")
        with Worker(started_with("beta alpha")):
            assert removal.workers() == [(socket.gethostname(), os.getpid())]
        assert removal.workers() == []

    def test_those_that_have_others_enabled_are_not(self, removal, committing, shelf, started_with):
        shelf.add("alpha_plus")
        with Worker(committing.registry), Worker(started_with("alpha_plus")):
            assert removal.workers() == []

    def test_one_that_ended_without_a_word_is_not_once_its_lease_is_over(self, removal, engine, committing):
        lease = committing.registry.settings["outbox.lease_seconds"]
        now = committing.registry.clock.now()
        row = {"kind": "worker", "pid": 1, "started_at": now, "plugins": "alpha"}
        with engine.begin() as connection:
            for host, ago in (("dead", lease), ("alive", lease - 1)):
                seen = {"id": host, "host": host, "seen_at": now - timedelta(seconds=ago)}
                connection.execute(insert(WorkerSeen).values(row | seen))
        assert removal.workers() == [("alive", 1)]


@pytest.mark.slow
def test_after_a_kill_at_any_line_it_is_done_again_and_ends_well(fresh_database, shelf, tmp_path):
    """See `killed_removal`: it kills itself at one line after the other, and each time begins again."""
    add_with_table(shelf, "alpha")
    script = Path(__file__).with_name("killed_removal.py")
    done = subprocess.run(
        [sys.executable, script, fresh_database, tmp_path, shelf.folder],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split()[-1]) >= 8
