"""What is common to all commands: help, settings, errors and exit codes."""

import subprocess
import sys

import pytest

from turnout.cli import COMMANDS

INI = """
[app:main]
use = egg:turnout
turnout.data = %(here)s/{folder}
"""
PLACEHOLDER = "change-me"


def run_python(*arguments):
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, timeout=60)


def test_it_says_its_version_and_runs_as_a_module():
    done = run_python("-m", "turnout", "--version")
    assert done.returncode == 0
    assert done.stdout.startswith("Turnout ")
    assert done.stderr == ""


def test_help_and_version_load_nothing_heavy():
    done = run_python(
        "-c",
        "import sys; from turnout.cli import cli; cli(['--help'], standalone_mode=False); "
        "print([name for name in ('pyramid', 'sqlalchemy', 'alembic', 'rich') if name in sys.modules])",
    )
    assert done.stdout.strip().endswith("[]")


def test_help_names_every_command_with_an_example(turnout):
    shown = turnout("--help").stdout
    assert all(f"  {name} " in shown for name in COMMANDS)
    assert "turnout serve --demo" in shown
    assert "Exit codes" in shown


@pytest.mark.parametrize("command", [*([name] for name in COMMANDS), ["user", "create"], ["demo", "load"]])
def test_every_command_explains_itself(turnout, command):
    shown = turnout(*command, "--help").stdout
    assert "--config" in shown
    assert shown.splitlines()[2].strip()


def test_wrong_usage_ends_with_two(turnout):
    assert "No such command" in turnout("sreve", code=2).stderr
    assert "No such option" in turnout("serve", "--prot", "1", code=2).stderr


def ini(folder, name="settings.ini", data="data-of-ini", more=""):
    path = folder / name
    path.write_text(INI.format(folder=data) + more)
    return path


@pytest.fixture
def without_data(here, monkeypatch):
    monkeypatch.delenv("TURNOUT_DATA")
    return here


def test_the_ini_file_may_be_named_before_the_command_and_after(turnout, without_data):
    one, two = ini(without_data, "1.ini", "one"), ini(without_data, "2.ini", "two")
    turnout("--config", str(one), "migrate")
    turnout("migrate", "-c", str(two))
    assert (without_data / "one" / "turnout.sqlite").exists()
    assert (without_data / "two" / "turnout.sqlite").exists()


def test_the_ini_file_comes_from_the_environment_else_from_this_folder_else_there_is_none(
    turnout, without_data, monkeypatch
):
    turnout("migrate")
    assert (without_data / "var" / "turnout.sqlite").exists()
    ini(without_data, "development.ini", "here")
    turnout("migrate")
    assert (without_data / "here" / "turnout.sqlite").exists()
    monkeypatch.setenv("TURNOUT_CONFIG", str(ini(without_data, "other.ini", "environment")))
    turnout("migrate")
    assert (without_data / "environment" / "turnout.sqlite").exists()
    turnout("-c", str(ini(without_data, "given.ini", "given")), "migrate")
    assert (without_data / "given" / "turnout.sqlite").exists()


def test_a_settings_file_that_is_not_there_or_no_good_is_said_in_one_line(turnout, here):
    assert "no.ini does not exist" in turnout("-c", "no.ini", "migrate", code=3).stderr
    (here / "broken.ini").write_text("no section\n")
    assert "broken.ini cannot be read" in turnout("-c", "broken.ini", "migrate", code=3).stderr


def test_a_bad_setting_is_said_in_one_line(turnout, here, monkeypatch):
    more = "api.max_body_bytez = 5\n"
    assert "api.max_body_bytez is not known" in turnout("-c", str(ini(here, more=more)), "migrate", code=3).stderr
    monkeypatch.setenv("TURNOUT_DATABASE_POOL_SIZE", "many")
    assert "TURNOUT_DATABASE_POOL_SIZE" in turnout("migrate", code=3).stderr


def test_production_needs_a_secret_of_its_own(turnout, here, monkeypatch):
    for secret in ("", PLACEHOLDER, PLACEHOLDER + "x" * 40, "short"):
        path = ini(here, more=f"turnout.environment = production\nturnout.secret = {secret}\n")
        said = turnout("-c", str(path), "migrate", code=3).stderr
        assert "turnout.secret" in said
        assert "short" not in said.replace("shorter", "")
    monkeypatch.setenv("TURNOUT_SECRET", "x" * 48)
    turnout("-c", str(path), "migrate")


def test_a_folder_that_cannot_be_made_is_said_in_one_line(turnout, here, monkeypatch):
    (here / "file").write_text("")
    monkeypatch.setenv("TURNOUT_DATA", str(here / "file" / "data"))
    assert str(here / "file") in turnout("migrate", code=3).stderr


@pytest.mark.parametrize("command", [["check"], ["worker", "--drain"], ["serve", "--port", "0"], ["migrate"]])
def test_a_database_that_cannot_be_reached_is_said_in_one_line(turnout, monkeypatch, command):
    monkeypatch.setenv("TURNOUT_DATABASE_URL", "postgresql://nobody:pass-word@127.0.0.1:1/nowhere")
    said = turnout(*command, code=3).stderr
    assert "The database cannot be used" in said
    assert "pass-word" not in said


@pytest.mark.parametrize("url", ["nonsense", "oracle-of-delphi://localhost/x", "sqlite:///{here}/folder"])
def test_a_database_address_that_is_none_is_said_in_one_line(turnout, here, monkeypatch, url):
    (here / "folder").mkdir()
    monkeypatch.setenv("TURNOUT_DATABASE_URL", url.format(here=here))
    assert "database" in turnout("migrate", code=3).stderr.lower()


@pytest.mark.parametrize(
    "command",
    [
        ["check"],
        ["worker", "--drain"],
        ["serve", "--port", "0"],
        ["user", "create", "ada", "--email", "ada@example.com", "--password-stdin"],
    ],
)
def test_a_database_that_was_not_migrated_is_said_in_one_line(turnout, command):
    said = turnout(*command, code=3, stdin="a long sentence nobody guesses\n").stderr
    assert said == "Error: The database has no tables yet. Run: turnout migrate\n"
