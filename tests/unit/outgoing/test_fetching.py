"""Fetching: one GET, nothing followed or unpacked, no more than was asked for."""

import gzip
import time
from ipaddress import ip_address

import pytest
from tests.unit.receivers import Answers

from turnout.plugin import Fetched, Fetcher, Unfetchable


def fetch(url, by=None, **options):
    by = by or Fetcher("Turnout/tests", private=True)
    return by.fetch(url, **{"most_bytes": 1000, "seconds": 5} | options)


def failed(url, by=None, **options):
    with pytest.raises(Unfetchable) as failure:
        fetch(url, by, **options)
    return str(failure.value)


def answer(receiver, status=200, body=b"thank you", **headers):
    receiver.answers = [Answers(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)]


def test_what_is_there_is_read(receiver):
    answer(receiver, Content_Type="text/calendar; charset=utf-8", ETag='"1"')
    assert fetch(receiver.url + "?a=%20b", accept="text/calendar") == Fetched(
        200, "text/calendar; charset=utf-8", b"thank you", '"1"'
    )
    (received,) = receiver.received
    assert received.path == "/hooks?a=%20b"
    assert received.headers == {
        "host": f"127.0.0.1:{receiver.port}",
        "user-agent": "Turnout/tests",
        "accept": "text/calendar",
        "accept-encoding": "identity",
        "connection": "close",
    }


@pytest.mark.parametrize(
    ("status", "is_success"), [(200, True), (204, False), (404, False), (429, False), (503, False)]
)
def test_a_refusal_is_told_as_it_is(receiver, status, is_success):
    answer(receiver, status, b"")
    fetched = fetch(receiver.url)
    assert (fetched.status, fetched.content_type, fetched.etag) == (status, "", "")
    assert fetched.is_success == is_success


def test_what_has_not_changed_is_not_sent_again(receiver):
    answer(receiver, 304, b"", ETag='"1"')
    fetched = fetch(receiver.url, etag='"1"')
    assert receiver.received[0].headers["if-none-match"] == '"1"'
    assert (fetched.status, fetched.body, fetched.is_success) == (304, b"", False)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed_but_told(receive, receiver, status):
    inner = receive()
    answer(receiver, status, Location=inner.url)
    assert f"The address leads elsewhere, to {inner.url};" in failed(receiver.url)
    assert inner.received == []


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("/there?a=b", "to http://127.0.0.1:{port}/there?a=b;"),
        ("//example.com/x", "to http://example.com/x;"),
        ("https://example.com/" + "a" * 600, "give the address at which it ends"),
        ("javascript:alert(1)", "give the address at which it ends"),
        ("file:///etc/passwd", "give the address at which it ends"),
        ("https://[::1/", "give the address at which it ends"),
        ("https://example.com/\x7f\x85<b>", "give the address at which it ends"),
        ("", "give the address at which it ends"),
    ],
)
def test_where_a_redirect_leads_is_told_only_if_it_is_an_address(receiver, location, told):
    answer(receiver, 302, Location=location)
    assert told.format(port=receiver.port) in failed(receiver.url)


def test_as_many_bytes_as_are_allowed_are_read(receiver):
    answer(receiver, body=b"x" * 1000)
    assert len(fetch(receiver.url).body) == 1000
    answer(receiver, body=b"x" * 1001)
    assert failed(receiver.url) == "What is there is too large: it has more than 1,000 bytes."


def test_of_a_flood_little_is_read(receive_raw):
    sent = []

    def flood(connection, closing):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not closing.is_set():
            sent.append(connection.send(b"y" * 65536))

    began = time.monotonic()
    assert "too large" in failed(receive_raw(flood).url)
    assert time.monotonic() - began < 4
    assert sum(sent) < 50_000_000


def test_what_breaks_off_is_not_taken_for_the_whole(receive_raw):
    def serve(connection, _closing):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nBEGIN")

    assert failed(receive_raw(serve).url) == "The server did not answer as HTTP wants it."


def test_what_drips_is_given_up(receive_raw):
    def drip(connection, closing):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n")
        while not closing.wait(0.05):
            connection.sendall(b"x")

    began = time.monotonic()
    assert failed(receive_raw(drip).url, seconds=0.5) == "The server did not answer within 0.5 seconds."
    assert time.monotonic() - began < 2


def test_what_is_compressed_is_not_unpacked(receiver):
    answer(receiver, body=gzip.compress(b"0" * 1_000_000), Content_Encoding="gzip")
    assert "compressed" in failed(receiver.url, most_bytes=10_000)


def test_only_what_is_public_is_read_unless_said_otherwise(receiver):
    by = Fetcher("Turnout/tests")
    assert failed(receiver.url, by) == "The address must begin with https://, so that nobody on the way can read along."
    assert "public address" in failed(receiver.url.replace("http:", "https:"), by)
    inner = Fetcher("Turnout/tests", resolve=lambda _host, _port: [ip_address("10.0.0.1")])
    assert "private or reserved" in failed("https://inner.example.com/", inner)
    assert receiver.received == []


def test_tls_is_verified(receive, authority):
    server = receive(tls=authority.server("feeds.example.com"))
    url = f"https://feeds.example.com:{server.port}/"
    home = {"private": True, "resolve": lambda _host, _port: [ip_address("127.0.0.1")]}
    assert fetch(url, Fetcher("Turnout/tests", tls=authority.trusting, **home)).is_success
    assert "certificate was refused" in failed(url, Fetcher("Turnout/tests", **home))


@pytest.mark.parametrize(
    "url", ["", "nonsense", "webcal://example.com/a.ics", "https://a b/", "https://ada:word@example.com/"]
)
def test_what_is_no_address_is_told(url):
    assert failed(url).startswith("The address must ")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://10.0.0.1/a", "private or reserved"),
        ("https://me:secret@example.com/a", "user name or a password"),
        ("http://example.com/a", "https://"),
        ("example.com", "web address"),
    ],
)
def test_what_is_never_read_can_be_known_without_asking(url, reason):
    with pytest.raises(Unfetchable, match=reason) as failure:
        Fetcher("Turnout/tests").check(url)
    assert str(failure.value) == failed(url, Fetcher("Turnout/tests"))
    Fetcher("Turnout/tests").check("https://nowhere.example.com/a")
