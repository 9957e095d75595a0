"""The application with the probes in it, and what work is put there by hand."""

from collections.abc import Callable
from contextlib import contextmanager

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from tests.unit.outbox import probes

from turnout.outbox import worker as worker_module
from turnout.outbox.models import Job
from turnout.outbox.services import Outbox
from turnout.outbox.worker import Worker
from turnout.pools.models import Pool
from turnout.system import system_request
from turnout.testing.applications import Application


@pytest.fixture(autouse=True)
def _nothing_said():
    for noted in (probes.calls, probes.doing, probes.requests):
        noted.clear()


@pytest.fixture
def calls():
    """What handlers were given, in order."""
    return probes.calls


@pytest.fixture
def doing():
    """What handlers do."""
    return probes.doing


@pytest.fixture
def application(workshop, database):
    return workshop.application(database, probes.includeme)


@pytest.fixture
def committing(fresh_database, tmp_path):
    application = Application(fresh_database, tmp_path, probes.includeme)
    yield application
    application.close()


class Jobs:
    """The outbox of an application, filled by hand. Periodic tasks are taken out, so that nothing else is in it."""

    def __init__(self, application: Application) -> None:
        self.application = application
        self.registry = application.registry

    @contextmanager
    def request(self):
        with system_request(self.application.router) as request:
            yield request

    def put(self, task: Callable, number: int | None = None, *, argument: str = "number", **options) -> None:
        with self.request() as request:
            request.find_service(Outbox).put(task, None if number is None else {argument: number}, **options)

    def announce(self, *events) -> None:
        with self.request() as request:
            for event in events:
                probes.announce(request, event)

    def rows(self) -> list[Job]:
        """Return all jobs, oldest first."""
        with Session(self.registry.engine, join_transaction_mode="create_savepoint") as session:
            return list(session.scalars(select(Job).order_by(Job.id)))

    def statuses(self) -> list[str]:
        return [job.status for job in self.rows()]

    def written(self) -> int:
        """Return how many pools there are."""
        with Session(self.registry.engine, join_transaction_mode="create_savepoint") as session:
            return session.scalar(select(func.count(Pool.id)))


@pytest.fixture
def jobs(application, session, monkeypatch):
    """The outbox of the application whose tests are rolled back."""
    monkeypatch.setattr(application.registry, "periodic_tasks", {})
    return Jobs(application)


@pytest.fixture
def committed_jobs(committing, monkeypatch):
    """The outbox of the application that commits."""
    monkeypatch.setattr(committing.registry, "periodic_tasks", {})
    return Jobs(committing)


@pytest.fixture
def quick(committing, monkeypatch):
    """Let nothing wait for long."""
    monkeypatch.setattr(worker_module, "SCHEDULE_SECONDS", 0.05)
    monkeypatch.setitem(committing.registry.settings, "outbox.poll_milliseconds", 20)


@pytest.fixture
def worker(committed_jobs, quick):
    return Worker(committed_jobs.registry)
