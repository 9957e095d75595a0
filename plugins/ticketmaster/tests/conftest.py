"""A source that speaks with a fake Ticketmaster, whose programme begins on a certain day."""

from datetime import date

import pytest
from turnout.testing.fakes import Answer
from turnout_external_events.testing.asking import HASTY, caller_settings

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


class HastyCaller(TicketmasterCaller):
    """Asks as often as any, with pauses that no test notices."""

    steady = HASTY


@pytest.fixture
def make_source():
    """Return what makes a source that speaks with a fake, and does not pause for long."""

    def make_source(fake, **other):
        own = fake.settings() | {"ticketmaster.per_second": 1000, "ticketmaster.per_day": 100_000}
        settings = caller_settings(own, **other)
        return TicketmasterSource(HastyCaller(settings), settings)

    return make_source


@pytest.fixture
def source(make_source, ticketmaster):
    return make_source(ticketmaster)
