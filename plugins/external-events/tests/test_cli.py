"""``turnout import`` as it is run: processes, a database that commits, and the almanac over HTTP."""

import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from turnout.events.models import Event
from turnout.plugin import system_request
from turnout.testing.fakes import Answer
from turnout.users.models import User

from turnout_external_events.models import Run
from turnout_external_events.sources import ExternalEvent, ExternalVenue
from turnout_external_events.testing import Almanac

pytestmark = pytest.mark.slow
PROGRAM = Path(__file__).with_name("import_process.py")
HALL = ExternalVenue("Lantern Hall", "v1", "", "Lisbon", "PT", "Europe/Lisbon")
SECONDS = 120
STOPPING = "Stopping as soon as this step is done; Ctrl-C again ends it at once."


@pytest.fixture
def almanac():
    with Almanac() as almanac:
        yield almanac


def put(almanac, number):
    begin = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
    almanac.put(
        *(
            ExternalEvent(f"{each:05}", f"Fado night {each}", begin + timedelta(minutes=10 * each), venue=HALL)
            for each in range(number)
        )
    )


@pytest.fixture
def command(committing, almanac, tmp_path):
    """Return what begins `turnout import` as a process of its own, with the almanac for a source."""
    now = committing.registry.clock.now()
    with system_request(committing.router) as request:
        for name, may in (("ines", True), ("bo", False)):
            request.db.add(
                User(
                    username=name,
                    email=f"{name}@example.com",
                    password_hash="-",
                    is_organizer=may,
                    created_at=now,
                    updated_at=now,
                )
            )

    def begin(*arguments, who="ines"):
        url = committing.settings["database.url"]
        program = [sys.executable, str(PROGRAM), url, str(tmp_path), almanac.url]
        return subprocess.Popen(
            [*program, "--as", who, "--provider", "almanac", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return begin


def events(application):
    with system_request(application.router) as request:
        return request.db.scalar(select(func.count()).select_from(Event))


def finish(process):
    """Wait until it is done, and well."""
    _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, err


def wait_for(application, number):
    """Wait until so many events are there."""
    until = time.monotonic() + SECONDS
    while events(application) < number:
        assert time.monotonic() < until, "the import does not get on"
        time.sleep(0.05)


def test_everything_is_imported_and_told(command, committing, almanac):
    put(almanac, 250)

    process = command("--query", "fado")
    out, err = process.communicate(timeout=SECONDS)

    assert process.returncode == 0, err
    assert "250 events looked at" in out
    assert "/s): 250 made, 0 changed, 0 there already, 0 refused." in out
    assert events(committing) == 250


def the_run(application):
    with system_request(application.router) as request:
        run = request.db.scalars(select(Run)).one()
        return run.status, run.seen, run.made


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=["Ctrl-C", "kill", "kill -9"])
def test_what_is_stopped_goes_on_where_it_stopped(command, committing, almanac, how):
    put(almanac, 400)
    almanac.faults.delay = 1  # or it may be over before it is stopped
    process = command("--query", "fado")
    wait_for(committing, 100)
    process.send_signal(how)
    out, err = process.communicate(timeout=SECONDS)
    stopped_at = events(committing)
    assert process.returncode != 0
    assert 100 <= stopped_at < 400
    if how is not signal.SIGKILL:
        assert process.returncode == 1
        assert the_run(committing)[0] == "stopped"
        assert out.startswith(f"{stopped_at} events looked at in ")
        assert err.splitlines()[-2:] == [STOPPING, "The run is stopped; the same command goes on with it."]
        assert "Exception" not in err

    almanac.faults.delay = 0
    almanac.calls.clear()
    process = command("--query", "fado")
    out, err = process.communicate(timeout=SECONDS)

    assert process.returncode == 0, err
    assert "Going on where an earlier run of this search stopped" in err
    assert "0 changed, 0 there already" in out, "it began anew"
    assert out.startswith(f"{400 - stopped_at} events looked at in ")
    assert "With what was done before, 400 events were looked at: 400 made, " in out
    assert len(almanac.calls) < 5
    assert events(committing) == 400
    assert the_run(committing) == ("done", 400, 400)


def test_it_is_stopped_while_it_waits_for_its_source(command, committing, almanac, monkeypatch):
    put(almanac, 250)
    monkeypatch.setattr(almanac, "answer", lambda _call: Answer(503, b"{}", {"Retry-After": "90"}))
    process = command()
    until = time.monotonic() + SECONDS
    while not almanac.calls:
        assert time.monotonic() < until
        time.sleep(0.05)
    time.sleep(1)  # what was told is written, and it waits

    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)

    assert (process.returncode, the_run(committing)[0]) == (1, "stopped")
    assert "Going on in 90 s." in err
    assert "The run is stopped" in err


def test_whoever_cannot_wait_for_the_step_ends_it_at_once(command, committing, almanac):
    put(almanac, 250)
    almanac.faults.delay = 60
    process = command()
    until = time.monotonic() + SECONDS
    while not almanac.calls:
        assert time.monotonic() < until
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert any(line == f"{STOPPING}\n" for line in process.stderr)

    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)

    assert process.returncode == -signal.SIGINT
    almanac.faults.delay = 0
    finish(command())
    assert the_run(committing) == ("done", 250, 250)


def test_fresh_begins_anew_and_makes_nothing_twice(command, committing, almanac):
    put(almanac, 120)
    finish(command())

    out, _ = command("--fresh").communicate(timeout=SECONDS)

    assert "120 there already" in out
    assert events(committing) == 120


def test_a_quota_that_is_spent_is_said_and_goes_on_another_time(command, committing, almanac):
    put(almanac, 250)
    almanac.quota = 1

    process = command()
    _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert "no more today" in err
    assert events(committing) == 100
    almanac.quota = None

    finish(command())
    assert events(committing) == 250


def test_drafts_are_another_import_than_what_is_published(command, committing, almanac):
    put(almanac, 150)
    almanac.quota = 1
    command().communicate(timeout=SECONDS)
    almanac.quota = None

    process = command("--draft")
    _, err = process.communicate(timeout=SECONDS)

    assert process.returncode == 0, err
    assert "Going on where" not in err
    with system_request(committing.router) as request:
        assert Counter(request.db.scalars(select(Event.status))) == {"published": 100, "draft": 50}


@pytest.mark.parametrize(
    ("arguments", "who", "said"),
    [
        ((), "nobody", "There is no user nobody."),
        ((), "bo", "may not make events"),
        (("--provider", "nowhere"), "ines", "There is no source 'nowhere'"),
        (("--date-from", "soon"), "ines", "does not match"),
        (("--date-from", "2099-05-01", "--date-to", "2099-01-01"), "ines", "--date-to: must not be before date_from"),
        (("--date-to", "2020-01-01"), "ines", "--date-to: must not be before date_from, or over"),
        (("--provider", "ical", "--query", "fado"), "ines", "--query: Give the address of a calendar"),
    ],
    ids=["no user", "no organizer", "no source", "no date", "backwards", "over", "no address"],
)
def test_what_cannot_begin_says_why(command, arguments, who, said):
    process = command(*arguments, who=who)
    _, err = process.communicate(timeout=SECONDS)

    assert process.returncode != 0
    assert said in err
    assert "Traceback" not in err
