"""Settings: declared, checked at start, overridable by environment."""

import stat

import colander
import pytest

import turnout
from turnout.settings import SettingsError, read, variable_name
from turnout.testing.applications import SETTINGS


class Settings(colander.MappingSchema):
    number = colander.SchemaNode(colander.Integer(), missing=4)
    word = colander.SchemaNode(colander.String(), missing="red", validator=colander.OneOf(["red", "green"]))
    secret = colander.SchemaNode(colander.String(), missing="", validator=colander.Length(5))


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Start an application with settings; nothing is asked of its database."""
    for name in ("TURNOUT_DATA", "TURNOUT_SECRET", "TURNOUT_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)

    def start(**given):
        settings = SETTINGS | {"turnout.data": str(tmp_path)} | given
        app = turnout.main({}, **settings)
        app.registry.engine.dispose()
        return app.registry.settings

    return start


def test_a_setting_has_a_default():
    assert read("probe", Settings(), {}) == {"probe.number": 4, "probe.word": "red", "probe.secret": ""}


def test_the_ini_file_says_otherwise():
    assert read("probe", Settings(), {"probe.number": "7"})["probe.number"] == 7


def test_the_environment_has_the_last_word(monkeypatch):
    monkeypatch.setenv("TURNOUT_PROBE_NUMBER", "9")
    assert read("probe", Settings(), {"probe.number": "7"})["probe.number"] == 9


def test_names_of_variables():
    assert variable_name("turnout.data") == "TURNOUT_DATA"
    assert variable_name("database.pool_size") == "TURNOUT_DATABASE_POOL_SIZE"


@pytest.mark.parametrize("given", [{"probe.number": "many"}, {"probe.word": "blue"}])
def test_a_bad_value_is_named_with_what_it_is(given):
    name, value = next(iter(given.items()))
    with pytest.raises(SettingsError) as caught:
        read("probe", Settings(), given)
    assert name in str(caught.value)
    assert variable_name(name) in str(caught.value)
    assert value in str(caught.value)


def test_a_bad_secret_is_not_shown():
    with pytest.raises(SettingsError) as caught:
        read("probe", Settings(), {"probe.secret": "hush"})
    assert "probe.secret" in str(caught.value)
    assert "hush" not in str(caught.value)


def test_an_unknown_setting_is_named_with_those_that_there_are():
    with pytest.raises(SettingsError, match=r"probe\.nubmer is not known.*probe\.number"):
        read("probe", Settings(), {"probe.nubmer": "7"})


@pytest.mark.parametrize("name", ["turnout.secrte", "database.ulr", "users.signup", "auth.acess_minutes"])
def test_an_unknown_setting_stops_the_start(start, name):
    with pytest.raises(SettingsError, match=name):
        start(**{name: "1"})


@pytest.mark.parametrize("secret", ["", "short", "change-me" * 5, "x" * 31])
def test_production_needs_a_secret_of_its_own(start, secret):
    with pytest.raises(SettingsError, match="32 characters") as caught:
        start(**{"turnout.environment": "production", "turnout.secret": secret})
    assert not secret or secret not in str(caught.value)


def test_production_starts_with_one(start):
    secret = "k" * 32
    assert start(**{"turnout.environment": "production", "turnout.secret": secret})["turnout.secret"] == secret


def test_elsewhere_a_secret_is_made_once_and_kept_to_oneself(start, tmp_path):
    first = start(**{"turnout.secret": ""})["turnout.secret"]
    assert len(first) >= 32
    assert start(**{"turnout.secret": ""})["turnout.secret"] == first
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


def test_the_database_is_beside_the_data_unless_told(start, tmp_path):
    assert start()["database.url"] == f"sqlite:///{tmp_path}/turnout.sqlite"
