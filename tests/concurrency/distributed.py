"""An installation whose background work Celery does: a database, a broker, relays and Celery workers."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session
from tests.concurrency import chores

from turnout.clock import Clock
from turnout.outbox.models import Job, WorkerSeen
from turnout.outbox.services import Outbox
from turnout.settings import variable_name
from turnout.system import transact
from turnout.testing.applications import SETTINGS, Application

ROOT = Path(__file__).parents[2]
PATIENCE = 90
LEASE_SECONDS = 4


class Distributed:
    """Puts work, starts and kills processes, and tells what was done."""

    def __init__(self, url, folder, broker, **settings):
        self.folder = folder
        self.broker = broker
        self.settings = {
            "outbox.engine": "celery",
            "outbox.broker_url": broker.url,
            "outbox.lease_seconds": str(LEASE_SECONDS),
            "outbox.poll_milliseconds": "50",
            "outbox.redeliver_seconds": "600",
            "turnout.data": str(folder),
            "database.url": url,
        } | settings
        self.application = Application(url, folder, chores.includeme)
        self.application.registry.clock = Clock()
        chores.MARKS.create(self.application.engine)
        # To look on without waiting for who writes.
        self.engine = self.application.registry.read_engine
        self.processes = []

    def put(self, chore, *words, stream=None, **arguments):
        """Put a chore for each word, in one transaction as a request's."""

        def do(request):
            for word in words:
                request.find_service(Outbox).put(chore, {"word": word, **arguments}, stream=stream)

        transact(self.application.registry, do)

    def start(self, *arguments):
        """Start a process of `tests.concurrency.processes`; it has a process group of its own."""
        settings = SETTINGS | self.settings
        with (self.folder / f"{arguments[0]}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.concurrency.processes", *arguments],
                env=os.environ | {variable_name(name): str(value) for name, value in settings.items()},
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def relay(self, *stage):
        return self.start("relay", *stage)

    def celery(self, concurrency=2):
        return self.start("celery", "--concurrency", str(concurrency), "--hostname", f"{len(self.processes)}@localhost")

    def kill(self, process):
        """End it, and what it started, as a power cut would."""
        os.killpg(process.pid, signal.SIGKILL)
        self._gone(process)

    def wait_killed(self, process):
        """Wait until a process has died of SIGKILL."""
        assert process.wait(PATIENCE) == -signal.SIGKILL
        self._gone(process)

    def _gone(self, process):
        process.communicate()
        self.processes.remove(process)

    def close(self):
        for process in list(self.processes):
            self.kill(process)
        self.application.close()

    def log(self, name):
        path = self.folder / f"{name}.log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def jobs(self):
        """Return the chores, oldest first."""
        with Session(self.engine) as session:
            query = select(Job).where(Job.handler.startswith("tests.")).order_by(Job.id)
            return session.scalars(query.where(~Job.handler.endswith(".tick"))).all()

    def statuses(self):
        return [job.status for job in self.jobs()]

    def marks(self):
        """Return the words that were marked, in the order in which they were."""
        with self.engine.connect() as connection:
            rows = connection.execute(select(chores.MARKS).order_by(chores.MARKS.c.id)).all()
        return [row for row in rows if row.word != "tick"]

    def ticks(self):
        with self.engine.connect() as connection:
            return len(connection.execute(select(chores.MARKS).where(chores.MARKS.c.word == "tick")).all())

    def words(self):
        return [row.word for row in self.marks()]

    def tried(self, word):
        """Return how often a chore was begun."""
        path = self.folder / f"tried-{word}"
        return path.stat().st_size if path.exists() else 0

    def pids(self, kind):
        with Session(self.engine) as session:
            return session.scalars(select(WorkerSeen.pid).where(WorkerSeen.kind == kind)).all()

    def until(self, condition, seconds=PATIENCE):
        """Wait until a condition holds; show the logs if it never does."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                jobs = [
                    (job.id, job.status, job.attempts, job.lease, str(job.due_at), job.error) for job in self.jobs()
                ]
                raise AssertionError(f"{jobs[:20]}\n{self.log('relay')[-5000:]}\n{self.log('celery')[-5000:]}")
            time.sleep(0.05)

    def until_done(self):
        self.until(lambda: set(self.statuses()) == {"done"})
