"""Calling: the checked address only, TLS verified, within the time limit, whatever the other side does."""

import socket
import time
from ipaddress import ip_address

import pytest

from turnout.outgoing.calling import Caller
from turnout.outgoing.network import CallFailed

HOME, OTHER_HOME = ip_address("127.0.0.1"), ip_address("127.0.0.2")
PRIVATE = "The host name leads to an address that is private or reserved."


def caller(**options):
    return Caller("Turnout/tests", **{"private": True} | options)


def call(url, by=None, seconds=10):
    """Return the status of an answer, whose body is read to its end."""
    with (by or caller()).call("GET", url, {"Accept": "text/plain"}, seconds=seconds) as response:
        for _ in response.iter_stream():
            pass
        return response.status


def failed(url, by=None, seconds=10):
    """Return what is said of a call that comes to nothing."""
    with pytest.raises(CallFailed) as failure:
        call(url, by, seconds)
    return str(failure.value)


class Only(Caller):
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


def test_a_call_is_made(receiver):
    assert call(receiver.url + "?key=a%20b") == 200
    (received,) = receiver.received
    assert received.path == "/hooks?key=a%20b"
    assert received.headers == {
        "host": f"127.0.0.1:{receiver.port}",
        "user-agent": "Turnout/tests",
        "accept": "text/plain",
        "accept-encoding": "identity",
        "connection": "close",
    }


def test_a_name_is_looked_up_once_and_the_checked_address_is_called(receive):
    """DNS rebinding: the first answer is good, every later one leads to where it must not."""
    inner = receive("127.0.0.1")
    outer = receive("127.0.0.2", inner.port)
    names = Names([OTHER_HOME], [HOME])
    assert call(f"http://rebinding.example.com:{inner.port}/", Only(OTHER_HOME, resolve=names)) == 200
    assert len(outer.received) == 1
    assert outer.received[0].headers["host"] == f"rebinding.example.com:{inner.port}"
    assert inner.received == []
    assert names.asked == [("rebinding.example.com", inner.port)]


def test_one_private_address_among_the_public_ones_is_enough_to_refuse(receive):
    inner = receive("127.0.0.1")
    outer = receive("127.0.0.2", inner.port)
    by = Only(OTHER_HOME, resolve=Names([OTHER_HOME, HOME]))
    assert failed(f"http://mixed.example.com:{inner.port}/", by) == PRIVATE
    assert inner.received == outer.received == []


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1", "2002:7f00:1::"],
)
def test_names_that_lead_to_private_addresses_are_not_called(address):
    told = failed("https://inner.example.com/", caller(private=False, resolve=Names([ip_address(address)])))
    assert told == PRIVATE
    assert address not in told


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://[::1]/",
        "http://example.com/",
        "https://localhost/",
        "https://a:b@example.com/",
        "",
    ],
)
def test_what_can_be_seen_to_be_wrong_is_not_looked_up(url):
    names = Names([HOME])
    assert failed(url, caller(private=False, resolve=names)).startswith("The address must ")
    assert names.asked == []


def test_a_literal_address_is_checked_at_the_connection_too(receiver):
    assert failed(receiver.url, Only(OTHER_HOME)) == PRIVATE
    assert receiver.received == []


def test_the_second_address_is_tried_where_the_first_does_not_answer(receiver):
    names = Names([OTHER_HOME, HOME])
    assert call(f"http://two.example.com:{receiver.port}/", caller(resolve=names)) == 200


def test_a_name_that_is_not_found_is_told():
    def nothing(_host, _port):
        raise socket.gaierror(-2, "Name or service not known")

    for names in (nothing, Names([])):
        told = failed("https://nowhere.example.com/", caller(resolve=names))
        assert told == "The host name could not be found."


def test_tls_is_verified_for_the_name_and_not_for_the_address(receive, authority):
    right = receive(tls=authority.server("hooks.example.com"))
    by = caller(resolve=Names([HOME]), tls=authority.trusting)
    assert call(f"https://hooks.example.com:{right.port}/", by) == 200
    assert right.received[0].headers["host"] == f"hooks.example.com:{right.port}"

    told = failed(f"https://other.example.com:{right.port}/", by)
    assert told.startswith("The server's certificate was refused: ")
    assert "other.example.com" in told
    assert len(right.received) == 1


def test_a_certificate_for_the_address_alone_is_none_for_the_name(receive, authority):
    by = caller(resolve=Names([HOME]), tls=authority.trusting)
    receiver = receive(tls=authority.server("127.0.0.1"))
    assert failed(f"https://hooks.example.com:{receiver.port}/", by)
    assert call(f"https://127.0.0.1:{receiver.port}/", by) == 200


def test_a_certificate_of_an_unknown_authority_is_refused(receive, authority):
    receiver = receive(tls=authority.server("hooks.example.com"))
    told = failed(f"https://hooks.example.com:{receiver.port}/", caller(resolve=Names([HOME])))
    assert told.startswith("The server's certificate was refused: ")
    assert receiver.received == []


def test_what_is_no_tls_is_told(receiver, authority):
    by = caller(resolve=Names([HOME]), tls=authority.trusting)
    told = failed(f"https://hooks.example.com:{receiver.port}/", by)
    assert told == "No TLS connection could be made with the server."


def test_the_environment_has_no_say(receiver, monkeypatch, tmp_path):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ada password word\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert call(receiver.url) == 200
    assert "authorization" not in receiver.received[0].headers


def test_a_slow_handshake_is_given_up(receive_raw):
    slow = receive_raw(lambda _connection, closing: closing.wait(30))
    began = time.monotonic()
    told = failed(slow.url.replace("http:", "https:"), seconds=0.5)
    assert time.monotonic() - began < 2
    assert told == "The server did not answer within 0.5 seconds."


def test_a_slow_name_server_is_given_up(receiver):
    def slow(_host, _port):
        time.sleep(1)
        return [HOME]

    told = failed(f"http://slow.example.com:{receiver.port}/", caller(resolve=slow), seconds=0.2)
    assert told == "The server did not answer within 0.2 seconds."
    assert receiver.received == []


def test_a_body_that_drips_is_given_up(receive_raw):
    def drip(connection, closing):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while not closing.wait(0.05):
            connection.sendall(b"x")

    began = time.monotonic()
    told = failed(receive_raw(drip).url, seconds=0.5)
    assert time.monotonic() - began < 2
    assert told == "The server did not answer within 0.5 seconds."


def test_endless_headers_are_refused(receive_raw):
    def serve(connection, closing):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while not closing.is_set():
            connection.sendall(b"X-Long: " + b"x" * 1000 + b"\r\n")

    assert failed(receive_raw(serve).url) == "The server did not answer as HTTP wants it."


@pytest.mark.parametrize("said", [b"", b"SSH-2.0-hello\r\n"])
def test_what_is_no_http_is_told(receive_raw, said):
    def serve(connection, _closing):
        connection.recv(65536)
        connection.sendall(said)

    # Whether the end or a broken connection is seen first, is for the operating system to say.
    assert failed(receive_raw(serve).url) in {
        "The server did not answer as HTTP wants it.",
        "The connection broke off before the server had answered.",
    }


def test_nobody_there_is_told():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert failed(f"http://127.0.0.1:{port}/") == "The server could not be connected to."
