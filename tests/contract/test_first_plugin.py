"""`docs/plugins/first-plugin.md`, followed word for word: what the page says to write and to run is written and run."""

import doctest
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass

import pytest
from tests.environments import ROOT

pytestmark = [pytest.mark.xdist_group("wheel"), pytest.mark.slow]

PAGE = ROOT / "docs" / "plugins" / "first-plugin.md"
BLOCK = re.compile(r"(?P<before>[^\n]*)\n```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
EDIT = re.compile(r"In `(?P<path>[^`]+)`, (?:at the end|(?P<how>below|instead of) `(?P<anchor>[^`]+)`):")
ENOUGH = 1200
"""Seconds after which something hangs."""


@dataclass
class Block:
    before: str
    kind: str
    text: str


def blocks():
    return [Block(**found.groupdict()) for found in BLOCK.finditer("\n" + PAGE.read_text("utf-8"))]


def edit(folder, block):
    """Write what a block of Python says, where the line before it says."""
    told = EDIT.fullmatch(block.before)
    assert told, f"where is this to be written? {block.before!r}"
    path = folder / told["path"]
    lines = path.read_text("utf-8").splitlines(keepends=True)
    if told["anchor"] is None:
        lines.append(block.text)
    else:
        at = [number for number, line in enumerate(lines) if told["anchor"] in line]
        assert len(at) == 1, f"{told['anchor']!r} is in {len(at)} lines of {told['path']}"
        keep = 1 if told["how"] == "below" else 0
        lines[at[0] + keep : at[0] + 1] = [block.text]
    path.write_text("".join(lines), "utf-8")


class Shell:
    """A shell in which one block is run after another; what stays behind in it ends with it."""

    def __init__(self, folder, aside, environment):
        self.folder = folder
        self.script = aside / "block.sh"
        self.errors = aside / "stderr"
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                ["bash", "-e"],
                cwd=folder,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
        self.watch = threading.Timer(ENOUGH, self.end)
        self.watch.start()
        # Said by the shell itself: what it leaves running would keep its output open.
        self.process.stdin.write("trap 'echo; echo END OF SHELL' EXIT\n")

    def run(self, text):
        """Run a block and return what it printed; the test fails if one of its commands does."""
        self.script.write_text(text, "utf-8")
        self.process.stdin.write(f". {shlex.quote(str(self.script))} < /dev/null; echo; echo END OF BLOCK\n")
        self.process.stdin.flush()
        said = []
        for line in self.process.stdout:
            if line == "END OF BLOCK\n":
                return "".join(said)
            if line == "END OF SHELL\n":
                break
            said.append(line)
        pytest.fail(f"A command failed:\n{text}\n{''.join(said)}\n{self.trouble()}")

    def trouble(self):
        """Return what commands and server told beside their answers."""
        logs = [self.errors, *self.folder.glob("*/server.log")]
        return "\n".join(path.read_text("utf-8")[-5000:] for path in logs)

    def end(self):
        """End the shell and everything that it started, also where the shell itself has ended."""
        self.watch.cancel()
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def shell(turnout_wheel, tmp_path):
    """A shell in an empty folder. Only environment variables tell it from a reader's: for them, Turnout is in a package
    index, its versions are not those of our lock file, and port 6543 is free."""
    folder, aside = tmp_path / "empty", tmp_path / "aside"
    folder.mkdir()
    aside.mkdir()
    port = free_port()
    (aside / ".curlrc").write_text(f'connect-to = "127.0.0.1:6543:127.0.0.1:{port}"\n')
    pinned = re.findall(r"^\S+==[^\\\n]+", (ROOT / "requirements-test.lock").read_text(), re.MULTILINE)
    (aside / "constraints.txt").write_text("\n".join(pinned))
    (aside / "python3").symlink_to(sys._base_executable)
    kept = {
        name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR", "TURNOUT_TEST_POSTGRES_URL") if name in os.environ
    }
    kept |= {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "http", "HTTP"))}
    shell = Shell(
        folder,
        aside,
        kept
        | {
            "PATH": f"{aside}:{os.defpath}",
            "PIP_FIND_LINKS": str(turnout_wheel.parent),
            "PIP_CONSTRAINT": str(aside / "constraints.txt"),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_COMPILE": "1",
            "PIP_ROOT_USER_ACTION": "ignore",
            "TURNOUT_SERVER_PORT": str(port),
            "CURL_HOME": str(aside),
        },
    )
    yield shell
    shell.end()


def is_as_told(said, told):
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    return doctest.OutputChecker().check_output(told, said, flags)


def test_the_page_says_of_every_block_what_it_is():
    assert {block.kind for block in blocks()} == {"sh", "python", "text", "json"}
    assert sum(block.kind == "sh" for block in blocks()) >= 6


def test_whoever_follows_the_page_has_a_plugin(shell):
    said = None
    for block in blocks():
        if block.kind == "sh":
            said = shell.run(block.text)
        elif block.kind == "python":
            edit(shell.folder / "turnout-guestbook", block)
        else:
            assert is_as_told(said, block.text), f"The page says:\n{block.text}\nand it is:\n{said}\n{shell.trouble()}"
