"""The web server, in this process, with small applications behind it and raw sockets in front."""

import json
import os
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from turnout import server as module
from turnout.errors import StartError
from turnout.server import Server, inherited_socket, listening_socket, server_settings
from turnout.settings import SettingsError

LIMIT = 1000
HUNDRED_MEGABYTES = 100 * 1024 * 1024
CRLF = "\r\n"


def echo(environ, start_response):
    """Say how much came, and from where."""
    body = environ["wsgi.input"].read()
    answer = json.dumps(
        {"length": len(body), "from": environ["REMOTE_ADDR"], "scheme": environ["wsgi.url_scheme"]}
    ).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
    return [answer]


def serving(conversation, application=echo, **options):
    """Serve in the main thread, as signals need it, while `conversation(server)` runs in another; return its result."""
    options = {"threads": 2, "max_body_bytes": LIMIT} | options
    before = signal.getsignal(signal.SIGTERM)
    with listening_socket("127.0.0.1", 0) as listener, ThreadPoolExecutor(1) as pool:
        server = Server(application, listener, **options)

        def client():
            try:
                return conversation(server)
            finally:
                while signal.getsignal(signal.SIGTERM) == before:
                    time.sleep(0.01)
                os.kill(os.getpid(), signal.SIGTERM)

        future = pool.submit(client)
        server.run()
        return future.result()


def request(*lines: str, body: bytes = b"") -> bytes:
    return (CRLF.join(("POST / HTTP/1.1", "Host: turnout.example.com", *lines)) + CRLF * 2).encode() + body


def read_all(connection):
    connection.settimeout(10)
    received = b""
    while chunk := connection.recv(65536):
        received += chunk
    return received


def parsed(raw: bytes):
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("ascii").split(CRLF)
    headers = dict(line.split(": ", 1) for line in lines)
    return int(first.split()[1]), headers, json.loads(body)


def exchange(sent: bytes, application=echo, **options):
    def conversation(server):
        with socket.create_connection((server.host, server.port)) as connection:
            connection.sendall(sent)
            return read_all(connection)

    return parsed(serving(conversation, application, **options))


def assert_problem(answer, status: int, code: str):
    found, headers, document = answer
    assert (found, document["status"], document["code"]) == (status, status, code)
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Request-Id"] == document["request_id"]
    assert document["type"] == "urn:turnout:problem:" + code.replace("_", "-")
    assert {"title", "detail"} <= document.keys()


@pytest.mark.parametrize("expect", [(), ("Expect: 100-continue",)])
def test_a_hundred_megabytes_are_refused_before_any_of_them_is_sent(expect):
    answer = exchange(request(f"Content-Length: {HUNDRED_MEGABYTES}", *expect))
    assert_problem(answer, 413, "body_too_large")
    assert str(LIMIT) in answer[2]["detail"]


def test_whoever_expects_to_continue_with_a_small_body_is_told_to():
    def conversation(server):
        with socket.create_connection((server.host, server.port)) as connection:
            connection.sendall(request("Content-Length: 3", "Expect: 100-continue", "Connection: close"))
            told = connection.recv(65536)
            connection.sendall(b"abc")
            return told, parsed(read_all(connection))

    told, (status, _, body) = serving(conversation)
    assert told.startswith(b"HTTP/1.1 100 ")
    assert (status, body["length"]) == (200, 3)


def test_the_limit_itself_is_accepted_and_one_byte_more_is_not():
    fits = exchange(request(f"Content-Length: {LIMIT}", "Connection: close", body=b"x" * LIMIT))
    assert (fits[0], fits[2]["length"]) == (200, LIMIT)
    assert_problem(exchange(request(f"Content-Length: {LIMIT + 1}")), 413, "body_too_large")


def test_a_body_in_chunks_is_refused_when_it_grows_too_large():
    chunk = b"%x\r\n%s\r\n" % (600, b"x" * 600)
    assert_problem(exchange(request("Transfer-Encoding: chunked", body=chunk * 2)), 413, "body_too_large")


def test_a_client_that_sends_everything_all_the_same_still_gets_the_answer():
    size = 20_000_000
    answer = exchange(request(f"Content-Length: {size}", body=b"x" * size))
    assert_problem(answer, 413, "body_too_large")


def test_a_client_that_never_stops_sending_is_cut_off(monkeypatch):
    monkeypatch.setattr(module, "LINGER_SECONDS", 0.2)

    def conversation(server):
        with socket.create_connection((server.host, server.port)) as connection:
            connection.sendall(request(f"Content-Length: {HUNDRED_MEGABYTES}"))
            for _ in range(2000):  # 100 seconds, if nobody cuts it off
                connection.sendall(b"x" * 1000)
                time.sleep(0.05)

    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        serving(conversation)


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"NONSENSE\r\n\r\n", 400, "bad_request"),
        (request("no colon here"), 400, "bad_request"),
        (request("Content-Length: many"), 400, "bad_request"),
        (request("Transfer-Encoding: gzip"), 501, "not_implemented"),
        (request("X-Long: " + "x" * 300_000), 431, "request_header_fields_too_large"),
    ],
)
def test_what_is_not_http_is_refused_as_a_problem(sent, status, code):
    assert_problem(exchange(sent), status, code)


def test_an_application_that_breaks_says_nothing_of_the_inside():
    def broken(environ, start_response):
        raise RuntimeError("the secret ingredient")

    answer = exchange(request("Connection: close"), broken)
    assert_problem(answer, 500, "internal_server_error")
    assert "secret" not in json.dumps(answer[2])


def test_the_server_does_not_say_what_it_is():
    for sent in (request("Connection: close"), b"NONSENSE\r\n\r\n"):
        _, headers, _ = exchange(sent)
        assert "Server" not in headers
        assert "waitress" not in str(headers).lower()


def test_a_request_that_is_running_when_it_is_told_to_stop_is_answered():
    told = threading.Event()

    def slow(environ, start_response):
        told.set()
        time.sleep(0.5)
        return echo(environ, start_response)

    answers = []

    def conversation(server):
        with socket.create_connection((server.host, server.port)) as connection:
            connection.sendall(request("Content-Length: 2", "Connection: close", body=b"ab"))
            answers.append(parsed(read_all(connection)))

    def start(server):
        thread = threading.Thread(target=conversation, args=(server,))
        thread.start()
        told.wait(10)
        return thread

    serving(start, slow).join()
    assert answers[0][2]["length"] == 2


def test_a_second_signal_does_not_wait_for_anybody(monkeypatch):
    monkeypatch.setattr(module, "GRACE_SECONDS", 60)
    running, never = threading.Event(), threading.Event()

    def stuck(_environ, _start_response):
        running.set()
        never.wait(60)

    def conversation(server):
        with socket.create_connection((server.host, server.port)) as connection:
            connection.sendall(request("Connection: close"))
            running.wait(10)
            os.kill(os.getpid(), signal.SIGTERM)
            while not server._is_stopping:
                time.sleep(0.01)

    with pytest.raises(SystemExit):
        serving(conversation, stuck)
    never.set()


def test_it_restores_the_signal_handlers():
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    serving(lambda _server: None)
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


FORWARDED = ("X-Forwarded-For: 203.0.113.9", "X-Forwarded-Proto: https", "X-Forwarded-Host: tickets.example.com")


def test_forwarded_headers_are_believed_from_the_trusted_proxy_only():
    sent = request(*FORWARDED, "Connection: close")
    assert exchange(sent)[2] | {"length": 0} == {"length": 0, "from": "127.0.0.1", "scheme": "http"}
    assert exchange(sent, trusted_proxy="127.0.0.1")[2] == {"length": 0, "from": "203.0.113.9", "scheme": "https"}
    assert exchange(sent, trusted_proxy="192.0.2.7")[2]["from"] == "127.0.0.1"


def test_two_listeners_share_a_port_only_when_both_want_to():
    with listening_socket("127.0.0.1", 0, reuse_port=True) as first:
        first.listen()
        port = first.getsockname()[1]
        with listening_socket("127.0.0.1", port, reuse_port=True):
            pass
        with pytest.raises(StartError, match=rf"127\.0\.0\.1:{port}.*--port"):
            listening_socket("127.0.0.1", port)


def test_an_address_that_is_none_is_said_in_one_line():
    with pytest.raises(StartError, match=r"Cannot listen on no\.such\.host\.invalid: "):
        listening_socket("no.such.host.invalid", 0)


def test_it_serves_on_a_socket_that_it_inherits():
    with listening_socket("127.0.0.1", 0) as parent:
        child = inherited_socket(os.dup(parent.fileno()))
        with child:
            assert child.getsockname() == parent.getsockname()


def test_a_descriptor_that_is_no_socket_is_said_in_one_line(tmp_path):
    with (tmp_path / "file").open("w") as file, pytest.raises(StartError, match="is not a socket"):
        inherited_socket(file.fileno())


@pytest.mark.parametrize(
    ("host", "url"), [("127.0.0.1", "http://127.0.0.1:"), ("0.0.0.0", "http://127.0.0.1:"), ("::1", "http://[::1]:")]
)
def test_the_url_is_one_that_can_be_opened(host, url):
    with listening_socket(host, 0) as listener:
        server = Server(echo, listener, threads=1, max_body_bytes=LIMIT)
        server.close()
        assert server.url == f"{url}{server.port}"


def test_settings_are_checked(monkeypatch):
    assert server_settings({})["server.port"] == 6543
    assert server_settings({"server.port": "7000"})["server.port"] == 7000
    monkeypatch.setenv("TURNOUT_SERVER_PORT", "7001")
    assert server_settings({"server.port": "7000"})["server.port"] == 7001
    with pytest.raises(SettingsError, match=r"server\.threads"):
        server_settings({"server.threads": "0"})
    with pytest.raises(SettingsError, match=r"server\.prot is not known"):
        server_settings({"server.prot": "7000"})
