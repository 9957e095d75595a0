"""The probes: two plugins that can be switched by event, one on and one off unless somebody says otherwise. And receivers."""

import importlib
from pathlib import Path

import pytest
from tests.unit.receivers import Authority, RawReceiver, Receiver

PROBES = Path(__file__).parent / "plugin" / "probes"


@pytest.fixture
def probes(monkeypatch):
    """Install both; a module of tests that wants them enabled defines the fixture `plugins` by this one."""
    monkeypatch.syspath_prepend(PROBES)
    yield "probe quiet"
    for name in ("probe", "quiet"):
        module = importlib.import_module(f"turnout_{name}")
        module.calls.clear()
        getattr(module, "doing", {}).clear()


@pytest.fixture
def probe(application):
    """The probe: what it was called with, and what it does then."""
    probe = importlib.import_module("turnout_probe")
    probe.calls.clear()
    return probe


@pytest.fixture
def quiet(application):
    """The one that is off."""
    quiet = importlib.import_module("turnout_quiet")
    quiet.calls.clear()
    return quiet


@pytest.fixture
def receive():
    """Return what starts a receiver."""
    started = []

    def start(*arguments, **options):
        started.append(Receiver(*arguments, **options))
        return started[-1]

    yield start
    for receiver in started:
        receiver.close()


@pytest.fixture
def receive_raw():
    """Return what starts a receiver that does with a connection what a function of the test does."""
    started = []

    def start(serve):
        started.append(RawReceiver(serve))
        return started[-1]

    yield start
    for receiver in started:
        receiver.close()


@pytest.fixture
def receiver(receive):
    return receive()


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)
