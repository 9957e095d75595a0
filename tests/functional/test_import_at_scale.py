"""Ten thousand events in one run of ``turnout import``, from a server that shows a thousand of one search."""

import os
import re
import subprocess
import time
from pathlib import Path

import pytest
from turnout_ticketmaster.fake import FakeTicketmaster

from turnout.testing.live import command

pytestmark = pytest.mark.slow
MANY = 10_000
SECONDS = 600
MOST_GROWTH = 64 * 1024
"""Kilobytes by which the process may grow over the last two thirds of the run: what is remembered of answers is bounded."""


def memory_of(pid):
    """Return how much memory a process has, in kilobytes."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) if found else None


@pytest.fixture
def environment(tmp_path):
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TURNOUT_")}
    with FakeTicketmaster(many=MANY, days=400) as fake:
        ours = {
            "TURNOUT_DATA": str(tmp_path),
            "TURNOUT_PLUGINS": "external_events ticketmaster",
            "TURNOUT_TICKETMASTER_BASE_URL": f"{fake.url}/discovery/v2",
            "TURNOUT_TICKETMASTER_API_KEY": fake.api_key,
            "TURNOUT_TICKETMASTER_PER_SECOND": "1000",
        }
        yield inherited | ours


def run(environment, folder, *arguments, **options):
    return subprocess.run(
        [*command(), *arguments],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )


def test_ten_thousand_events_are_imported_in_one_run_and_memory_stays_flat(environment, tmp_path):
    assert run(environment, tmp_path, "migrate").returncode == 0
    who = ("user", "create", "ines", "--email", "ines@example.com", "--organizer", "--password-stdin")
    made = run(environment, tmp_path, *who, input="a long way to Lisbon")
    assert made.returncode == 0, made.stderr

    began, memory = time.monotonic(), []
    process = subprocess.Popen(
        [*command(), "import", "--as", "ines", "--provider", "ticketmaster"],
        env=environment, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while process.poll() is None:
        assert time.monotonic() < began + SECONDS, "the import does not come to its end"
        memory.append(memory_of(process.pid))
        time.sleep(0.5)
    out, err = process.communicate()

    assert process.returncode == 0, err
    told = re.search(
        r"([0-9]+) events looked at in [0-9]+ s \(([0-9]+)/s\): ([0-9]+) made, ([0-9]+) changed, ([0-9]+) there already, ([0-9]+) refused",
        out,
    )
    assert told, out
    looked_at, rate, imported, changed, known, refused = map(int, told.groups())
    assert imported + changed + known + refused == looked_at >= MANY
    # Those without a time are found by their day, and so at both sides of a cut through it.
    assert changed + known < MANY * 0.01
    assert imported > MANY * 0.9
    assert rate > 0
    measured = [kilobytes for kilobytes in memory if kilobytes]
    third = measured[len(measured) // 3]
    assert max(measured) - third < MOST_GROWTH, f"{third} kB after a third, {max(measured)} kB at most"

    again = subprocess.run(
        [*command(), "import", "--as", "ines", "--provider", "ticketmaster", "--query", "Lantern Parade"],
        env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert " 0 made" in again.stdout, again.stdout
