"""Periodic tasks: once in each period, however many workers there are."""

import threading
import time
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from tests.unit.outbox import probes
from tests.unit.outbox.conftest import Jobs

from turnout.clock import Clock
from turnout.outbox import schedule
from turnout.outbox import worker as worker_module
from turnout.outbox.handlers import name_of
from turnout.outbox.models import Schedule
from turnout.outbox.worker import Worker
from turnout.testing.applications import Application

HOUR = timedelta(hours=1)
times: list[float] = []


def tick() -> None:
    """Note when it was called."""
    times.append(time.monotonic())
    if "tick" in probes.doing:
        probes.doing["tick"]()


def tock() -> None:
    """Another one, in a queue of its own."""
    probes.calls.append(("tock",))


def includes_ticking(config):
    config.include(probes.includeme)
    config.add_periodic_task(tick, every=HOUR)
    config.add_periodic_task(tock, every=timedelta(minutes=1), queue="elsewhere")


NAMES = {name_of(tick), name_of(tock)}


@pytest.fixture
def application(workshop, database):
    return workshop.application(database, includes_ticking)


@pytest.fixture
def jobs(application, session, monkeypatch):
    """The outbox, and of periodic tasks only those of these tests."""
    ours = {name: every for name, every in application.registry.periodic_tasks.items() if name in NAMES}
    monkeypatch.setattr(application.registry, "periodic_tasks", ours)
    times.clear()
    return Jobs(application)


def ticks(outbox):
    before = len(times)
    outbox.run()
    return len(times) - before


def test_it_runs_at_the_start_and_once_in_each_period(jobs, outbox, clock):
    assert ticks(outbox) == 1
    assert ticks(outbox) == 0
    clock.move(minutes=59, seconds=59)
    assert ticks(outbox) == 0
    clock.move(seconds=1)
    assert ticks(outbox) == 1
    assert ticks(outbox) == 0


def test_each_has_a_period_and_a_queue_of_its_own(jobs, outbox, clock, calls):
    for _ in range(60):
        outbox.run()
        clock.move(minutes=1)
    assert (len(times), len(calls)) == (1, 60)
    assert {job.queue for job in jobs.rows() if job.handler == name_of(tock)} == {"elsewhere"}


def test_after_a_long_pause_it_runs_once(jobs, outbox, clock):
    outbox.run()
    clock.move(days=3)
    assert ticks(outbox) == 1
    assert ticks(outbox) == 0


def test_what_has_not_ended_is_not_put_again(jobs, outbox, clock, doing):
    def fail():
        raise RuntimeError("it does not work")

    doing["tick"] = fail
    outbox.run()
    for _ in range(5):
        clock.move(hours=1)
        schedule.put_due(jobs.registry)
        assert len([job for job in jobs.rows() if job.handler == name_of(tick)]) == 1


def test_what_was_buried_is_put_again_in_the_next_period(jobs, outbox, clock, doing, monkeypatch):
    monkeypatch.setitem(jobs.registry.settings, "outbox.attempts", 1)

    def fail():
        raise RuntimeError("it does not work")

    doing["tick"] = fail
    outbox.run()
    assert [job.handler for job in outbox.dead] == [name_of(tick)]
    assert ticks(outbox) == 0
    clock.move(hours=1)
    assert ticks(outbox) == 1


@pytest.mark.parametrize("factor", [0.01, 0.4])
def test_a_period_that_became_much_shorter_holds_at_once(jobs, outbox, clock, monkeypatch, factor):
    outbox.run()
    clock.move(minutes=1)
    monkeypatch.setitem(jobs.registry.periodic_tasks, name_of(tick), HOUR * factor)
    assert ticks(outbox) == 1
    assert ticks(outbox) == 0
    clock.move(seconds=3600 * factor)
    assert ticks(outbox) == 1


@pytest.mark.parametrize("factor", [0.6, 3])
def test_another_period_holds_from_the_next_run_on(jobs, outbox, clock, monkeypatch, factor):
    outbox.run()
    monkeypatch.setitem(jobs.registry.periodic_tasks, name_of(tick), HOUR * factor)
    assert ticks(outbox) == 0
    clock.move(hours=1)
    assert ticks(outbox) == 1
    clock.move(seconds=3600 * factor - 1)
    assert ticks(outbox) == 0
    clock.move(seconds=1)
    assert ticks(outbox) == 1


@pytest.mark.parametrize("seconds", [-60, -0.001])
def test_a_worker_whose_clock_is_behind_does_not_run_it_again(jobs, outbox, clock, seconds):
    outbox.run()
    clock.move(seconds=seconds)
    assert ticks(outbox) == 0


def test_what_is_put_and_what_is_due_next_are_one(jobs, outbox, clock, session, monkeypatch):
    """Whoever dies between them loses neither."""
    outbox.run()
    clock.move(hours=1)

    def fail(*_given, **_options):
        raise RuntimeError("killed")

    with monkeypatch.context() as broken:
        broken.setattr("turnout.outbox.services.Outbox.put", fail)
        with pytest.raises(RuntimeError):
            schedule.put_due(jobs.registry)
    assert session.scalar(select(Schedule.next_at).where(Schedule.handler == name_of(tick))) == clock.now()


def test_a_task_that_is_gone_leaves_its_row_and_breaks_nothing(jobs, outbox, clock, monkeypatch):
    outbox.run()
    monkeypatch.delitem(jobs.registry.periodic_tasks, name_of(tick))
    clock.move(hours=2)
    assert ticks(outbox) == 0


def test_putting_what_is_not_due_is_one_statement(jobs, outbox, statements):
    outbox.run()
    with statements() as seen:
        assert schedule.put_due(jobs.registry) == 0
    assert len(seen) == 1, seen


@pytest.mark.slow
def test_four_workers_run_it_once_in_each_period_and_never_two_at_a_time(fresh_database, tmp_path, monkeypatch):
    """Four applications, as four processes have them, whose clocks go on by themselves."""
    monkeypatch.setattr(worker_module, "SCHEDULE_SECONDS", 0.02)
    times.clear()
    running, both = threading.Semaphore(1), []

    def alone():
        if not running.acquire(blocking=False):
            both.append(time.monotonic())
            return
        time.sleep(0.05)
        running.release()

    probes.doing["tick"] = alone
    applications = [Application(fresh_database, tmp_path, includes_ticking) for _ in range(4)]
    workers = []
    for application in applications:
        registry = application.registry
        registry.clock = Clock()
        registry.periodic_tasks = {name_of(tick): timedelta(seconds=0.5)}
        registry.settings["outbox.poll_milliseconds"] = 10
        workers.append(Worker(registry))
    begun = time.monotonic()
    for worker in workers:
        worker.__enter__()
    time.sleep(4.25)
    for worker in workers:
        worker.__exit__()
    lasted = time.monotonic() - begun
    assert both == []
    assert 7 <= len(times) <= lasted / 0.5 + 1
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert min(gaps) > 0.35
    with Session(applications[0].engine) as session:
        assert len(session.scalars(select(Schedule)).all()) == 1
    for application in applications:
        application.close()
