"""A worker as a process of its own: ``python -m tests.concurrency.worker_process URL FOLDER [name=value ...]``.

Its handlers write rows of a table that exists for these tests alone, and may stop at a place where a test kills them:
they put a file into the folder, and wait.
"""

import os
import signal
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from turnout.clock import Clock
from turnout.outbox.handlers import CurrentJob
from turnout.outbox.retries import Retry
from turnout.outbox.worker import Worker
from turnout.testing.applications import Application

TABLE = "CREATE TABLE done_here (job_id BIGINT NOT NULL, number BIGINT NOT NULL, pid BIGINT NOT NULL)"
EVERY = timedelta(seconds=1)
STAGES = ("taken", "begun", "written", "finished")
"""Where a worker can be killed: before the handler, in it before and after it wrote, and when all is committed."""
place: dict[str, Path] = {}
stages: set[str] = set()


def stop_at(stage: str) -> None:
    """Tell that a stage is reached, and stay there, the first time that any process comes there."""
    if stage not in stages:
        return
    try:
        (place["folder"] / stage).touch(exist_ok=False)
    except FileExistsError:
        return
    time.sleep(3600)


def count(number: int, session: Session, job: CurrentJob) -> None:
    """Note that a job was done, in its transaction."""
    stop_at("begun")
    session.execute(
        text("INSERT INTO done_here (job_id, number, pid) VALUES (:job, :number, :pid)"),
        {"job": job.id, "number": number, "pid": os.getpid()},
    )
    stop_at("written")


def end_the_worker(number: int) -> None:
    """Do as what runs out of memory does."""
    os.kill(os.getpid(), signal.SIGKILL)


def tick(session: Session, job: CurrentJob) -> None:
    """Note each run of a periodic task; two at a time would be seen by the file."""
    alone = place["folder"] / "ticking"
    alone.touch(exist_ok=False)
    count(-1, session, job)
    time.sleep(0.05)
    alone.unlink()


def includeme(config) -> None:
    config.add_task(count)
    config.add_task(end_the_worker, retry=Retry(3))
    config.add_periodic_task(tick, every=EVERY)


def _stop_between(worker: Worker) -> None:
    """Let the worker stop at the stages that are outside the handler."""
    from turnout.outbox import worker as module

    run = module.run

    def run_and_stop(registry, work) -> None:
        stop_at("taken")
        run(registry, work)
        stop_at("finished")

    module.run = run_and_stop


def main(url: str, path: str, *settings: str) -> None:
    place["folder"] = Path(path)
    chosen = dict(setting.split("=", 1) for setting in settings)
    stages.update(chosen.pop("stop", "").split(","))
    application = Application(url, Path(path), includeme, **chosen)
    registry = application.registry
    registry.clock = Clock()
    registry.periodic_tasks = {name: every for name, every in registry.periodic_tasks.items() if "tick" in name}
    if "tick" not in stages:
        registry.periodic_tasks = {}
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    worker = Worker(registry)
    _stop_between(worker)
    with worker:
        print("working", flush=True)  # noqa: T201 - the test waits for it
        ended.wait()
    application.close()


if __name__ == "__main__":
    # Under its own name: handlers are known by their module's.
    from tests.concurrency import worker_process

    worker_process.main(*sys.argv[1:])
