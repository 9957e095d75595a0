"""`turnout serve` as a process: demo, banner, stop, kill and restart, shared ports, refused bodies."""

import json
import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager

import httpx2
import pytest
from pyramid.paster import get_app, get_appsettings
from webtest import TestApp

from turnout import main
from turnout.testing.live import command, free_port

pytestmark = pytest.mark.xdist_group("serve")
PATIENCE = 60


class Process:
    """A server and what it prints."""

    def __init__(self, folder, *arguments, port=None, pass_fds=(), **environment):
        self.port = port if port is not None else free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.output = folder / f"output-{time.monotonic_ns()}"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TURNOUT_")}
        self.started = time.perf_counter()
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [*command(), "serve", *arguments],
                cwd=folder,
                env=inherited | {"TURNOUT_DATA": str(folder / "data")} | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=pass_fds,
            )

    def said(self):
        return self.output.read_text("utf-8")

    def wait(self):
        """Wait until it answers; return the seconds that it took."""
        while self.process.poll() is None and time.perf_counter() < self.started + PATIENCE:
            try:
                if httpx2.get(self.url + "/health").is_success:
                    return time.perf_counter() - self.started
            except httpx2.TransportError:
                time.sleep(0.02)
        pytest.fail(f"it did not start:\n{self.said()}")

    def end(self, number=signal.SIGTERM):
        """Send a signal; return the exit code and the seconds that it took."""
        told = time.perf_counter()
        self.process.send_signal(number)
        return self.process.wait(PATIENCE), time.perf_counter() - told


@contextmanager
def process(folder, *arguments, **options):
    server = Process(folder, *arguments, **options)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait(PATIENCE)


@pytest.fixture
def migrated(tmp_path):
    done = subprocess.run(
        [*command(), "migrate"],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if not name.startswith("TURNOUT_")}
        | {"TURNOUT_DATA": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    return tmp_path


def login(url, username, password):
    return httpx2.post(f"{url}/api/v1/auth/login", json={"username": username, "password": password})


def test_the_demo_is_there_after_one_command_and_still_there_after_the_next(tmp_path):
    port = free_port()
    with process(tmp_path, "--demo", "--port", str(port), port=port) as first:
        first.wait()
        said = first.said()
        assert f"{first.url}/api/v1" in said
        assert f"{first.url}/docs" in said
        assert "admin / admin" in said
        assert httpx2.get(f"{first.url}/api/v1/events").json()["count"] == 40
        token = login(first.url, "admin", "admin").json()["access_token"]
        assert httpx2.get(f"{first.url}/api/v1/users/me", headers={"Authorization": f"Bearer {token}"}).json()[
            "is_superuser"
        ]
        new = {"username": "newcomer", "email": "newcomer@example.com", "password": "a long sentence nobody guesses"}
        assert httpx2.post(f"{first.url}/api/v1/users", json=new).status_code == 201
        code, seconds = first.end()
        assert code == 0
    with process(tmp_path, "--demo", "--port", str(port), port=port) as second:
        took = second.wait()
        assert login(second.url, "newcomer", "a long sentence nobody guesses").status_code == 200
        assert httpx2.get(f"{second.url}/api/v1/events").json()["count"] == 40
        assert "Loaded" not in second.said()
    print(f"\nThe second start took {took:.2f} s; the stop before it {seconds:.2f} s.")  # noqa: T201 - a figure, no assertion


def test_the_accounts_are_shown_with_the_demo_only(migrated):
    with process(migrated, "--port", "0") as server:
        while "Ctrl-C" not in server.said():
            assert server.process.poll() is None, server.said()
            time.sleep(0.05)
        assert "admin / admin" not in server.said()


def test_the_demo_is_refused_in_production(tmp_path):
    settings = {"TURNOUT_ENVIRONMENT": "production", "TURNOUT_SECRET": "x" * 48}
    with process(tmp_path, "--demo", "--port", "0", **settings) as server:
        assert server.process.wait(PATIENCE) == 3
        assert "production" in server.said()
        assert len(server.said().splitlines()) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_cleanly_and_at_once(migrated, number):
    port = free_port()
    with process(migrated, "--port", str(port), port=port) as server:
        server.wait()
        with httpx2.Client() as idle:  # a client that keeps its connection open does not keep the server running
            idle.get(server.url + "/health")
            code, seconds = server.end(number)
        assert code == 0
        assert "Traceback" not in server.said()
    print(f"\nIt stopped in {seconds:.2f} s.")  # noqa: T201 - a figure, no assertion


def test_a_port_in_use_is_said_in_one_line(migrated):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with process(migrated, "--port", str(port), port=port) as server:
            assert server.process.wait(PATIENCE) == 3
            assert server.said() == (
                f"Error: Cannot listen on 127.0.0.1:{port}: Address already in use. Choose another with --port.\n"
            )


def test_two_processes_share_a_port(migrated):
    port = free_port()
    options = ("--port", str(port), "--reuse-port", "--quiet")
    with process(migrated, *options, port=port) as first, process(migrated, *options, port=port) as second:
        first.wait()
        second.wait()
        assert first.process.poll() is None
        assert second.process.poll() is None
        first.end()
        assert second.wait()
        assert second.said() == ""


def test_it_serves_on_a_socket_that_it_is_given(migrated):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number, port = listener.fileno(), listener.getsockname()[1]
        with process(migrated, "--fd", str(number), port=port, pass_fds=[number]) as server:
            server.wait()
            assert f"Turnout is at http://127.0.0.1:{port}\n" in server.said()


def test_settings_say_where_it_listens(migrated):
    port = free_port()
    with process(migrated, port=port, TURNOUT_SERVER_PORT=str(port), TURNOUT_SERVER_THREADS="2") as server:
        server.wait()


def test_a_hundred_megabytes_are_refused_before_they_are_sent(live):
    head = (
        "POST /api/v1/users HTTP/1.1\r\nHost: turnout.example.com\r\nContent-Type: application/json\r\n"
        f"Content-Length: {100 * 1024 * 1024}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", live.port)) as connection:
        connection.settimeout(PATIENCE)
        connection.sendall(head.encode())
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    top, _, body = answer.partition(b"\r\n\r\n")
    assert top.startswith(b"HTTP/1.1 413 ")
    assert json.loads(body)["code"] == "body_too_large"


def test_it_can_be_killed_and_started_again(live):
    new = {"username": "ada", "email": "ada@example.com", "password": "a long sentence nobody guesses"}
    assert live.client.post("/users", json=new).status_code == 201
    live.kill()
    live.start()
    credentials = {"username": new["username"], "password": new["password"]}
    assert live.client.post("/auth/login", json=credentials).status_code == 200
    assert "Every counter" in live.run("check").stdout


@pytest.mark.parametrize("name", ["development.ini", "testing.ini", "production.ini"])
def test_the_ini_files_make_an_application(pytestconfig, here, monkeypatch, name):
    path = pytestconfig.rootpath / name
    monkeypatch.setenv("TURNOUT_DATA", str(here / "data"))
    monkeypatch.setenv("TURNOUT_DATABASE_URL", f"sqlite:///{here}/data/turnout.sqlite")
    if name == "production.ini":
        monkeypatch.setenv("TURNOUT_SECRET", "x" * 48)
    settings = get_appsettings(str(path))
    for router in (get_app(str(path)), main({}, **settings)):
        assert TestApp(router).get("/api/v1").json["name"] == "Turnout"
        router.registry.engine.dispose()
    if name == "production.ini":
        assert router.registry.settings["log.format"] == "json"
        assert router.registry.settings["metrics.access"] == "staff"
