"""The fixtures in a repository of somebody else's: nothing of this one is needed."""

import os
import subprocess
import sys

import pytest

CONFTEST = """
import pytest

pytest_plugins = ["turnout.testing.fixtures"]


@pytest.fixture(scope="session")
def settings():
    return {"api.max_body_bytes": "4000"}
"""
NO_SERVER = """

@pytest.fixture(scope="session")
def workshop(tmp_path_factory):
    from turnout.testing.fixtures import Workshop

    shop = Workshop(tmp_path_factory.mktemp("turnout"), None)
    yield shop
    shop.close()
"""
TESTS = """
import pytest


def test_each_database(api, database, application):
    assert api.get("/health").json["components"]["database"]["status"] == "ok"
    assert application.engine.dialect.name == database
    assert application.registry.settings["mail.transport"] == "file"


def test_settings(application, committing, live):
    for settings in (application.registry.settings, committing.registry.settings):
        assert settings["api.max_body_bytes"] == 4000
    assert live.settings["api.max_body_bytes"] == "4000"


@pytest.mark.postgresql
def test_marked():
    pass
"""
STRICT = """
[pytest]
addopts = --strict-markers --strict-config
filterwarnings = error
"""


@pytest.fixture
def outside(tmp_path):
    """Run pytest in a folder with tests; return what it printed."""
    (tmp_path / "conftest.py").write_text(CONFTEST, "utf-8")
    (tmp_path / "test_outside.py").write_text(TESTS, "utf-8")
    (tmp_path / "pytest.ini").write_text(STRICT, "utf-8")

    def run(*arguments, **environment):
        inherited = {name: value for name, value in os.environ.items() if name not in {"PYTEST_ADDOPTS", "CI"}}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", *arguments],
            cwd=tmp_path,
            env=inherited | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout + done.stderr

    return run


@pytest.mark.parametrize("options", [(), ("-n", "2", "--dist", "loadgroup")], ids=["alone", "xdist"])
def test_they_work_in_any_repository(outside, options):
    # A database of the installation, or its mail server, is nothing to test with.
    real = {"TURNOUT_DATABASE_URL": "nonsense://", "TURNOUT_MAIL_TRANSPORT": "smtp"}
    said = outside("-m", "not postgresql", *options, **real)
    assert "2 passed" in said, said


def test_without_pytest_xdist_and_a_server_only_the_tests_of_postgresql_are_skipped(outside, tmp_path):
    (tmp_path / "conftest.py").write_text(CONFTEST + NO_SERVER, "utf-8")
    said = outside("-k", "each_database", PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", TURNOUT_TEST_POSTGRES_URL="")
    assert "1 passed, 1 skipped" in said, said
    assert "No PostgreSQL: install its server" in said
