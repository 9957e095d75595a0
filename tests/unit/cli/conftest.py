"""The command line in this process, on a database of the test's own."""

import os
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from tests.plugins_on_disk import Shelf

from turnout.cli import cli


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder to be in, with no settings from outside."""
    for name in [name for name in os.environ if name.startswith("TURNOUT_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TURNOUT_DATA", str(tmp_path / "data"))
    return tmp_path


@pytest.fixture
def turnout(here) -> Callable[..., Result]:
    """Run the command line; `code` is the exit code expected."""

    def run(*arguments: str, code: int = 0, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(cli, arguments, input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, f"{result.exit_code}:\n{result.stdout}\n{result.stderr}"
        if code == 3:
            assert len(result.stderr.strip().splitlines()) == 1, result.stderr
            assert result.stderr.startswith("Error: ")
        return result

    return run


@pytest.fixture
def on_database(here, monkeypatch, fresh_database):
    """Let the command line use a migrated database of the test's own, on both kinds of server."""
    monkeypatch.setenv("TURNOUT_DATABASE_URL", fresh_database)
    return fresh_database


@pytest.fixture
def shelf(here, monkeypatch):
    """Where a test puts the plugins that it needs; commands that it starts as processes find them, too."""
    folder = here / "shelf"
    monkeypatch.setenv("PYTHONPATH", str(folder))
    with Shelf(folder) as shelf:
        yield shelf


@pytest.fixture
def enabled(here, monkeypatch):
    """Say which plugins are enabled."""
    return lambda names: monkeypatch.setenv("TURNOUT_PLUGINS", names)
