"""`turnout plugin revise`: what it writes is good as it is, on both databases."""

import ast
import importlib
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from sqlalchemy import inspect
from tests.plugins_with_tables import MODELS, add_migration, add_with_table

from turnout import migrate
from turnout.db import Base, make_engine, metadata
from turnout.plugin.discovery import find, installed, load

EVERYTHING = """
import enum
from datetime import date, datetime
from decimal import Decimal
from typing import Any
import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

class Mood(enum.Enum):
    GLAD = 1
    SAD = 2

class Short(TypeDecorator):
    impl = sa.String(20)
    cache_ok = True

class Kind(Base):
    __tablename__ = "alpha_kinds"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    thing_id: Mapped[int] = mapped_column(ForeignKey("alpha_things.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    amount: Mapped[Decimal] = mapped_column(Amount, default=Decimal(0))
    moment: Mapped[datetime | None] = mapped_column(UTCDateTime)
    day: Mapped[date | None]
    raw: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    data: Mapped[Any] = mapped_column(sa.JSON, server_default=sa.text("'{}'"))
    real: Mapped[float] = mapped_column(default=0.0)
    mood: Mapped[Mood] = mapped_column(sa.Enum(Mood, native_enum=False, length=10, create_constraint=True, name="mood"))
    short: Mapped[str] = mapped_column(Short)
    flag: Mapped[bool] = mapped_column(server_default=sa.false())
    flagged_at: Mapped[datetime] = mapped_column(UTCDateTime, server_default=sa.func.now())
    __table_args__ = (
        sa.CheckConstraint("real >= 0", name="real_positive"),
        sa.UniqueConstraint("thing_id", "user_id"),
        sa.Index("ix_alpha_kinds_flagged", "moment", postgresql_where=sa.text("flag"), sqlite_where=sa.text("flag")),
        Base.__table_args__,
    )

pairs = sa.Table(
    "alpha_pairs",
    Base.metadata,
    sa.Column("kind_id", Id, ForeignKey("alpha_kinds.id"), primary_key=True),
    sa.Column("event_id", Id, ForeignKey("events.id", ondelete="CASCADE"), primary_key=True),
)
"""
CHANGED = MODELS.replace("String(40)", "String(80)") + (
    "    colour: Mapped[str | None] = mapped_column(String(20), index=True)\n"
    "    owner_id: Mapped[int | None] = mapped_column(ForeignKey('users.id', ondelete='CASCADE'))\n"
)


@pytest.fixture
def engine(on_database):
    engine = make_engine(on_database)
    yield engine
    engine.dispose()


@pytest.fixture
def written(turnout, shelf, engine):
    """Run the command, and return the file that it says it wrote; what is beside is as it was."""

    def written(message, name="alpha"):
        folder = shelf.folder / f"turnout_{name}" / "migrations" / "versions"
        before = set(folder.glob("*.py"))
        said = turnout("plugin", "revise", name, message)
        assert said.stderr == ""
        (path,) = set(folder.glob("*.py")) - before
        assert f"Wrote {path}." in said.stdout
        return path

    return written


@pytest.fixture
def alpha(turnout, shelf, enabled, engine):
    """A plugin whose table is there, with a row in it; the function gives it other models."""
    add_with_table(shelf, "alpha")
    enabled("alpha")
    turnout("migrate")

    def change(models):
        forget("turnout_alpha")
        (shelf.folder / "turnout_alpha" / "models.py").write_text(models.format(name="alpha"), "utf-8")

    return change


def forget(package):
    """Let a package be imported anew, as by another process."""
    for manager in list(Base.registry._managers):
        if manager.class_.__module__.startswith(package + "."):
            metadata.remove(manager.class_.__table__)
            Base.registry._dispose_manager_and_mapper(manager)
            Base.registry._managers.pop(manager, None)
            manager.class_.__module__ = "forgotten"
    for name in [name for name in sys.modules if name == package or name.startswith(package + ".")]:
        del sys.modules[name]
    importlib.invalidate_caches()


def alphas_line():
    return migrate.line_of(load(find("alpha", installed())))


def other_database(workshop, database):
    """Return an engine on a database of the other kind, with the core's tables."""
    return make_engine(workshop.fresh({"sqlite": "postgresql", "postgresql": "sqlite"}[database]))


class TestWritten:
    def test_the_first_has_all_that_models_can_say_and_passes_on_both_databases(
        self, shelf, enabled, written, engine, workshop, database
    ):
        shelf.add("alpha", "from . import models", models=MODELS.format(name="alpha") + EVERYTHING)
        (shelf.folder / "turnout_alpha" / "migrations" / "versions").mkdir(parents=True)
        enabled("alpha")
        path = written("the first tables")
        assert path.name == "0001_the_first_tables.py"
        self.passes(engine)
        other = other_database(workshop, database)
        self.passes(other)
        other.dispose()
        source = path.read_text("utf-8")
        assert "turnout" not in source
        assert {name for name in names_in(source) if name.startswith(("fk_", "pk_", "uq_", "ck_"))} == {
            "pk_alpha_things",
            "fk_alpha_things_event_id",
            "pk_alpha_kinds",
            "fk_alpha_kinds_thing_id",
            "fk_alpha_kinds_user_id",
            "uq_alpha_kinds_thing_id_user_id",
            "ck_alpha_kinds_real_positive",
            "pk_alpha_pairs",
            "fk_alpha_pairs_kind_id",
            "fk_alpha_pairs_event_id",
        }

    def passes(self, engine):
        line = alphas_line()
        before = set(inspect(engine).get_table_names())
        for _ in range(2):
            migrate.bring_up(engine, line)
            assert migrate.differences(engine, line) == []
            migrate.downgrade(engine, "base", line)
            assert set(inspect(engine).get_table_names()) == before | {"alembic_version_alpha"}
        migrate.bring_up(engine, line)

    def test_a_later_one_changes_what_there_is_and_keeps_the_rows(
        self, turnout, alpha, written, engine, workshop, database
    ):
        alpha(CHANGED)
        path = written("add a colour")
        assert path.name == "0002_add_a_colour.py"
        assert "The plugin alpha is at 0002 now" in turnout("migrate").stdout
        other = other_database(workshop, database)
        migrate.bring_up(other, alphas_line())
        for each in (engine, other):
            line = alphas_line()
            assert migrate.differences(each, line) == []
            with each.connect() as connection:
                row = connection.exec_driver_sql("SELECT title, colour FROM alpha_things").one()
                assert tuple(row) == ("made by the migration", None)
                if each.dialect.name == "sqlite":
                    made = connection.exec_driver_sql(
                        "SELECT sql FROM sqlite_master WHERE name = 'alpha_things'"
                    ).scalar()
                    assert "AUTOINCREMENT" in made
            migrate.downgrade(each, "0001", line)
            migrate.bring_up(each, line)
        other.dispose()

    def test_what_the_full_text_index_of_events_is_called_is_not_reserved(self, alpha, written):
        alpha(MODELS + "    search_vector: Mapped[str | None] = mapped_column(String(20))\n")
        assert "search_vector" in written("add a vector").read_text("utf-8")

    def test_it_is_clean_to_whoever_lints_it(self, alpha, written):
        alpha(CHANGED)
        path = written("add a colour")
        options = ("--isolated", "--no-cache", "--select", "E4,E7,E9,F", str(path))
        done = subprocess.run([Path(sys.executable).with_name("ruff"), "check", *options], check=False)
        assert done.returncode == 0

    def test_other_plugins_tables_are_none_of_its(self, turnout, shelf, alpha, enabled, written):
        add_with_table(shelf, "beta")
        enabled("alpha beta")
        turnout("migrate")
        alpha(CHANGED)
        assert "beta" not in written("add a colour").read_text("utf-8")


def names_in(source):
    return {
        node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant) and type(node.value) is str
    }


@pytest.mark.usefixtures("alpha")
class TestRefused:
    def versions(self, shelf):
        return sorted(path.name for path in (shelf.folder / "turnout_alpha" / "migrations" / "versions").glob("*.py"))

    def test_where_nothing_differs_nothing_is_written(self, turnout, shelf):
        said = turnout("plugin", "revise", "alpha", "nothing").stdout
        assert said == "The tables of alpha are as its models say; nothing was written.\n"
        assert self.versions(shelf) == ["0001_written.py"]

    def test_where_the_database_is_not_at_the_newest_migration(self, turnout, shelf):
        add_migration(shelf, "alpha", "0002", before="0001")
        said = turnout("plugin", "revise", "alpha", "more", code=1).stderr
        assert "The database has not all of its migrations that are there already. Run: turnout migrate" in said
        assert self.versions(shelf) == ["0001_written.py", "0002_written.py"]

    def test_where_the_core_is_not_migrated(self, turnout, here, monkeypatch):
        monkeypatch.setenv("TURNOUT_DATABASE_URL", f"sqlite:///{here}/empty.sqlite")
        assert "not all of the core's migrations" in turnout("plugin", "revise", "alpha", "more", code=1).stderr

    def test_a_table_without_the_prefix(self, turnout, alpha):
        alpha(MODELS.replace('"{name}_things"', '"things"'))
        assert "begins with alpha_" in turnout("plugin", "revise", "alpha", "more", code=3).stderr

    @pytest.mark.parametrize("prefix", ["alembic_", "events_"])
    def test_a_prefix_with_which_tables_of_nobodys_models_begin(self, turnout, shelf, prefix):
        shelf.add("beta", manifest=f"table_prefix={prefix!r}")
        versions = shelf.folder / "turnout_beta" / "migrations" / "versions"
        versions.mkdir(parents=True)
        said = turnout("plugin", "revise", "beta", "the first tables", code=3).stderr
        assert f"has the table prefix {prefix!r}" in said
        assert list(versions.iterdir()) == []

    def test_a_plugin_without_a_folder_for_migrations(self, turnout, shelf):
        shelf.add("beta")
        said = turnout("plugin", "revise", "beta", "more", code=1).stderr
        assert f"Make the folder {shelf.folder / 'turnout_beta' / 'migrations' / 'versions'} first" in said

    def test_a_plugin_that_is_installed_without_its_source(self, turnout, shelf, monkeypatch):
        monkeypatch.setattr(sysconfig, "get_path", lambda _kind: str(shelf.folder))
        assert "pip install -e" in turnout("plugin", "revise", "alpha", "more", code=1).stderr

    def test_a_plugin_that_is_not_installed(self, turnout):
        assert "it is not installed" in turnout("plugin", "revise", "alfa", "more", code=3).stderr

    @pytest.mark.parametrize("message", ["", "  ", 'say "hi"', "two\nlines", "back\\slash"])
    def test_a_message_that_no_docstring_can_have(self, turnout, message):
        assert "must be a line of text" in turnout("plugin", "revise", "alpha", message, code=2).stderr
