"""Worker processes: killed at every stage, and many on one outbox. Nothing is lost, and nothing is done twice."""

import os
import signal
import subprocess
import sys
import time
from itertools import pairwise

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session
from tests.concurrency import worker_process
from tests.concurrency.worker_process import STAGES

from turnout.clock import Clock
from turnout.outbox.models import Job, WorkerSeen
from turnout.outbox.services import Outbox
from turnout.outbox.worker import Worker
from turnout.system import system_request
from turnout.testing.applications import Application

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("crowds")]
PATIENCE = 90
LEASE = 4


class Hall:
    """An outbox, and the processes that work it off."""

    def __init__(self, url, folder, root):
        self.url, self.folder, self.root = url, folder, root
        self.application = Application(url, folder, worker_process.includeme)
        self.application.registry.clock = Clock()
        self.application.registry.periodic_tasks = {}
        self.processes = []
        with self.application.engine.begin() as connection:
            connection.execute(text(worker_process.TABLE))

    def put(self, number, task=worker_process.count, **options):
        with system_request(self.application.router) as request:
            outbox = request.find_service(Outbox)
            for one in range(number):
                outbox.put(task, {"number": one}, **options)

    def start(self, number=1, **settings):
        chosen = {"outbox.lease_seconds": LEASE, "outbox.poll_milliseconds": 50} | settings
        started = [
            subprocess.Popen(
                [sys.executable, "-W", "ignore", "-m", "tests.concurrency.worker_process", self.url, str(self.folder)]
                + [f"{name}={value}" for name, value in chosen.items()],
                cwd=self.root,
                env=os.environ | {"PYTHONPATH": str(self.root)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(number)
        ]
        self.processes += started
        for process in started:
            # One that is killed by its work at once says nothing.
            assert process.stdout.readline() == "working\n" or process.wait(PATIENCE) == -signal.SIGKILL
        return started

    def statuses(self):
        with Session(self.application.engine) as session:
            return dict(session.execute(select(Job.status, func.count()).group_by(Job.status)).all())

    def jobs(self):
        with Session(self.application.engine) as session:
            return session.scalars(select(Job).order_by(Job.id)).all()

    def done(self):
        """Return what handlers wrote: job id, number, process id."""
        with self.application.engine.connect() as connection:
            return connection.execute(text("SELECT job_id, number, pid FROM done_here")).all()

    def wait(self, condition, patience=PATIENCE):
        deadline = time.monotonic() + patience
        while not condition():
            assert time.monotonic() < deadline, f"it did not come about: {self.statuses()}"
            time.sleep(0.1)

    def close(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait(PATIENCE)
            process.stdout.close()
        self.application.close()


@pytest.fixture
def hall(fresh_database, tmp_path, pytestconfig):
    hall = Hall(fresh_database, tmp_path, pytestconfig.rootpath)
    yield hall
    hall.close()


@pytest.mark.parametrize("stage", STAGES)
def test_a_worker_that_is_killed_loses_and_doubles_nothing(hall, stage):
    hall.put(12)
    [falling] = hall.start(**{"stop": stage, "outbox.threads": 1})
    hall.wait((hall.folder / stage).exists)
    falling.kill()
    falling.wait(PATIENCE)
    killed = time.monotonic()
    before = hall.statuses()
    assert before.get("done", 0) < 12
    assert (before.get("running", 0) > 0) == (before.get("done", 0) + before.get("waiting", 0) < 12)

    hall.start()
    hall.wait(lambda: hall.statuses() == {"done": 12})
    took = time.monotonic() - killed

    done = hall.done()
    assert sorted(row.number for row in done) == list(range(12))
    assert {row.job_id for row in done} == {job.id for job in hall.jobs()}
    assert max(job.attempts for job in hall.jobs()) == 2
    assert took < LEASE + 10


def test_a_worker_that_was_killed_is_not_seen_as_alive_after_its_lease(hall):
    from turnout.outbox.checks import read_state

    hall.application.registry.settings["outbox.lease_seconds"] = LEASE
    [falling] = hall.start()
    assert read_state(hall.application.registry).workers == 1
    falling.kill()
    killed = time.monotonic()
    hall.wait(lambda: read_state(hall.application.registry).workers == 0)
    assert time.monotonic() - killed < LEASE + 1
    with Session(hall.application.engine) as session:
        assert len(session.scalars(select(WorkerSeen)).all()) == 1  # of it, nobody could say goodbye


def test_work_that_ends_its_workers_is_buried_and_takes_no_other_along(hall):
    hall.put(1, worker_process.end_the_worker)
    hall.put(5)
    for _ in range(3):
        [falling] = hall.start(**{"outbox.threads": 1})
        assert falling.wait(PATIENCE) == -signal.SIGKILL
    hall.start()
    hall.wait(lambda: hall.statuses() == {"done": 5, "dead": 1})
    [dead] = [job for job in hall.jobs() if job.status == "dead"]
    assert "died" in dead.error
    assert sorted(row.number for row in hall.done()) == list(range(5))


def test_a_worker_that_is_told_to_end_finishes_what_runs_and_gives_back_the_rest(hall):
    hall.put(300)
    workers = hall.start(2)
    hall.wait(lambda: hall.statuses().get("done", 0) > 20)
    for worker in workers:
        worker.send_signal(signal.SIGTERM)
    for worker in workers:
        assert worker.wait(PATIENCE) == 0
    found = hall.statuses()
    assert set(found) <= {"done", "waiting"}
    assert {(job.attempts, job.lease) for job in hall.jobs() if job.status == "waiting"} <= {(0, None)}
    assert len(hall.done()) == found.get("done", 0)
    with Session(hall.application.engine) as session:
        assert session.scalars(select(WorkerSeen)).all() == []


@pytest.mark.parametrize("number", [2, 4])
def test_workers_share_and_none_does_what_another_did(hall, number):
    hall.put(2000)
    workers = hall.start(number)
    hall.wait(lambda: hall.statuses() == {"done": 2000})
    done = hall.done()
    assert sorted(row.number for row in done) == list(range(2000))
    assert {job.attempts for job in hall.jobs()} == {1}
    assert {row.pid for row in done} <= {worker.pid for worker in workers}
    assert len({row.pid for row in done}) > 1


def test_workers_are_killed_one_after_the_other_while_they_work(hall):
    hall.put(600)
    workers = hall.start(3)
    for round_ in range(4):
        hall.wait(lambda least=80 * (round_ + 1): hall.statuses().get("done", 0) > least)
        falling = workers.pop(0)
        falling.kill()
        workers += hall.start()
    hall.wait(lambda: hall.statuses() == {"done": 600})
    assert sorted(row.number for row in hall.done()) == list(range(600))


def test_ten_thousand_jobs_drain(hall, record_property, database):
    with system_request(hall.application.router) as request:
        outbox = request.find_service(Outbox)
        for number in range(10_000):
            outbox.put(worker_process.count, {"number": number}, stream=f"booking:{number % 2500}")
    begun, cpu = time.monotonic(), time.process_time()
    with Worker(hall.application.registry):
        hall.wait(lambda: hall.statuses().get("done", 0) == 10_000, patience=300)
    took, cpu = time.monotonic() - begun, time.process_time() - cpu
    record_property("jobs_per_second", round(10_000 / took))
    record_property("jobs_per_cpu_second", round(10_000 / cpu))
    print(  # noqa: T201 - figures
        f"\n{database}: 10000 jobs in {took:.1f} s, {10_000 / took:.0f} a second;"
        f" of this process {cpu:.1f} s of CPU, {10_000 / cpu:.0f} a second."
    )
    assert sorted(row.number for row in hall.done()) == list(range(10_000))


def test_a_periodic_task_runs_once_in_each_period_of_four_processes(hall):
    hall.start(4, stop="tick")
    begun = time.monotonic()
    hall.wait(lambda: len(hall.done()) >= 5)
    lasted = time.monotonic() - begun
    assert len(hall.done()) <= lasted / worker_process.EVERY.total_seconds() + 2
    assert lasted > 2.5
    assert {job.attempts for job in hall.jobs() if job.status == "done"} == {1}  # never two at a time
    moments = [job.created_at for job in hall.jobs()]
    assert all((later - earlier) > worker_process.EVERY * 0.9 for earlier, later in pairwise(moments))
