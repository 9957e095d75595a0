"""Wheels, and empty environments with nothing but what was installed into them."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from turnout.testing.live import PATIENCE, free_port

ROOT = Path(__file__).parents[1]
LOCKED = ROOT / "requirements.lock"


def run(*command: object, **options: object) -> str:
    """Run a command and return what it printed; the test fails with all that it said if it fails."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def build_wheel(source: Path, folder: Path) -> Path:
    """Build the wheel of the distribution in `source`, into `folder`; return its path."""
    made = folder / f"wheel-of-{source.name}"
    options = ("--no-deps", "--no-build-isolation", "-w", made)
    run(sys.executable, "-m", "pip", "wheel", "-q", "--disable-pip-version-check", *options, source)
    (wheel,) = made.glob("*.whl")
    return wheel


def build_turnout(folder: Path) -> Path:
    """Build Turnout's wheel from what the repository holds, with what is not committed yet; return its path."""
    source = folder / "turnout"
    run("git", "-c", "safe.directory=*", "clone", "-q", "--no-hardlinks", ROOT, source)
    listed = run("git", "-c", "safe.directory=*", "-C", ROOT, "ls-files", "-z", "-m", "-d", "-o", "--exclude-standard")
    for name in dict.fromkeys(filter(None, listed.split("\0"))):
        _bring(ROOT / name, source / name)
    return build_wheel(source, folder)


def _bring(path: Path, copy: Path) -> None:
    """Make `copy` what `path` is: a file, a link as a link, or nothing."""
    copy.unlink(missing_ok=True)
    if os.path.lexists(path):
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy, follow_symlinks=False)


def make_environment(folder: Path, *wheels: Path, requirements: Path | None = LOCKED) -> Path:
    """Make a virtual environment in `folder` with `requirements` and then `wheels`; return its folder of programs."""
    run(sys.executable, "-m", "venv", folder)
    programs = folder / "bin"
    if requirements is not None:
        install(programs, "--require-hashes", "-r", requirements)
    if wheels:
        install(programs, "--no-deps", *wheels)
    return programs


def install(programs: Path, *what: object) -> None:
    """Install into an environment, as ``pip install`` does."""
    run(*_installer(programs), *what)


def uninstall(programs: Path, *names: str) -> None:
    """Take distributions out of an environment."""
    run(programs / "python", "-m", "pip", "uninstall", "-q", "-y", "--disable-pip-version-check", *names)


def _installer(programs: Path) -> list[object]:
    """Return the command that installs: uv, which takes seconds, where it is there."""
    uv = shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv:
        return [uv, "pip", "install", "-q", "--python", programs / "python"]
    return [programs / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check"]


class Installation:
    """Turnout as it is installed in an environment: its command line and its server, on a database of its own."""

    def __init__(self, programs: Path, folder: Path, database_url: str) -> None:
        self.programs = programs
        self.folder = folder
        self.settings = {"TURNOUT_DATA": str(folder / "data"), "TURNOUT_DATABASE_URL": database_url}

    def turnout(self, *arguments: object, code: int = 0) -> str:
        """Run the command line; `code` is the exit code expected. Returns what it printed, errors too."""
        command = [str(self.programs / "turnout"), *map(str, arguments)]
        done = subprocess.run(command, **self._how(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        assert done.returncode == code, f"{done.returncode}: {' '.join(command)}\n{done.stdout}"
        return done.stdout

    @contextmanager
    def serving(self) -> Iterator[httpx2.Client]:
        """Run the server, and give a client of its API."""
        url = f"http://127.0.0.1:{free_port()}"
        port = url.rpartition(":")[2]
        log = self.folder / f"serve-{port}.log"
        with log.open("w", encoding="utf-8") as output:
            command = [str(self.programs / "turnout"), "serve", "--port", port]
            server = subprocess.Popen(command, **self._how(), stdout=output, stderr=subprocess.STDOUT)
        try:
            with httpx2.Client(base_url=f"{url}/api/v1", timeout=PATIENCE) as client:
                self._wait(client, server, log)
                yield client
        finally:
            server.terminate()
            server.wait(PATIENCE)

    def _wait(self, client: httpx2.Client, server: subprocess.Popen, log: Path) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and server.poll() is None:
            try:
                client.get("/health")
            except httpx2.TransportError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError(f"turnout serve did not start:\n{log.read_text('utf-8')}")

    def _how(self) -> dict[str, object]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("TURNOUT_", "PYTHON"))}
        return {"env": inherited | self.settings, "cwd": self.folder, "stdin": subprocess.DEVNULL, "text": True}
