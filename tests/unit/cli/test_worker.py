"""`turnout worker`, and the worker inside `turnout serve`."""

import signal
import subprocess
import time

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from turnout.bookings.tasks import expire_holds
from turnout.clock import Clock
from turnout.db import make_engine
from turnout.outbox.heartbeat import Heartbeat
from turnout.outbox.models import Job, Schedule, WorkerSeen
from turnout.outbox.services import Outbox
from turnout.outbox.worker import Worker
from turnout.system import system_request
from turnout.testing.applications import Application
from turnout.testing.live import Live, command

pytestmark = pytest.mark.xdist_group("serve")
PATIENCE = 60


class Place:
    """A database, seen from outside."""

    def __init__(self, url, folder):
        self.application = Application(url, folder)
        self.application.registry.clock = Clock()
        self.engine = make_engine(url)

    def put(self, task=expire_holds):
        """Put a task; return its job's id."""
        with system_request(self.application.router) as request:
            request.find_service(Outbox).put(task)
        with Session(self.engine) as session:
            return session.scalar(select(Job.id).order_by(Job.id.desc()).limit(1))

    def all(self, column):
        with Session(self.engine) as session:
            return session.scalars(select(column)).all()

    def wait(self, condition):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def is_done(self, job_id):
        with Session(self.engine) as session:
            return session.get(Job, job_id).status == "done"

    def close(self):
        self.engine.dispose()
        self.application.close()


@pytest.fixture
def place(fresh_database, tmp_path):
    place = Place(fresh_database, tmp_path)
    yield place
    place.close()


class TestDrain:
    @pytest.mark.usefixtures("on_database")
    def test_it_does_what_is_due_and_ends(self, turnout, place):
        said = turnout("worker", "--drain").stdout
        periodic = len(place.all(Schedule.handler))
        assert periodic >= 3
        assert said == f"Did {periodic} jobs.\n"
        assert turnout("worker", "--drain").stdout == "Did 0 jobs.\n"
        place.put()
        assert turnout("worker", "--drain").stdout == "Did 1 job.\n"
        assert set(place.all(Job.status)) == {"done"}
        assert place.all(WorkerSeen.id) == []

    @pytest.mark.usefixtures("on_database")
    def test_what_takes_long_keeps_its_lease_meanwhile(self, turnout, monkeypatch):
        beating = []
        drain, stop = Worker.drain, Heartbeat.stop

        def look(self):
            beating.append(self.heartbeat._thread.is_alive())
            return drain(self)

        monkeypatch.setattr(Worker, "drain", look)
        monkeypatch.setattr(Heartbeat, "stop", lambda self: (beating.append("stopped"), stop(self)))
        turnout("worker", "--drain")
        assert beating == [True, "stopped"]

    def test_a_database_that_is_not_migrated_is_said_in_one_line(self, turnout, empty_database, monkeypatch):
        monkeypatch.setenv("TURNOUT_DATABASE_URL", empty_database)
        for options in (("--drain",), ()):
            assert "turnout migrate" in turnout("worker", *options, code=3).stderr

    @pytest.mark.parametrize("threads", ["0", "65", "many"])
    def test_threads_are_few(self, turnout, threads):
        turnout("worker", "--threads", threads, code=2)


class TestProcess:
    @pytest.fixture
    def worker(self, place, fresh_database, tmp_path):
        """Start `turnout worker`, and wait until it works."""
        started = []

        def start(*options):
            live = Live(fresh_database, tmp_path, {"outbox.lease_seconds": "4"})
            live.client.close()
            process = subprocess.Popen(
                [*command(), "worker", *options],
                env=live.environment(),
                cwd=tmp_path,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            started.append(process)
            place.wait(lambda: len(place.all(WorkerSeen.id)) == len(started) or process.poll() is not None)
            return process

        yield start
        for process in started:
            if process.poll() is None:
                process.kill()
            process.wait(PATIENCE)
            process.stdout.close()

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_it_works_until_it_is_told_to_end(self, place, worker, number):
        process = worker("--threads", "3")
        assert [seen == process.pid for seen in place.all(WorkerSeen.pid)] == [True]
        job = place.put()
        place.wait(lambda: place.is_done(job))
        told = time.monotonic()
        process.send_signal(number)
        assert process.wait(PATIENCE) == 0
        assert time.monotonic() - told < 5
        assert place.all(WorkerSeen.id) == []
        said = process.stdout.read()
        assert "Working. Stop it with Ctrl-C." in said
        assert "Traceback" not in said
        place.put()
        time.sleep(0.7)
        assert "waiting" in place.all(Job.status)

    def test_after_it_was_killed_another_goes_on(self, place, worker):
        process = worker()
        process.kill()
        process.wait(PATIENCE)
        job = place.put()
        worker()
        place.wait(lambda: place.is_done(job))


class TestServe:
    def test_the_server_does_background_work_itself(self, place, live):
        found = live.client.get("/health").json()
        assert (found["status"], found["components"]["worker"]["workers"]) == ("ok", 1)
        job = place.put()
        place.wait(lambda: place.is_done(job))
        place.wait(lambda: set(place.all(Job.status)) == {"done"})
        live.process.send_signal(signal.SIGTERM)
        assert live.process.wait(PATIENCE) == 0
        assert place.all(WorkerSeen.id) == []
        assert "Traceback" not in live.log.read_text("utf-8")

    def test_unless_it_is_told_not_to(self, place, fresh_database, tmp_path):
        live = Live(fresh_database, tmp_path, {"outbox.embedded": "false"})
        try:
            live.start()
            answer = live.client.get("/health")
            assert answer.status_code == 200
            assert answer.json()["status"] == "degraded"
            assert answer.json()["components"]["worker"]["status"] == "no_worker"
            job = place.put()
            time.sleep(1.5)
            assert not place.is_done(job)
            assert "Did " in live.run("worker", "--drain").stdout
            assert place.is_done(job)
        finally:
            live.stop()

    def test_after_a_power_cut_the_next_one_goes_on(self, place, live):
        live.kill()
        job = place.put()
        live.start()
        place.wait(lambda: place.is_done(job))
