"""An installed wheel, not the checkout, in an empty environment: it migrates, serves and shows its documentation."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

ROOT = Path(__file__).parents[2]


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def pip(python):
    """Return the command that installs for `python`: uv, which takes seconds, where it is there."""
    uv = shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv:
        return [uv, "pip", "install", "-q", "--python", python]
    return [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The bin folder of an empty environment into which the wheel was installed with what the lock file names."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    run("git", "-c", "safe.directory=*", "clone", "-q", "--no-hardlinks", ROOT, source)
    for changed in run("git", "-C", ROOT, "ls-files", "-m", "-o", "--exclude-standard").splitlines():
        if (ROOT / changed).is_file():
            (source / changed).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / changed, source / changed)
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, source)
    (wheel,) = folder.glob("turnout-*.whl")
    run(sys.executable, "-m", "venv", folder / "venv")
    python = folder / "venv" / "bin" / "python"
    run(*pip(python), "--require-hashes", "-r", ROOT / "requirements.lock")
    run(*pip(python), "--no-deps", wheel)
    return python.parent


def test_an_installed_wheel_migrates_and_serves(installed, tmp_path):
    environment = {"PATH": os.environ["PATH"], "TURNOUT_DATA": str(tmp_path / "data")}
    run(installed / "turnout", "migrate", env=environment, cwd=tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(installed / "turnout"), "serve", "--port", str(port)]
    with subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=subprocess.DEVNULL) as server:
        try:
            client = httpx2.Client(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=10)
            health = wait_for_health(client, server)
            assert health == {"status": "ok", "migrations": "ok"}
            assert client.get("/openapi.json").json()["openapi"].startswith("3.1")
            page = client.get("/docs").text
            scripts = [part.split('"')[0] for part in page.split('src="')[1:]]
            assert scripts
            for script in scripts:
                assert client.get(f"http://127.0.0.1:{port}{script}").status_code == 200, script
            client.close()
        finally:
            server.terminate()


def wait_for_health(client, server):
    for _ in range(100):
        assert server.poll() is None, "the server ended"
        try:
            found = client.get("/health").json()
        except httpx2.TransportError:
            time.sleep(0.1)
        else:
            return {"status": found["status"], "migrations": found["components"]["migrations"]["status"]}
    raise AssertionError("the server never answered")
