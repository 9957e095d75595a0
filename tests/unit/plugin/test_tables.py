"""Tables of plugins: each has its plugin's prefix, and no two claim one."""

import importlib

import pytest
from sqlalchemy import select

from turnout.events.models import Event


def enabled(registry):
    return list(registry.plugins.enabled)


MODEL = """
    from sqlalchemy.orm import Mapped, mapped_column
    class Thing(Base):
        __tablename__ = {!r}
        id: Mapped[int] = mapped_column(primary_key=True)
"""
TABLE = "from sqlalchemy import Column, Table\nTable({!r}, Base.metadata, Column('id', Id, primary_key=True))"


def test_own_tables_have_the_prefix(shelf, start):
    shelf.add("alpha", MODEL.format("alpha_things"))
    shelf.add("beta", MODEL.format("b_things"), manifest="table_prefix='b_'")
    assert enabled(start("alpha beta")) == ["alpha", "beta"]


@pytest.mark.parametrize("table", ["things", "alphathings", "alph_things", "beta_things"])
def test_a_table_without_it_is_refused(shelf, refused, table):
    shelf.add("alpha", MODEL.format(table))
    error = refused("alpha")
    assert (error.plugin, error.reason) == ("alpha", "clash")
    assert f"its table {table} must have a name that begins with alpha_" in str(error)
    assert f"Rename it to alpha_{table}." in str(error)


def test_a_table_without_a_class_is_looked_at_too(shelf, refused, start):
    shelf.add("alpha", TABLE.format("alpha_links"))
    shelf.add("beta", TABLE.format("links"))
    assert enabled(start("alpha")) == ["alpha"]
    assert "its table links must have a name that begins with beta_" in str(refused("alpha beta"))


def test_tables_of_a_plugin_that_another_imports_are_not_the_others(shelf, start):
    shelf.add("alpha", "import turnout_beta", manifest="requires=('beta',)")
    shelf.add("beta", TABLE.format("beta_links"))
    assert enabled(start("alpha beta")) == ["beta", "alpha"]


@pytest.mark.parametrize("source", [MODEL.format("shared"), TABLE.format("shared")], ids=["class", "table"])
def test_two_that_claim_one_table_are_both_named(shelf, refused, source):
    shelf.add("alpha", source)
    shelf.add("beta", source, package="somebody_elses")
    error = refused("alpha beta")
    assert (error.plugin, error.reason) == ("beta", "clash")
    assert "it and alpha both claim the table shared" in str(error)


@pytest.mark.parametrize("table", ["bookings", "event_tags"])
def test_a_table_of_turnouts_own(shelf, refused, table):
    shelf.add("alpha", MODEL.format(table))
    error = refused("alpha")
    assert (error.plugin, error.reason) == ("alpha", "clash")
    assert f"it and Turnout both claim the table {table}" in str(error)


@pytest.mark.parametrize("other", ["alpha_", "alpha_beta_"])
def test_two_prefixes_of_which_one_begins_with_the_other(shelf, refused, other):
    shelf.add("alpha")
    shelf.add("beta", manifest=f"table_prefix={other!r}")
    for order in ("alpha beta", "beta alpha"):
        error = refused(order)
        assert (error.plugin, error.reason) == (order.split()[1], "clash")
        assert "those of the plugin" in str(error)
        assert {"alpha", "beta", "alpha_", other} <= set(str(error).replace(",", " ").replace(":", " ").split())


@pytest.mark.parametrize(("prefix", "table"), [("event_", "event_tags"), ("ticket_", "ticket_types")])
def test_a_prefix_of_turnouts_own_tables(shelf, refused, prefix, table):
    shelf.add("alpha", manifest=f"table_prefix={prefix!r}")
    error = refused("alpha")
    assert (error.plugin, error.reason) == ("alpha", "clash")
    assert f"its tables begin with {prefix}, and so does Turnout's table {table}" in str(error)


RELATED = """
    from sqlalchemy import ForeignKey
    from sqlalchemy.orm import Mapped, mapped_column, relationship
    class {name}Thing(Base):
        __tablename__ = "{name}_things"
        id: Mapped[int] = mapped_column(primary_key=True)
        event_id: Mapped[int] = mapped_column(Id, ForeignKey("events.id"))
        event: Mapped["{target}"] = relationship("{target}")
"""


def test_models_that_do_not_fit_together_are_refused_at_the_start(shelf, refused):
    shelf.add("alpha", RELATED.format(name="alpha", target="Event"))
    shelf.add("beta", RELATED.format(name="beta", target="Nothing"))
    shelf.add("gamma", RELATED.format(name="gamma", target="Event"))
    error = refused("alpha beta gamma")
    assert (error.plugin, error.reason) == ("beta", "import")
    assert "its models cannot be used: " in str(error)
    assert "'Nothing'" in str(error)


def test_they_break_nobody_elses(shelf, start):
    shelf.add("alpha", RELATED.format(name="alpha", target="Nothing"))
    shelf.add("beta", RELATED.format(name="beta", target="Event"))
    registry = start("alpha beta", **{"turnout.plugins.on_error": "quarantine"})
    assert enabled(registry) == ["beta"]
    model = importlib.import_module("turnout_beta").betaThing
    assert "JOIN events" in str(select(model).join(model.event))
    assert "FROM events" in str(select(Event))
    assert enabled(start("")) == []
