import pytest
from tests.plugins_on_disk import Shelf

from turnout.plugin.assembly import assemble
from turnout.plugin.errors import PluginError
from turnout.testing.applications import SETTINGS


@pytest.fixture
def shelf(tmp_path):
    """Where a test puts the plugins that it needs."""
    with Shelf(tmp_path / "shelf") as shelf:
        yield shelf


@pytest.fixture
def start(tmp_path):
    """Put the application together with plugins, without a database; settings are given by their full names."""
    made = []

    def start(plugins, /, include=None, **settings):
        data = {"turnout.data": str(tmp_path), "database.url": f"sqlite:///{tmp_path}/nowhere.sqlite"}
        given = SETTINGS | data | {"turnout.plugins": plugins} | settings
        router = assemble(given, include=include)
        made.append(router)
        return router.registry

    yield start
    for router in made:
        router.registry.engine.dispose()


@pytest.fixture
def refused(start):
    """Start with plugins that cannot be used, and return the error."""

    def refused(plugins, **settings):
        with pytest.raises(PluginError) as caught:
            start(plugins, **settings)
        assert "\n" not in str(caught.value)
        assert str(caught.value).startswith(f"The plugin {caught.value.plugin} cannot be used: ")
        return caught.value

    return refused
