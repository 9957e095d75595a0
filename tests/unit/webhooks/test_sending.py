"""Sending: within the time limit, whatever the receiver does. Where it may go is tested with `turnout.outgoing`."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from tests.unit.receivers import Answers

from turnout.webhooks.sending import Sender

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)


def sender(**options):
    return Sender("Turnout/tests", **{"private": True} | options)


def send(url, by=None, body=b"{}"):
    return (by or sender()).send(url, {"webhook-id": "msg_1"}, body, NOW)


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
    asked = []
    answer = send(url, sender(private=False, resolve=lambda *name: asked.append(name)))
    assert answer.status is None
    assert answer.error.startswith("The address must ")
    assert asked == []


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
