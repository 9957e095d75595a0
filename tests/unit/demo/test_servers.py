"""What the demo runs beside itself."""

import pytest

from turnout.demo.servers import demo_servers
from turnout.testing.applications import Application
from turnout.testing.databases import SQLiteDatabases


class Server:
    def __init__(self, ran, name):
        self.ran, self.name = ran, name

    def __enter__(self):
        self.ran.append(f"{self.name} begins")

    def __exit__(self, *_):
        self.ran.append(f"{self.name} ends")


@pytest.fixture
def ran():
    return []


@pytest.fixture
def registry(tmp_path, ran):
    def taken(_settings):
        raise OSError("Address already in use")

    def impossible(_settings):
        raise ValueError("Port out of range 0-65535")

    def include(config):
        config.add_demo_server("impossible", impossible)
        config.add_demo_server("taken", taken)
        config.add_demo_server("nothing", lambda _settings: None)
        config.add_demo_server("one", lambda settings: Server(ran, settings["turnout.environment"]))

    application = Application(SQLiteDatabases(tmp_path).create(), tmp_path, include)
    yield application.registry
    application.close()


def test_servers_run_for_as_long_as_the_demo_and_one_whose_port_is_taken_stops_nobody(registry, ran):
    with demo_servers(registry):
        assert ran == ["testing begins"]

    assert ran == ["testing begins", "testing ends"]
