"""Mail over SMTP, to a real server on this machine."""

import socket
import ssl
import threading
import time
from email.headerregistry import Address

import pytest
from tests.unit.messages.conftest import html, text
from tests.unit.messages.smtp import Box, certificate, serving
from tests.unit.messages.test_mail import outgoing

from turnout.messages.errors import Undeliverable
from turnout.messages.mail import Email, SmtpTransport

SENDER = Address("Turnout", addr_spec="turnout@example.com")


@pytest.fixture
def box():
    return Box()


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def trusting(tls, monkeypatch):
    """Trust the tests' certificate, as an operator would a company's own."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tls[1]))


def email(settings, **changes):
    return Email(SENDER, SmtpTransport(settings | changes))


def test_plain(box):
    with serving(box) as settings:
        email(settings).send(outgoing(name="Zoë, 🎶", subject="Olá"))

    (mail,) = box.mails
    assert box.envelopes == [("turnout@example.com", ["ada@example.com"])]
    assert (mail["Subject"], mail["To"].addresses[0].display_name) == ("Olá", "Zoë, 🎶")
    assert (text(mail), html(mail)) == ("Hello there\n", "<p>Hello there</p>\n")
    assert mail["Message-ID"] == "<f00d@example.com>"


def test_starttls_with_a_password(box, tls, trusting):
    with serving(box, tls=tls[0], login=("turnout", "secret words")) as settings:
        assert settings["mail.security"] == "starttls"
        email(settings).send(outgoing())

    assert len(box.mails) == 1


def test_tls_from_the_start(box, tls, trusting):
    with serving(box, tls=tls[0], implicit=True) as settings:
        assert settings["mail.security"] == "tls"
        email(settings).send(outgoing())

    assert len(box.mails) == 1


@pytest.mark.parametrize("implicit", [False, True])
def test_nobody_else_passes_for_the_server(box, tls, implicit):
    with (
        serving(box, tls=tls[0], implicit=implicit) as settings,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        email(settings).send(outgoing())

    assert box.mails == []


def test_a_certificate_of_another_name(box, tls, trusting):
    with (
        serving(box, tls=tls[0]) as settings,
        pytest.raises(ssl.SSLCertVerificationError, match=r"[Hh]ostname mismatch"),
    ):
        email(settings, **{"mail.host": "localhost"}).send(outgoing())


def test_a_server_without_starttls_gets_nothing(box):
    with serving(box) as settings, pytest.raises(Exception, match="STARTTLS"):
        email(settings, **{"mail.security": "starttls"}).send(outgoing())

    assert box.mails == []


def test_a_wrong_password_is_told_without_the_password(box, tls, trusting):
    with serving(box, tls=tls[0], login=("turnout", "right words")) as settings:
        with pytest.raises(ConnectionRefusedError, match=r"does not accept mail.username.*535") as caught:
            email(settings, **{"mail.password": "wrong words"}).send(outgoing())

        assert "wrong words" not in repr(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
def test_a_refusal_for_good(box, command):
    box.answers[command] = "550 5.1.1 There is nobody of that name"
    with (
        serving(box) as settings,
        pytest.raises(Undeliverable, match=r"^the mail server refused it: 550 5.1.1 There is nobody of that name$"),
    ):
        email(settings).send(outgoing())


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
def test_a_refusal_for_now(box, command):
    box.answers[command] = "451 4.7.1 Come back later"
    with serving(box) as settings, pytest.raises(Exception, match=r"451|4\.7\.1") as caught:
        email(settings).send(outgoing())

    assert not isinstance(caught.value, Undeliverable)


def test_a_server_that_is_away():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        settings = {
            "mail.host": "127.0.0.1",
            "mail.port": taken.getsockname()[1],
            "mail.security": "none",
            "mail.username": "",
            "mail.password": "",
            "mail.timeout": 5,
        }
        with pytest.raises(ConnectionRefusedError):
            email(settings).send(outgoing())


def _hanging(after):
    """Listen, and say nothing (any more) after so many answers."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = listener.accept()
        with connection:
            for answer in after:
                connection.sendall(answer)
                if not connection.recv(1000):
                    return
            connection.settimeout(10)
            while connection.recv(1000):
                pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return listener, thread


@pytest.mark.parametrize("answers", [[], [b"220 hello\r\n", b"250 hello\r\n"]])
def test_a_server_that_hangs_is_not_waited_for_long(answers):
    listener, thread = _hanging(answers)
    settings = {
        "mail.host": "127.0.0.1",
        "mail.port": listener.getsockname()[1],
        "mail.security": "none",
        "mail.username": "",
        "mail.password": "",
        "mail.timeout": 1,
    }
    started = time.monotonic()
    with listener, pytest.raises(OSError, match="timed out"):
        email(settings).send(outgoing())

    assert time.monotonic() - started < 5
    thread.join(15)


def test_a_bad_goodbye_does_not_send_it_again():
    """The server has taken the mail, and hangs up."""
    said = [b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", b"250 taken\r\n"]
    listener, thread = _hanging(said)
    settings = {
        "mail.host": "127.0.0.1",
        "mail.port": listener.getsockname()[1],
        "mail.security": "none",
        "mail.username": "",
        "mail.password": "",
        "mail.timeout": 1,
    }
    with listener:
        email(settings).send(outgoing())
    thread.join(15)
