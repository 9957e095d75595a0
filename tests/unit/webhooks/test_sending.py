"""Sending: to the checked address only, within the time limit, whatever the receiver does."""

import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_address

import pytest
from tests.unit.webhooks.receivers import Answers

from turnout.webhooks.sending import Sender

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
HOME, OTHER_HOME = ip_address("127.0.0.1"), ip_address("127.0.0.2")


def sender(**options):
    return Sender("Turnout/tests", **{"private": True} | options)


def send(url, by=None, body=b"{}"):
    return (by or sender()).send(url, {"webhook-id": "msg_1"}, body, NOW)


class Only(Sender):
    """Takes one address for a public one, and no other."""

    def __init__(self, address, **options):
        super().__init__("Turnout/tests", private=True, **options)
        self.address = address

    def allows(self, address):
        return address == self.address


class Names:
    """A name server that answers as told: in order, the last answer again and again."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    def __call__(self, host, port):
        self.asked.append((host, port))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def test_a_message_is_posted(receiver):
    answer = send(receiver.url + "?key=a%20b", body=b'{"a": 1}')
    assert (answer.status, answer.text, answer.error) == (200, "thank you", "")
    (received,) = receiver.received
    assert received.path == "/hooks?key=a%20b"
    assert received.body == b'{"a": 1}'
    assert received.headers == {
        "host": f"127.0.0.1:{receiver.port}",
        "user-agent": "Turnout/tests",
        "content-type": "application/json",
        "content-length": "8",
        "accept-encoding": "identity",
        "connection": "close",
        "webhook-id": "msg_1",
    }


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_is_a_success(receiver, status):
    receiver.answer(status, body=b"")
    assert send(receiver.url).is_success


@pytest.mark.parametrize("status", [300, 302, 304, 400, 401, 404, 410, 429, 500, 503])
def test_everything_else_is_none(receiver, status):
    receiver.answer(status, body=b"")
    answer = send(receiver.url)
    assert not answer.is_success
    assert answer.status == status
    assert answer.is_gone == (status == 410)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(receive, receiver, status):
    inner = receive()
    receiver.answer(status, headers={"Location": inner.url})
    answer = send(receiver.url)
    assert (answer.status, answer.is_success) == (status, False)
    assert inner.received == []


def test_a_name_is_looked_up_once_and_the_checked_address_is_called(receive):
    """DNS rebinding: the first answer is good, every later one leads to where it must not."""
    inner = receive("127.0.0.1")
    outer = receive("127.0.0.2", inner.port)
    names = Names([OTHER_HOME], [HOME])
    answer = send(f"http://rebinding.example.com:{inner.port}/", Only(OTHER_HOME, resolve=names))
    assert answer.is_success
    assert len(outer.received) == 1
    assert outer.received[0].headers["host"] == f"rebinding.example.com:{inner.port}"
    assert inner.received == []
    assert names.asked == [("rebinding.example.com", inner.port)]


def test_one_private_address_among_the_public_ones_is_enough_to_refuse(receive):
    inner = receive("127.0.0.1")
    outer = receive("127.0.0.2", inner.port)
    by = Only(OTHER_HOME, resolve=Names([OTHER_HOME, HOME]))
    answer = send(f"http://mixed.example.com:{inner.port}/", by)
    assert answer.error == "The host name leads to an address that is private or reserved."
    assert inner.received == outer.received == []


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1", "2002:7f00:1::"],
)
def test_names_that_lead_to_private_addresses_are_not_called(address):
    by = sender(private=False, resolve=Names([ip_address(address)]))
    answer = send("https://inner.example.com/", by)
    assert answer.error == "The host name leads to an address that is private or reserved."
    assert address not in answer.error


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://[::1]/",
        "http://example.com/",
        "https://localhost/",
        "https://a:b@example.com/",
        "nonsense",
    ],
)
def test_what_registration_refuses_is_not_sent_either(url):
    """The setting may have been another one when the webhook was made."""
    names = Names([HOME])
    answer = send(url, sender(private=False, resolve=names))
    assert answer.status is None
    assert answer.error.startswith("The address must ")
    assert names.asked == []


def test_a_literal_address_is_checked_at_the_connection_too(receiver):
    assert (
        send(receiver.url, Only(OTHER_HOME)).error == "The host name leads to an address that is private or reserved."
    )
    assert receiver.received == []


def test_the_second_address_is_tried_where_the_first_does_not_answer(receiver):
    names = Names([OTHER_HOME, HOME])
    assert send(f"http://two.example.com:{receiver.port}/", sender(resolve=names)).is_success


def test_a_name_that_is_not_found_is_told(receiver):
    def nothing(_host, _port):
        raise socket.gaierror(-2, "Name or service not known")

    for names in (nothing, Names([])):
        answer = send("https://nowhere.example.com/", sender(resolve=names))
        assert answer.error == "The host name could not be found."


def test_tls_is_verified_for_the_name_and_not_for_the_address(receive, authority):
    right = receive(tls=authority.server("hooks.example.com"))
    by = sender(resolve=Names([HOME]), tls=authority.trusting)
    assert send(f"https://hooks.example.com:{right.port}/", by).is_success
    assert right.received[0].headers["host"] == f"hooks.example.com:{right.port}"

    answer = send(f"https://other.example.com:{right.port}/", by)
    assert answer.status is None
    assert answer.error.startswith("The receiver's certificate was refused: ")
    assert "other.example.com" in answer.error
    assert len(right.received) == 1


def test_a_certificate_for_the_address_alone_is_none_for_the_name(receive, authority):
    by = sender(resolve=Names([HOME]), tls=authority.trusting)
    receiver = receive(tls=authority.server("127.0.0.1"))
    assert send(f"https://hooks.example.com:{receiver.port}/", by).status is None
    assert send(f"https://127.0.0.1:{receiver.port}/", by).is_success


def test_a_certificate_of_an_unknown_authority_is_refused(receive, authority):
    receiver = receive(tls=authority.server("hooks.example.com"))
    answer = send(f"https://hooks.example.com:{receiver.port}/", sender(resolve=Names([HOME])))
    assert answer.error.startswith("The receiver's certificate was refused: ")
    assert receiver.received == []


def test_what_is_no_tls_is_told(receiver, authority):
    answer = send(f"https://hooks.example.com:{receiver.port}/", sender(resolve=Names([HOME]), tls=authority.trusting))
    assert answer.error == "No TLS connection could be made with the receiver."


def test_the_environment_has_no_say(receiver, monkeypatch, tmp_path):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ada password word\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert send(receiver.url).is_success
    assert "authorization" not in receiver.received[0].headers


def drip(start):
    """Return what sends `start` at once and then a byte every 50 ms."""

    def serve(connection, closing):
        connection.recv(65536)
        connection.sendall(start)
        while not closing.wait(0.05):
            connection.sendall(b"x")

    return serve


@pytest.mark.parametrize(
    "serve",
    [
        pytest.param(lambda _connection, closing: closing.wait(30), id="silent"),
        pytest.param(drip(b""), id="dripping a status"),
        pytest.param(drip(b"HTTP/1.1 200 OK\r\nX-Long: "), id="dripping a header"),
        pytest.param(drip(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1"), id="going on and on"),
    ],
)
def test_a_slow_receiver_is_given_up(receive_raw, serve):
    slow = receive_raw(serve)
    began = time.monotonic()
    answer = send(slow.url, sender(seconds=0.5))
    assert time.monotonic() - began < 2
    assert answer.status is None
    assert answer.error in {
        "The receiver did not answer within 0.5 seconds.",
        "The receiver did not answer as HTTP wants it.",
    }


def test_a_receiver_that_never_takes_the_body_is_given_up(receive_raw):
    slow = receive_raw(lambda _connection, closing: closing.wait(30))
    answer = send(slow.url, sender(seconds=0.5), body=b"x" * 50_000_000)
    assert answer.error == "The receiver did not answer within 0.5 seconds."


def test_a_slow_handshake_is_given_up(receive_raw):
    slow = receive_raw(lambda _connection, closing: closing.wait(30))
    began = time.monotonic()
    answer = send(slow.url.replace("http:", "https:"), sender(seconds=0.5))
    assert time.monotonic() - began < 2
    assert answer.error == "The receiver did not answer within 0.5 seconds."


def test_a_slow_name_server_is_given_up(receiver):
    def slow(_host, _port):
        time.sleep(1)
        return [HOME]

    answer = send(f"http://slow.example.com:{receiver.port}/", sender(seconds=0.2, resolve=slow))
    assert answer.error == "The receiver did not answer within 0.2 seconds."
    assert receiver.received == []


def test_a_dripping_body_is_a_success_of_which_the_beginning_is_kept(receive_raw):
    slow = receive_raw(drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nthank you "))
    began = time.monotonic()
    answer = send(slow.url, sender(seconds=0.5))
    assert time.monotonic() - began < 2
    assert answer.is_success
    assert answer.text.startswith("thank you x")


def test_of_a_huge_body_the_beginning_is_read(receive_raw):
    sent = []

    def flood(connection, closing):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 500 Oh\r\nContent-Length: 100000000000\r\n\r\n")
        while not closing.is_set():
            sent.append(connection.send(b"y" * 65536))

    began = time.monotonic()
    answer = send(receive_raw(flood).url)
    assert time.monotonic() - began < 5
    assert answer.status == 500
    assert answer.text == "y" * 1024
    assert sum(sent) < 50_000_000


def test_endless_headers_are_refused(receive_raw):
    def serve(connection, closing):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while not closing.is_set():
            connection.sendall(b"X-Long: " + b"x" * 1000 + b"\r\n")

    answer = send(receive_raw(serve).url)
    assert answer.error == "The receiver did not answer as HTTP wants it."


def test_a_compressed_body_is_not_unpacked(receiver):
    import gzip

    receiver.answers = [Answers(200, {"Content-Encoding": "gzip"}, gzip.compress(b"0" * 10_000_000))]
    answer = send(receiver.url)
    assert answer.is_success
    assert "000" not in answer.text
    assert len(answer.text) <= 1024


def test_what_is_answered_is_kept_as_text_that_can_be_kept(receiver):
    receiver.answers = [Answers(500, {}, "é\n".encode() + b"\x00\x1b[31m\xff\xed\xa0\x80")]
    text = send(receiver.url).text
    assert text.startswith("é\n\ufffd\ufffd[31m\ufffd")
    assert "\x00" not in text
    text.encode()


@pytest.mark.parametrize(
    ("serve", "told"),
    [
        (lambda connection, _closing: connection.recv(65536), "The receiver did not answer as HTTP wants it."),
        (lambda connection, _closing: (connection.recv(65536), connection.sendall(b"SSH-2.0-hello\r\n")),
         "The receiver did not answer as HTTP wants it."),
    ],
)  # fmt: skip
def test_what_is_no_http_is_told(receive_raw, serve, told):
    # Whether the end or a broken connection is seen first, is for the operating system to say.
    assert send(receive_raw(serve).url).error in {told, "The connection broke off before the receiver had answered."}


def test_nobody_there_is_told():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert send(f"http://127.0.0.1:{port}/").error == "The receiver could not be connected to."


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("120", timedelta(minutes=2)),
        ("0", timedelta(0)),
        ("-5", timedelta(0)),
        ("999999999", timedelta(hours=1)),
        ("99999999999999999999", timedelta(0)),
        ("soon", timedelta(0)),
        ("", timedelta(0)),
        (format_datetime(NOW + timedelta(minutes=5), usegmt=True), timedelta(minutes=5)),
        (format_datetime(NOW - timedelta(minutes=5), usegmt=True), timedelta(0)),
        (format_datetime(NOW + timedelta(days=5), usegmt=True), timedelta(hours=1)),
        ("Mon, 01 Mar 2027 12:05:00", timedelta(0)),
    ],
)
def test_retry_after_is_honoured_within_reason(receiver, header, wanted):
    receiver.answer(503, headers={"Retry-After": header})
    assert send(receiver.url).retry_after == wanted
