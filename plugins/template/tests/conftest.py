"""Fixtures: those of `turnout.testing`, with this plugin enabled. Each test runs on SQLite and on PostgreSQL."""

import pytest

pytest_plugins = ["turnout.testing.fixtures"]


@pytest.fixture(scope="session")
def plugins() -> str:
    """Name the plugins that are enabled, as the setting ``turnout.plugins`` does."""
    return "my_plugin"
