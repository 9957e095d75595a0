"""What is measured: a database, and `turnout serve` processes that share one port."""

import os
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import click
import psycopg
from sqlalchemy.engine import URL, make_url

HOST = "127.0.0.1"
START_SECONDS = 30


@contextmanager
def database(given: str | None, *, keep: str | None = None) -> Iterator[str]:
    """Give the address of a new, empty database, dropped at the end, on the server at `given`.

    Without a server, a throw-away cluster with fsync on is started. `keep` names a database that stays, for exploring.
    """
    if given is None:
        with _cluster() as url, database(url) as made:
            yield made
        return
    server = make_url(given)
    name = keep or f"turnout_bench_{secrets.token_hex(4)}"
    with psycopg.connect(libpq(server), autocommit=True) as connection:
        there = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
        if not there:
            connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield libpq(server.set(database=name))
        finally:
            if not keep:
                connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def _cluster() -> Iterator[str]:
    """Give the address of a throw-away server, with PostgreSQL's own settings where they concern speed and safety."""
    from turnout.testing.postgresql import Cluster, programs

    binaries = programs()
    if binaries is None:
        raise click.ClickException("There is no PostgreSQL server program here; name a running server with --url.")
    cluster = Cluster(binaries, fsync="on", synchronous_commit="on", full_page_writes="on", autovacuum="on")
    try:
        cluster.start()
        yield cluster.url
    finally:
        cluster.stop()


def libpq(url: URL) -> str:
    """Return `url` as libpq, pgbench and Turnout all read it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def settings_of(url: str, secret: str, data: str, **further: str) -> dict[str, str]:
    """Return the environment of a process that serves the database at `url` as in production."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TURNOUT_")}
    ours = {"database_url": url, "secret": secret, "data": data, "environment": "production"} | further
    return kept | {"TURNOUT_" + name.upper(): value for name, value in ours.items()}


@contextmanager
def serving(url: str, secret: str, *, processes: int, **further: str) -> Iterator[tuple[str, int]]:
    """Run `processes` of ``turnout serve`` on one port, and a worker that decides bookings; give the address.

    Nobody sends mail meanwhile: it would take part in what is measured, long after what caused it. `further` settings go
    to their environment.
    """
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="turnout-bench-") as folder:
        log = Path(folder, "log")
        command = [sys.executable, "-m", "turnout", "serve", "--port", str(port), "--reuse-port"]
        deciding = [sys.executable, "-m", "turnout", "worker", "--queue", "bookings"]
        environment = settings_of(url, secret, folder, outbox_embedded="false", **further)
        with log.open("wb") as output:
            running = [
                subprocess.Popen(each, cwd=folder, env=environment, stdout=output, stderr=output)
                for each in [*[command] * processes, deciding]
            ]
            try:
                _wait(port, processes, running, log)
                yield HOST, port
            finally:
                for process in running:
                    process.terminate()
                for process in running:
                    try:
                        process.wait(15)
                    except subprocess.TimeoutExpired:
                        process.kill()
                        process.wait()


def _wait(port: int, servers: int, running: "list[subprocess.Popen[bytes]]", log: Path) -> None:
    """Wait until every server listens: each of them must be found listening, not only the first."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if any(process.poll() is not None for process in running):
            break
        if _listeners(port) >= servers:
            with urlopen(f"http://{HOST}:{port}/api/v1", timeout=10) as answer:
                if answer.status == 200:
                    return
        time.sleep(0.1)
    raise RuntimeError(f"turnout serve did not start:\n{log.read_text('utf-8', 'replace')[-3000:]}")


def _listeners(port: int) -> int:
    """Count the sockets that listen at `port` (Linux)."""
    wanted = re.compile(rf"^ *[0-9]+: [0-9A-F]{{8}}:{port:04X} [0-9A-F]{{8}}:0000 0A ", re.MULTILINE)
    return len(wanted.findall(Path("/proc/net/tcp").read_text("ascii")))
