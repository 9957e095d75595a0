"""A source that speaks with a fake Ticketmaster, whose programme begins on a certain day."""

from datetime import date

import pytest
from turnout.testing.fakes import Answer
from turnout_external_events.sources.calling import Patience

from turnout_ticketmaster.caller import TicketmasterCaller
from turnout_ticketmaster.fake import FakeTicketmaster
from turnout_ticketmaster.source import TicketmasterSource

pytest_plugins = ["turnout.testing.fixtures"]

TODAY = date(2027, 3, 1)


@pytest.fixture(scope="session")
def plugins():
    return "external_events ticketmaster"


@pytest.fixture
def make_fake():
    """Return what starts a fake with other ways than usual."""
    started = []

    def make_fake(**other):
        fake = FakeTicketmaster(**{"today": TODAY} | other)
        fake.__enter__()
        started.append(fake)
        return fake

    yield make_fake
    for fake in started:
        fake.__exit__()


@pytest.fixture
def ticketmaster(make_fake):
    return make_fake()


class Echo(FakeTicketmaster):
    """Answers with what it was given last."""

    said = Answer(200, b"{}")

    def answer(self, call):  # noqa: ARG002
        return self.said


@pytest.fixture(scope="module")
def echo():
    """Return a fake that answers with what it was given last, the same to all tests."""
    with Echo(today=TODAY, many=1) as fake:
        yield fake


@pytest.fixture
def make_source(monkeypatch):
    """Return what makes a source that speaks with a fake, and does not pause for long."""
    monkeypatch.setattr(
        TicketmasterCaller, "steady", Patience(5, 10, first_pause=0.01, longest_pause=0.05, spread=0.01)
    )

    def make_source(fake, **other):
        settings = {
            "external_events.storage": "memory://",
            "external_events.cache_minutes": 10,
            "external_events.quick_seconds": 8,
            "external_events.timeout_seconds": 5,
            "ticketmaster.per_second": 1000,
            "ticketmaster.per_day": 100_000,
        }
        settings |= fake.settings() | {name.replace("__", "."): value for name, value in other.items()}
        return TicketmasterSource(TicketmasterCaller(settings), settings)

    return make_source


@pytest.fixture
def source(make_source, ticketmaster):
    return make_source(ticketmaster)
