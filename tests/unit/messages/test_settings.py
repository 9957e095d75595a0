"""The settings of mail: what is wrong stops the start, and never shows a password."""

import pytest

from turnout.errors import StartError
from turnout.messages.mail import FileTransport, SmtpTransport
from turnout.testing.applications import Application

SMTP = {"mail.transport": "smtp", "mail.host": "mail.example.com", "mail.sender": "turnout@example.com"}


@pytest.fixture
def start(tmp_path):
    """Start an application; return its channel of email."""
    applications = []

    def start(**settings):
        applications.append(Application(f"sqlite:///{tmp_path}/x.sqlite", tmp_path, **settings))
        return applications[-1].registry.message_channels["email"]

    yield start
    for application in applications:
        application.close()


def test_by_default_mail_is_written_beside_the_data(start, tmp_path):
    email = start()

    assert isinstance(email.transport, FileTransport)
    assert email.transport.folder == tmp_path / "mail"
    assert str(email.sender) == "Turnout <turnout@localhost>"


def test_a_folder_of_its_own(start, tmp_path):
    assert start(**{"mail.folder": str(tmp_path / "x")}).transport.folder == tmp_path / "x"


@pytest.mark.parametrize(("security", "port"), [("none", 25), ("starttls", 587), ("tls", 465)])
def test_a_server_at_its_usual_port(start, security, port):
    transport = start(**SMTP | {"mail.security": security}).transport

    assert isinstance(transport, SmtpTransport)
    assert (transport.host, transport.port, transport.security, transport.timeout) == (
        "mail.example.com", port, security, 30,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mail.transport": "pigeon"}, "mail.transport"),
        ({"mail.security": "some"}, "mail.security"),
        ({"mail.sender": "Turnout"}, "mail.sender .*'Turnout' is not one email address"),
        ({"mail.transport": "smtp"}, "mail.host"),
        ({"mail.transport": "smtp", "mail.host": "mail.example.com"}, "mail.sender"),
        (SMTP | {"mail.username": "x", "mail.password": "p", "mail.security": "none"}, "mail.security"),
        ({"mail.timeout": "0"}, "mail.timeout"),
        ({"mail.passwort": "hidden words"}, "mail.passwort is not known"),
        ({"messages.keep_days": "0"}, "messages.keep_days"),
    ],
)
def test_what_cannot_work_stops_the_start(start, settings, message):
    with pytest.raises(StartError, match=message) as caught:
        start(**settings)

    assert "hidden words" not in str(caught.value)
