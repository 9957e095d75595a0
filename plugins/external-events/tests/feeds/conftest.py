"""A server with a calendar."""

import pytest
from turnout.testing.fakes import Answer, Fake

from turnout_external_events.sources import feeds


@pytest.fixture(scope="session")
def settings(settings):
    return settings | {"external_events.allow_private": "true"}


@pytest.fixture
def application(workshop, database, plugins, settings):
    """The application under test, which reads calendars and asks nobody else."""
    return workshop.application(database, None, plugins, settings)


class FakeCalendars(Fake):
    """A server with one calendar: `events` by their lines; `answers` are given instead, by path."""

    api_prefixes = ("/",)

    def __init__(self):
        super().__init__()
        self.events = []
        self.answers = {}

    def answer(self, call):
        if call.path in self.answers:
            return self.answers[call.path]
        inside = "".join(f"BEGIN:VEVENT\r\n{event}\r\nEND:VEVENT\r\n" for event in self.events)
        return Answer(200, f"BEGIN:VCALENDAR\r\n{inside}END:VCALENDAR\r\n".encode(), {"Content-Type": "text/calendar"})

    def problem(self, status, message):
        return Answer(status, message.encode())

    def remove(self, number):
        """Forget an event."""
        self.events = [event for event in self.events if not event.startswith(f"UID:{number}\r\n")]

    def add(self, number, begin, more=""):
        """Add an event that begins at `begin`."""
        lines = [f"UID:{number}", f"SUMMARY:Event {number}", f"DTSTART:{begin:%Y%m%dT%H%M%SZ}", *more.split("\n")]
        self.events.append("\r\n".join(lines))


@pytest.fixture
def server():
    with FakeCalendars() as server:
        yield server


@pytest.fixture(autouse=True)
def nothing_read():
    """Let each test begin with nothing remembered."""
    feeds._read.clear()
