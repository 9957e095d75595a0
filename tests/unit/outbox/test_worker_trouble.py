"""A worker whose database is away for a while, or that stumbles over an error of ours."""

import threading
import time

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from tests.unit.outbox import probes
from tests.unit.outbox.probes import eventually

from turnout.outbox.models import Job


@pytest.mark.postgresql
@pytest.mark.parametrize("database", ["postgresql"])
def test_connections_that_are_cut_end_no_worker_and_lose_nothing(committed_jobs, worker):
    engine = committed_jobs.registry.engine
    cut = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with worker:
        threads = [thread for thread in threading.enumerate() if thread.name.startswith("turnout-")]
        for number in range(15):
            with engine.connect() as connection:
                try:
                    connection.execute(text("SELECT 1"))
                except OperationalError:
                    continue
                connection.execute(cut)
            for _ in range(10):
                try:
                    committed_jobs.put(probes.write, number, argument="capacity", key=f"write-{number}")
                    break
                except OperationalError:
                    time.sleep(0.01)
            time.sleep(0.03)

        def all_is_done():
            committed_jobs.registry.clock.move(seconds=61)  # pauses and leases are over
            try:
                return set(committed_jobs.statuses()) == {"done"}
            except OperationalError:
                return False

        eventually(all_is_done)
        assert all(thread.is_alive() for thread in threads)
    with Session(engine) as session:
        assert committed_jobs.written() == session.scalar(select(func.count(Job.id)))


def test_an_error_of_ours_does_not_end_it_either(committed_jobs, worker, calls, monkeypatch):
    from turnout.outbox import schedule

    stumbles = []

    def stumble(_registry):
        stumbles.append(1)
        raise ValueError("ours")

    monkeypatch.setattr(schedule, "put_due", stumble)
    with worker:
        eventually(lambda: len(stumbles) > 2)
        committed_jobs.put(probes.note_down, 1)
        eventually(lambda: calls)
