"""Throw-away brokers: a Redis and a RabbitMQ server, started by the tests, seen by nobody else, gone afterwards.

They listen on 127.0.0.1 at ports of their own and keep what they write in a folder of their own. They run as another
user where the tests run as root, and end when the process that started them ends, however it does.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from turnout.testing.live import free_port

PATIENCE = 60.0
"""Seconds that a broker may take to start."""
_USERS = ("rabbitmq", "redis", "nobody")
# The pipe to the shell closes when whoever started it is gone, in whatever way; 0 is the whole process group.
_WATCHED = '"$@" </dev/null & read -r _; kill -KILL 0'


class NoBroker(Exception):
    """There is no such broker to test with."""


def redis_program() -> str | None:
    """Return Redis's server program, or None where there is none."""
    return shutil.which("redis-server") or shutil.which("valkey-server")


def rabbitmq_program() -> str | None:
    """Return RabbitMQ's server program, or None; Debian's wrapper in the PATH wants to be root."""
    packaged = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
    return str(packaged) if packaged.exists() else shutil.which("rabbitmq-server")


class _Server:
    """What both have in common: a folder, a user, a process group that ends with us, and a port that answers."""

    def __init__(self, name: str) -> None:
        self.port = free_port()
        self.as_user = _another_user()
        self.folder = Path(tempfile.mkdtemp(prefix=f"turnout-{name}-"))
        if self.as_user:
            os.chown(self.folder, self.as_user["user"], self.as_user["group"])
        self._log = self.folder / "log.txt"
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def is_running(self) -> bool:
        """Tell whether it was started, and not stopped since."""
        return bool(self._processes)

    def run(self, *command: str, environment: Mapping[str, str] | None = None) -> None:
        """Start a program that ends with this process."""
        with self._log.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - the brokers' own programs with our own arguments
                ["/bin/sh", "-c", _WATCHED, "sh", *command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env={"PATH": os.defpath + ":/usr/local/bin", "LC_ALL": "C.UTF-8", "HOME": str(self.folder)}
                | dict(environment or {}),
                start_new_session=True,
                **self.as_user,
            )
        self._processes.append(process)

    def wait(self, greeting: bytes, answer: bytes) -> None:
        """Wait until the server answers a greeting. Raises `RuntimeError` with its log."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 5) as connection:
                connection.sendall(greeting)
                if connection.recv(100).startswith(answer):
                    return
            time.sleep(0.05)
        raise RuntimeError(f"the broker did not start:\n{self._log.read_text('utf-8', 'replace')}")

    def stop(self) -> None:
        """End it as a power cut would (SIGKILL)."""
        for process in self._processes:
            process.communicate()  # closes the pipe, and with it the process group
        self._processes.clear()

    def close(self) -> None:
        """End it, and remove all that it wrote."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Redis(_Server):
    """A Redis server that writes each change to its disk."""

    def __init__(self, program: str) -> None:
        super().__init__("redis")
        self._program = program
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it. Raises `RuntimeError`."""
        options = {"bind": "127.0.0.1", "port": str(self.port), "dir": str(self.folder), "save": ""}
        options |= {"appendonly": "yes", "appendfsync": "always"}
        self.run(self._program, *(part for name, value in options.items() for part in (f"--{name}", value)))
        self.wait(b"PING\r\n", b"+PONG")

    def send(self, *words: str) -> None:
        """Send a command (``FLUSHALL``), and wait for the answer."""
        with socket.create_connection(("127.0.0.1", self.port), 5) as connection:
            connection.sendall(" ".join(words).encode() + b"\r\n")
            if connection.recv(100).startswith(b"-"):
                raise RuntimeError(f"Redis refused {words[0]}")


class RabbitMQ(_Server):
    """A RabbitMQ node without plugins, with an Erlang port mapper (epmd) of its own."""

    def __init__(self, program: str) -> None:
        super().__init__("rabbitmq")
        self._program = program
        self._mapper_port = str(free_port())
        self._inner_port = str(free_port())
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}//"
        for name in ("environment.conf", "rabbitmq.conf"):
            (self.folder / name).touch()

    def start(self) -> None:
        """Start it. Raises `RuntimeError`."""
        # Its own, and not by erl: that would leave one behind for good.
        self.run("epmd", "-port", self._mapper_port, "-address", "127.0.0.1")
        self.run(self._program, environment=self._environment())
        self.wait(b"AMQP\x00\x00\x09\x01", b"\x01\x00\x00")

    def _environment(self) -> dict[str, str]:
        folder = str(self.folder)
        return {
            "ERL_EPMD_PORT": self._mapper_port,
            "RABBITMQ_NODENAME": f"turnout-{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": self._inner_port,
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_CONF_ENV_FILE": f"{folder}/environment.conf",
            "RABBITMQ_CONFIG_FILE": f"{folder}/rabbitmq",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/plugins",
            "RABBITMQ_MNESIA_BASE": f"{folder}/data",
            "RABBITMQ_LOG_BASE": f"{folder}/log",
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": f"{folder}/pid",
        }


class Named:
    """A broker that a variable names. It runs already, and a test that would stop it is skipped."""

    def __init__(self, url: str) -> None:
        self.url = url


AnyBroker = Redis | RabbitMQ | Named
_Kind = tuple[str, str, Callable[[], str | None], Callable[[str], AnyBroker]]
_KINDS: dict[str, _Kind] = {
    "redis": ("TURNOUT_TEST_REDIS_URL", "redis-server", redis_program, Redis),
    "rabbitmq": ("TURNOUT_TEST_AMQP_URL", "rabbitmq-server", rabbitmq_program, RabbitMQ),
}


class Brokers:
    """The brokers of this process of the test run, each started when it is first wanted."""

    def __init__(self) -> None:
        self._made: dict[str, AnyBroker] = {}

    def running(self, kind: str) -> AnyBroker:
        """Return the broker of `kind`; where a test has stopped it, it is started again. Raises `NoBroker`."""
        if kind not in self._made:
            self._made[kind] = self._make(kind)
        broker = self._made[kind]
        if not isinstance(broker, Named) and not broker.is_running:
            broker.start()
        return broker

    def close(self) -> None:
        """End those that were started."""
        for broker in self._made.values():
            if not isinstance(broker, Named):
                broker.close()

    @staticmethod
    def _make(kind: str) -> AnyBroker:
        variable, package, find, make = _KINDS[kind]
        url = os.environ.get(variable)
        if url:
            return Named(url)
        program = find()
        if program is None:
            raise NoBroker(f"No {package}: install it (Debian: apt-get install {package}) or set {variable}.")
        return make(program)


def _another_user() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = next(known[name] for name in _USERS if name in known)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
