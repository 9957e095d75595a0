"""A throw-away PostgreSQL server: started by the tests, seen by nobody else, gone afterwards.

It listens on a Unix socket in a folder of its own, and runs as another user where the tests run as root, because
PostgreSQL refuses to.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

SERVER_OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "autovacuum": "off",
}
_USERS = ("postgres", "nobody")


def programs() -> Path | None:
    """Return the folder that has initdb and pg_ctl, or None where there is no PostgreSQL server."""
    found = shutil.which("initdb")
    if found is not None and shutil.which("pg_ctl") is not None:
        # Through a link to the real folder: initdb looks for postgres beside itself.
        return Path(found).resolve().parent
    packaged = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/pg_ctl")]
    return max(packaged, key=lambda path: float(path.parent.name), default=None)


class Cluster:
    """A running server. `url` is the address of its maintenance database; `options` differ from `SERVER_OPTIONS`."""

    def __init__(self, binaries: Path, **options: str) -> None:
        self._options = SERVER_OPTIONS | options
        self._binaries = binaries
        self._as_user = self._another_user()
        # A socket's path may have about 100 characters, so not below pytest's own folder.
        short = "/tmp" if Path("/tmp").is_dir() else None  # noqa: S108 - mkdtemp makes a folder that nobody else can enter
        self._folder = Path(tempfile.mkdtemp(prefix="turnout-pg-", dir=short))
        self._data = self._folder / "data"
        self.url = f"postgresql://turnout@/postgres?host={self._folder}"

    def start(self) -> None:
        """Make the cluster and start it. Raises `RuntimeError` with what PostgreSQL said."""
        if self._as_user:
            os.chown(self._folder, self._as_user["user"], self._as_user["group"])
        self._run("initdb", "-U", "turnout", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        options = self._options | {"unix_socket_directories": str(self._folder)}
        arguments = " ".join(f"-c {name}='{value}'" for name, value in options.items())
        self._run("pg_ctl", "start", "-w", "-t", "60", "-o", arguments, "-l", str(self._folder / "log"))

    def stop(self) -> None:
        """Stop the server and remove everything it wrote."""
        try:
            if (self._data / "postmaster.pid").exists():
                self._run("pg_ctl", "stop", "-w", "-m", "immediate")
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        # To a file, not a pipe: the server inherits it, and a pipe would stay open as long as the server runs.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(  # noqa: S603 - PostgreSQL's own programs with our own arguments
                [self._binaries / program, "-D", self._data, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                check=False,
                env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
                **self._as_user,
            )
            if done.returncode:
                output.seek(0)
                raise RuntimeError(f"{program} failed: {output.read().decode(errors='replace')}")

    @staticmethod
    def _another_user() -> dict[str, Any]:
        if os.geteuid() != 0:
            return {}
        known = {entry.pw_name: entry for entry in pwd.getpwall()}
        entry = next(known[name] for name in _USERS if name in known)
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
