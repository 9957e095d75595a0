"""The fixtures of `turnout.testing`, as any plugin's tests use them, and the figures that tests note, printed at the end."""

import gc
import os

import pytest
from tests.environments import build_turnout

# `make` names the folder of development's data; tests write into folders of their own.
os.environ.pop("TURNOUT_DATA", None)

# Applications stay until the end: looking through them for garbage as often as usual is a tenth of the tests' time.
gc.set_threshold(100_000, 50, 100)

pytest_plugins = ["turnout.testing.fixtures"]


@pytest.fixture(scope="session")
def turnout_wheel(tmp_path_factory):
    """Turnout's wheel; a test that uses it is of the xdist group "wheel", so that it is built once."""
    return build_turnout(tmp_path_factory.mktemp("wheel"))


def pytest_terminal_summary(terminalreporter):
    reports = terminalreporter.getreports("passed")
    noted = [(report.nodeid, report.user_properties) for report in reports if report.user_properties]
    if noted:
        terminalreporter.section("figures")
    for test, figures in noted:
        terminalreporter.write_line(f"{test}: " + ", ".join(f"{name} {value:,}" for name, value in figures))
