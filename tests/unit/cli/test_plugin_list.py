"""`turnout plugin list`: also where nothing else starts."""

import json

import pytest
from sqlalchemy import text
from tests.plugins_with_tables import add_with_table

from turnout.db import make_engine


@pytest.fixture
def listed(turnout):
    """Return the plugins that the command lists, by their names; those that are installed beside stay out of the way."""

    def listed():
        return {plugin["name"]: plugin for plugin in json.loads(turnout("plugin", "list", "--json").stdout)}

    return listed


@pytest.mark.usefixtures("on_database")
class TestStates:
    def test_installed_is_not_enabled(self, turnout, shelf, enabled, listed):
        add_with_table(shelf, "alpha", version="2.5")
        shelf.add("beta")
        enabled("beta")
        found = listed()
        assert (found["alpha"]["state"], found["beta"]["state"]) == ("disabled", "enabled")
        assert (found["alpha"]["is_migrated"], found["beta"]["is_migrated"]) == (False, None)
        assert (found["alpha"]["version"], found["alpha"]["distribution"]) == ("2.5", "turnout-alpha")
        lines = [line.split() for line in turnout("plugin", "list").stdout.splitlines()]
        assert ["alpha", "disabled", "not", "migrated", "2.5", "turnout-alpha"] in lines
        assert ["beta", "enabled", "-", "1.0", "turnout-beta"] in lines

    def test_tables_that_are_missing_are_told(self, turnout, shelf, enabled, listed):
        add_with_table(shelf, "alpha")
        enabled("alpha")
        assert listed()["alpha"]["state"] == "quarantined"
        assert "it has no tables yet. Run: turnout migrate" in listed()["alpha"]["problem"]
        turnout("migrate")
        assert (listed()["alpha"]["state"], listed()["alpha"]["is_migrated"]) == ("enabled", True)

    def test_a_database_that_is_newer_than_its_code_is_told(self, turnout, shelf, enabled, listed, on_database):
        add_with_table(shelf, "alpha")
        enabled("alpha")
        turnout("migrate")
        engine = make_engine(on_database)
        with engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version_alpha SET version_num = '0009'"))
        engine.dispose()
        alpha = listed()["alpha"]
        assert (alpha["state"], alpha["is_migrated"]) == ("quarantined", False)
        assert "0009" in alpha["problem"]

    @pytest.mark.parametrize(
        ("on_error", "said"), [("stop", "nothing starts as long as that is so"), ("quarantine", "everything else runs")]
    )
    def test_it_says_of_each_why_it_cannot_be_used(self, turnout, shelf, enabled, listed, monkeypatch, on_error, said):
        monkeypatch.setenv("TURNOUT_PLUGINS_ON_ERROR", on_error)
        shelf.add("early", "raise ValueError('too early')")
        shelf.add("needy", manifest="requires=('early',)")
        shelf.add("old", "plugin = Plugin(name='old', title='Old', description='Old', api_version=0)")
        shelf.add("late", "def includeme(config): raise ValueError('too late')")
        shelf.add("fine")
        enabled("early needy old late fine nowhere")
        found = listed()
        wrong = {
            "early": "too early",
            "needy": "early",
            "old": "version 0",
            "late": "too late",
            "nowhere": "not installed",
        }
        for name, why in wrong.items():
            assert found[name]["state"] == "quarantined", name
            assert why in found[name]["problem"], name
        assert (found["fine"]["state"], found["fine"]["problem"]) == ("enabled", None)
        result = turnout("plugin", "list")
        assert f"turnout.plugins.on_error is {on_error}: {said}" in result.stdout
        assert all(found[name]["problem"] in result.stdout for name in wrong)
        assert "Traceback" not in result.stderr

    def test_what_is_wrong_with_one_that_is_not_enabled_is_told_too(self, shelf, listed):
        shelf.add("early", "raise ValueError('too early')")
        early = listed()["early"]
        assert early["state"] == "disabled"
        assert "too early" in early["problem"]

    def test_secrets_are_not_shown(self, turnout, shelf, enabled, listed, monkeypatch):
        monkeypatch.setenv("TURNOUT_ALPHA_API_KEY", "known to few")
        settings = """
        import colander
        class AlphaSettings(colander.MappingSchema):
            api_key = colander.SchemaNode(colander.String(), missing="")
        """
        head = "from turnout.plugin import *\nfrom .settings import AlphaSettings\nplugin = Plugin(name='alpha', title='A', "
        source = head + "description='A', api_version=API_VERSION, settings=AlphaSettings)\n"
        shelf.add("alpha", source, settings=settings)
        enabled("alpha")
        assert list(listed()["alpha"]["settings"]) == ["alpha.api_key"]
        assert "known to few" not in turnout("plugin", "list", "--json").output


class TestWithoutADatabase:
    def test_before_it_is_migrated(self, shelf, enabled, listed):
        shelf.add("alpha")
        enabled("alpha")
        assert listed()["alpha"]["state"] == "enabled"

    def test_when_it_cannot_be_reached(self, turnout, shelf, enabled, monkeypatch):
        monkeypatch.setenv("TURNOUT_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
        add_with_table(shelf, "alpha")
        enabled("alpha")
        result = turnout("plugin", "list", "--json")
        alpha = next(plugin for plugin in json.loads(result.stdout) if plugin["name"] == "alpha")
        assert (alpha["state"], alpha["is_migrated"]) == ("enabled", None)
        assert "The database cannot be asked" in result.stderr

    @pytest.mark.usefixtures("here")
    def test_a_setting_of_the_core_that_is_wrong_is_told_as_everywhere(self, turnout, monkeypatch):
        monkeypatch.setenv("TURNOUT_DATABASE_POOL_SIZE", "many")
        assert "TURNOUT_DATABASE_POOL_SIZE" in turnout("plugin", "list", code=3).stderr
