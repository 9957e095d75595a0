"""``turnout plugin check``: the conformance suite, for plugins that are installed."""

import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from textwrap import indent
from xml.etree import ElementTree as ET

import click

from turnout.cli.context import Refused, waiting

NEEDED = ("pytest", "webtest", "factory")
"""What `turnout.testing` imports, and an installation that only serves has not."""
KINDS = ("sqlite", "postgresql")
MOST_LOG_LINES = 30

CONFTEST = """\
import pytest

pytest_plugins = ["turnout.testing.fixtures"]


@pytest.fixture(scope="session")
def settings():
    return {settings!r}
"""
TEST = """\
from turnout.testing.conformance import Conformance


class TestConformance(Conformance):
    plugin = {name!r}
"""


@dataclass
class Report:
    """What came of the checks of one plugin. Those that failed are grouped by what they say."""

    passed: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    failed: dict[str, list[str]] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)

    @property
    def failures(self) -> int:
        """Return how many checks failed."""
        return sum(len(names) for names in self.failed.values())


@click.command(
    short_help="Run the conformance suite for plugins.",
    epilog="""
    \b
    Examples:
      turnout plugin check                               every plugin that is installed
      turnout plugin check reviews --database sqlite
      turnout plugin check stripe --set stripe.key=sk_test_1

    It makes databases of its own and touches no other: it needs no configuration, and heeds none. For PostgreSQL it starts
    a server, if its programs are installed, or uses the one that TURNOUT_TEST_POSTGRES_URL names.

    Exit code 1: a plugin failed a check.
    """,
)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--database", type=click.Choice(KINDS), help="Check on this kind only [default: both].")
@click.option(
    "--set", "given", multiple=True, metavar="SETTING=VALUE", help="A setting that a plugin cannot do without."
)
def check(*, names: tuple[str, ...], database: str | None, given: tuple[str, ...]) -> None:
    """Check that plugins keep to what Turnout expects of them: those named, or all that are installed."""
    from turnout.plugin.discovery import installed

    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise Refused(f"This needs {', '.join(missing)}. Run: pip install 'turnout[testing]'")
    known = installed()
    if not known:
        raise Refused("No plugin is installed. Begin one with: turnout plugin new NAME")
    if unknown := [name for name in names if name not in known]:
        raise Refused(f"{', '.join(unknown)}: not installed. Installed: {', '.join(known)}.")
    settings = dict(_pair(each) for each in given)
    wrong = [name for name in dict.fromkeys(names or known) if not _is_sound(name, database, settings)]
    if wrong:
        raise Refused(f"Not all is well with: {', '.join(wrong)}.")


def _pair(given: str) -> tuple[str, str]:
    name, sign, value = given.partition("=")
    if not sign or "." not in name:
        raise click.BadParameter(f"{given!r} is not like stripe.key=value", param_hint="--set")
    return name.strip(), value


def _is_sound(name: str, database: str | None, settings: Mapping[str, str]) -> bool:
    """Check one plugin, and tell people what came of it."""
    with waiting(f"Checking {name}"):
        report = _run(name, database, settings)
    _tell(name, report)
    return not report.failed


def _run(name: str, database: str | None, settings: Mapping[str, str]) -> Report:
    """Run, in a process of its own, what the plugin's author would write into their tests."""
    with tempfile.TemporaryDirectory(prefix="turnout-check-") as place:
        folder = Path(place)
        (folder / "pytest.ini").write_text("[pytest]\njunit_logging = all\n", "utf-8")
        (folder / "conftest.py").write_text(CONFTEST.format(settings=dict(settings)), "utf-8")
        (folder / "test_conformance.py").write_text(TEST.format(name=name), "utf-8")
        others = [f"not {kind}" for kind in KINDS if database not in {None, kind}]
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--junitxml",
            "report.xml",
            "-m",
            *others,
        ]
        done = subprocess.run(  # noqa: S603 - our own command
            command if others else command[:-1],
            cwd=folder,
            env=_environment(database),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in {0, 1}:
            raise Refused(f"The checks of {name} could not be run:\n{done.stdout}{done.stderr}")
        return _read(folder / "report.xml")


def _environment(database: str | None) -> dict[str, str]:
    # Other pytest plugins of this environment, and options for its own tests, have no part in this.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    # Where a server is asked for by name, doing without it is no success.
    wanted = {"CI": "true"} if database == "postgresql" else {}
    return kept | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "CI": ""} | wanted


def _read(path: Path) -> Report:
    report = Report()
    for case in ET.parse(path).getroot().iter("testcase"):  # noqa: S314 - our own process has written it
        failure = case.find("failure") if case.find("failure") is not None else case.find("error")
        skipped = case.find("skipped")
        if failure is not None:
            said = (failure.text or failure.get("message") or "").strip()
            report.failed.setdefault(said, []).append(_in_words(case.get("name", "")))
            report.logs.setdefault(said, "\n".join(_logged(case)))
        elif skipped is not None:
            report.skipped[skipped.get("message", "")] += 1
        else:
            report.passed += 1
    return report


def _logged(case: ET.Element) -> Iterator[str]:
    """Give the lines that were logged or printed meanwhile, but for pytest's headings."""
    for kind in ("system-out", "system-err"):
        found = case.find(kind)
        lines = (found.text or "").splitlines() if found is not None else []
        yield from [line for line in lines if line.strip() and not line.startswith("-----")][-MOST_LOG_LINES:]


def _in_words(test: str) -> str:
    name, _, parameters = test.removeprefix("test_").partition("[")
    words = name.replace("_", " ")
    return f"{words} ({parameters.removesuffix(']')})" if parameters else words


def _tell(name: str, report: Report) -> None:
    count = report.passed + report.failures
    if report.failed:
        click.echo(f"{name}: {report.failures} of {count} checks failed.")
    else:
        click.echo(f"{name}: passed all of {count} checks.")
    for said, checks in report.failed.items():
        click.echo(f"\n  {'; '.join(checks)}")
        click.echo(indent(said, "    "))
        if report.logs[said]:
            click.echo(indent(report.logs[said], "    | "))
    for reason, times in report.skipped.items():
        click.echo(f"  {times} not made: {reason}")
