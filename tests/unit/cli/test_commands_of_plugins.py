"""Commands that plugins add."""

import pytest

COUNTING = """
import click
from sqlalchemy import func, select
from turnout.plugin import API_VERSION, NotFound, Plugin, application, system_request
from turnout.users.models import User

plugin = Plugin(name="counting", title="Counting", description="Of the tests", api_version=API_VERSION)


@click.group()
def count():
    "Count things."


@count.command()
@click.option("--twice", is_flag=True)
def users(twice):
    "Count users."
    with application() as app, system_request(app) as request:
        found = request.db.scalar(select(func.count()).select_from(User))
        if twice:
            raise NotFound("There is nobody to count twice.")
    click.echo(f"{found} users")


def includeme(config):
    config.add_command(count)
"""


@pytest.fixture
def counting(shelf, enabled):
    shelf.add("counting", COUNTING)
    enabled("counting")


def test_it_runs_with_the_application(turnout, on_database, counting):
    assert turnout("count", "users").stdout == "0 users\n"
    assert "Count users." in turnout("count", "--help").stdout


def test_a_refusal_is_one_line(turnout, on_database, counting):
    assert turnout("count", "users", "--twice", code=1).stderr == "Error: There is nobody to count twice.\n"


def test_wrong_usage_is_told(turnout, on_database, counting):
    assert "No such command" in turnout("count", "nothing", code=2).stderr


def test_without_the_plugin_there_is_none(turnout, on_database):
    assert "No such command 'count'" in turnout("count", "users", code=2).stderr


def test_a_database_that_is_not_migrated_is_told(turnout, here, counting):
    assert "turnout migrate" in turnout("count", "users", code=3).stderr


def test_the_names_of_turnouts_own_are_taken(turnout, on_database, shelf, enabled):
    shelf.add("counting", COUNTING.replace("@click.group()", '@click.group(name="check")'))
    enabled("counting")
    assert "both claim the command turnout check" in turnout("routes", code=3).stderr


def test_two_plugins_with_one_command_are_told(turnout, on_database, shelf, enabled):
    shelf.add("counting", COUNTING)
    shelf.add("another", COUNTING.replace('"counting"', '"another"'))
    enabled("counting another")
    said = turnout("routes", code=3).stderr
    assert "another" in said
    assert "counting" in said
