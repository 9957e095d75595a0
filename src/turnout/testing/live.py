"""Turnout as a process of its own, spoken to over a socket."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import httpx2

from turnout.api.service import PREFIX
from turnout.settings import variable_name
from turnout.testing.applications import SECRET

PATIENCE = 60.0
"""Seconds that a server may take to start, or to stop."""


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def command() -> list[str]:
    """Return how the command line of this very installation is started."""
    script = Path(sys.executable).with_name("turnout")
    return [str(script)] if script.exists() else [sys.executable, "-c", "from turnout.cli import main; main()"]


class Live:
    """A ``turnout serve`` process, on a database of its own, where everything is really committed.

    `url` is the address of its API, with ``/api/v1``; `client` is an `httpx2.Client` for paths below it; `log` is the file
    with what the server said. The rows it needs, a test makes by requests, or by the command line (`run`).

        live.run("plugin", "list")
        assert live.client.get("/health").status_code == 200
    """

    def __init__(self, database_url: str, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self.database_url = database_url
        self.folder = folder
        self.settings = {
            "turnout.environment": "testing",
            "turnout.secret": SECRET,
            "turnout.data": str(folder),
            "database.url": database_url,
        } | dict(settings or {})
        self.port = free_port()
        self.log = folder / f"serve-{self.port}.log"
        self.url = f"http://127.0.0.1:{self.port}{PREFIX}"
        self.client = httpx2.Client(base_url=self.url, timeout=PATIENCE)
        self.process: subprocess.Popen[bytes] | None = None
        self._others: list[Live] = []

    def environment(self) -> dict[str, str]:
        """Return the environment variables that carry the settings."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TURNOUT_")}
        return inherited | {variable_name(name): value for name, value in self.settings.items()}

    def start(self) -> None:
        """Start the server and wait until it answers. Raises `RuntimeError` with its log if it does not."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own command
                [*command(), "serve", "--host", "127.0.0.1", "--port", str(self.port)],
                env=self.environment(),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if self.client.get("/health").is_success:
                    return
            except httpx2.TransportError:
                pass
            time.sleep(0.05)
        self.kill()
        raise RuntimeError(f"turnout serve did not start:\n{self.log.read_text('utf-8', 'replace')}")

    def another(self) -> Self:
        """Start another server on the same database, as several machines have it, and return it; it ends with this one."""
        other = type(self)(self.database_url, self.folder, self.settings)
        self._others.append(other)
        other.start()
        return other

    def kill(self) -> None:
        """End the server as a power cut would (SIGKILL)."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(PATIENCE)
            self.process = None

    def stop(self) -> None:
        """End the server, and the others, as an operator would (SIGTERM)."""
        for other in self._others:
            other.stop()
        self.client.close()
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill()
            self.process = None

    def run(self, *arguments: str, check: bool = True, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run the turnout command line on the same database and return how it ended, with its `stdout` and `stderr`.

        Raises `RuntimeError` if it fails, unless `check` is False. `stdin` is what it is told when it asks.
        """
        done = subprocess.run(  # noqa: S603 - our own command
            [*command(), *arguments],
            env=self.environment(),
            cwd=self.folder,
            input=stdin or "",
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE * 5,
        )
        if check and done.returncode:
            raise RuntimeError(
                f"turnout {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
            )
        return done
