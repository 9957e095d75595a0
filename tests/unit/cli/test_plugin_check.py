"""`turnout plugin check`."""

import pytest
from tests.unit.testing import faulty

from turnout.cli.plugins import check

INTERNAL = ('    """Make a badge."""\n', '    """Make a badge."""\n    1 / 0\n')
NEEDED = ('fields.text(20, missing="red", ', "fields.text(20, ")


@pytest.fixture
def beside(tmp_path, monkeypatch):
    """Return what installs the example plugins, beside what is there."""

    def beside(*changes):
        folder = tmp_path / "plugins"
        faulty.write(folder, *changes, files=faulty.MEDALS_FILES)
        monkeypatch.syspath_prepend(folder)
        monkeypatch.setenv("PYTHONPATH", str(folder))

    return beside


def test_faults_are_told_with_their_cause_and_sound_plugins_are_said_to_be(turnout, beside, monkeypatch):
    beside(INTERNAL, NEEDED)
    # Neither the installation nor other tests have a part in it.
    monkeypatch.setenv("TURNOUT_DATABASE_URL", "nonsense://")
    monkeypatch.setenv("PYTEST_ADDOPTS", "--nonsense")
    names = ("badges", "medals", "medals")
    result = turnout("plugin", "check", *names, "--database", "sqlite", "--set", "badges.colour=red=er", code=1)
    told, _, rest = result.stdout.partition("medals: ")
    assert told.startswith("badges: 1 of ")
    assert "\n  everybody is answered as declared (sqlite)\n    POST /events/" in told
    assert "by organizer ends in an internal error (500)" in told
    assert "ZeroDivisionError" in told
    assert rest.startswith("passed all of ")
    assert "It is not switched by event." in rest
    assert "medals" not in rest
    assert result.stderr.strip() == "Error: Not all is well with: badges."


def test_a_setting_that_is_needed_is_asked_for(turnout, beside):
    beside(NEEDED)
    told = turnout("plugin", "check", "badges", "--database", "sqlite", code=1).stdout
    assert "badges: 1 of " in told
    assert "Setting badges.colour (or TURNOUT_BADGES_COLOUR) cannot be used" in told
    assert "--set NAME=VALUE" in told


@pytest.mark.parametrize("given", ["badges.colour", "colour=red", "=red"])
def test_a_setting_must_be_whole(turnout, beside, given):
    beside()
    assert "is not like" in turnout("plugin", "check", "badges", "--set", given, code=2).stderr


def test_a_plugin_must_be_installed(turnout, beside):
    beside()
    told = turnout("plugin", "check", "badges", "ribbons", code=1).stderr
    assert "ribbons: not installed. Installed: badges, " in told
    assert "medals" in told


def test_without_plugins_there_is_nothing_to_check(turnout, monkeypatch):
    monkeypatch.setattr("turnout.plugin.discovery.distributions", list)
    assert "turnout plugin new" in turnout("plugin", "check", code=1).stderr


def test_where_the_tools_are_missing_it_says_how_to_get_them(turnout, beside, monkeypatch):
    beside()
    monkeypatch.setattr(check, "NEEDED", ("pytest", "not_there"))
    assert "This needs not_there. Run: pip install 'turnout[testing]'" in turnout("plugin", "check", code=1).stderr


def test_checks_that_cannot_be_run_are_no_success(turnout, beside, monkeypatch):
    beside()
    monkeypatch.setattr(check, "CONFTEST", "import not_there  # {settings!r}\n")
    assert "could not be run" in turnout("plugin", "check", "badges", code=1).stderr
