"""Mail as it arrives: read from the folder into which the application under test writes it."""

from email import message_from_bytes, policy
from pathlib import Path

import pytest
from icalendar import Calendar

from turnout.testing.applications import Application


class Mailbox:
    """The .eml files of the application under test, oldest first, and taken away as they are read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def take(self):
        paths = sorted(self.folder.glob("*.eml"), key=lambda path: int(path.name.split("-")[1]))
        mails = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in paths]
        for path in paths:
            path.unlink()
        return mails

    def one(self):
        (mail,) = self.take()
        return mail


def text(mail):
    return mail.get_body(("plain",)).get_content().replace("\r\n", "\n")


def html(mail):
    return mail.get_body(("html",)).get_content().replace("\r\n", "\n")


def attachments(mail):
    return {part.get_filename(): part for part in mail.iter_attachments()}


def calendar(mail):
    (content,) = (part.get_content() for name, part in attachments(mail).items() if name.endswith(".ics"))
    return Calendar.from_ical(content)


@pytest.fixture
def mailbox(application: Application, tmp_path: Path) -> Mailbox:
    """Give what the application under test has mailed."""
    transport = application.registry.message_channels["email"].transport
    transport.folder = tmp_path / "mail"
    return Mailbox(transport.folder)


@pytest.fixture
def book(api):
    """Book over the API; return the answer's JSON."""

    def book(user, event, *, status=201, **wanted):
        return api.as_(user).post("/bookings", {"event_id": event.id} | wanted, status=status).json

    return book


@pytest.fixture
def organizer(make):
    return make.organizer(first_name="Inês", last_name="Prado")


@pytest.fixture
def ada(make):
    return make.user(first_name="Ada", last_name="Lovelace", email="ada@example.com")


@pytest.fixture
def event(make, organizer):
    return make.event(title="Fado night", organizer=organizer, price="12.50")


@pytest.fixture
def booked(book, ada, event, outbox, mailbox):
    """A booking whose confirmation was read."""
    booking = book(ada, event)
    outbox.run()
    mailbox.take()
    return booking
