"""How background work is doing, as /health and /metrics show it."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, update
from tests.unit.outbox import probes

from turnout.health.checks import Component
from turnout.outbox import checks
from turnout.outbox.heartbeat import Heartbeat
from turnout.outbox.models import Job
from turnout.outbox.worker import Worker


@pytest.fixture
def worker_of(api):
    """Return what /health says of the worker, whose answer has the `status` expected."""
    return lambda status=200: api.get("/health", status=status).json["components"]["worker"]


def fail(*_given):
    raise RuntimeError("it does not work")


def test_without_a_worker_it_is_degraded_and_still_serves(jobs, api, worker_of):
    assert api.get("/health", status=200).json["status"] == "degraded"
    assert worker_of() == {
        "status": "no_worker",
        "workers": 0,
        "waiting": 0,
        "oldest_waiting_seconds": 0.0,
        "dead": 0,
    }


def test_each_worker_that_lives_is_counted(jobs, api, worker_of):
    for _ in range(2):
        Heartbeat(jobs.registry).beat()
    assert worker_of()["workers"] == 2
    assert api.get("/health").json["status"] == "ok"


def test_a_killed_worker_is_not_alive_after_its_lease(jobs, worker_of, clock):
    Heartbeat(jobs.registry).beat()
    clock.move(seconds=59)
    assert worker_of()["status"] == "ok"
    clock.move(seconds=1)
    assert (worker_of()["status"], worker_of()["workers"]) == ("no_worker", 0)


def test_a_component_that_is_critical_is_503_and_one_that_is_not_is_200(jobs, api, monkeypatch):
    Heartbeat(jobs.registry).beat()
    known = dict(api.application.registry.health_checks)
    monkeypatch.setattr(api.application.registry, "health_checks", known)
    known["printer"] = Component(lambda _request: {"status": "out of paper"}, False)
    assert api.get("/health", status=200).json["status"] == "degraded"
    known["printer"] = Component(lambda _request: {"status": "out of paper"}, True)
    assert api.get("/health", status=503).json["status"] == "degraded"


def test_work_that_waits_and_how_late_it_is(jobs, worker_of, clock):
    jobs.put(probes.note_down, 1)
    clock.move(seconds=30)
    jobs.put(probes.elsewhere, 2)
    jobs.put(probes.note_down, 3, delay=timedelta(hours=1))
    clock.move(seconds=12.34)
    found = worker_of()
    assert (found["waiting"], found["oldest_waiting_seconds"]) == (3, 42.3)


def test_work_of_a_queue_of_its_own_is_late_too(jobs, worker_of, clock):
    jobs.put(probes.elsewhere, 2)
    clock.move(seconds=5)
    assert worker_of()["oldest_waiting_seconds"] == 5


def test_work_that_waits_for_its_next_try_is_not_late(jobs, outbox, worker_of, doing, clock):
    doing["note_down"] = fail
    jobs.put(probes.note_down)
    clock.move(hours=1)
    outbox.run()
    assert worker_of()["oldest_waiting_seconds"] == 0


def test_what_runs_is_late_when_its_lease_has_ended(jobs, session, worker_of, clock):
    jobs.put(probes.note_down)
    until = clock.now() + timedelta(seconds=60)
    session.execute(update(Job).values(status="running", lease="of a dead one", due_at=until))
    assert (worker_of()["waiting"], worker_of()["oldest_waiting_seconds"]) == (0, 0)
    clock.move(seconds=70)
    assert worker_of()["oldest_waiting_seconds"] == 10


def test_what_has_failed_for_good_is_counted(jobs, outbox, worker_of, doing, clock):
    doing["thrice"] = fail
    for number in range(2):
        jobs.put(probes.thrice, number)
    for _ in range(probes.ATTEMPTS):
        outbox.run()
        clock.move(hours=1)
    found = worker_of()
    assert (found["dead"], found["waiting"], found["oldest_waiting_seconds"]) == (2, 0, 0)


def test_nobody_waits_for_a_large_number_to_be_counted(jobs, session, clock, worker_of, monkeypatch):
    monkeypatch.setattr(checks, "MOST_COUNTED", 10)
    row = {"queue": "default", "handler": "x", "payload": "{}", "due_at": clock.now(), "created_at": clock.now()}
    session.execute(insert(Job), [row] * 25)
    assert worker_of()["waiting"] == 10


def test_it_tells_a_stranger_nothing_of_the_work_itself(jobs, api):
    jobs.put(probes.note_down, 4711, key="a-secret", stream="b-secret")
    text = api.get("/health").text
    for word in ("4711", "secret", "note_down"):
        assert word not in text


def test_metrics_show_the_same(jobs, outbox, api, doing):
    Heartbeat(jobs.registry).beat()
    doing["note_down"] = fail
    jobs.put(probes.note_down)
    jobs.put(probes.elsewhere, 1)
    outbox.run()
    shown = api.browser.get("/metrics").text
    for line in (
        'turnout_outbox_jobs{status="waiting"} 1.0',
        'turnout_outbox_jobs{status="running"} 0.0',
        'turnout_outbox_jobs{status="dead"} 0.0',
        "turnout_outbox_workers 1.0",
        "turnout_outbox_oldest_waiting_seconds 0.0",
        'turnout_jobs_total{handler="tests.unit.outbox.probes.note_down",outcome="retried"}',
        'turnout_jobs_total{handler="tests.unit.outbox.probes.elsewhere",outcome="done"}',
    ):
        assert line in shown


def test_metrics_are_there_while_the_database_is_not(jobs, api, monkeypatch):
    from sqlalchemy.exc import OperationalError

    def away(_registry):
        raise OperationalError("SELECT", {}, Exception("away"))

    monkeypatch.setattr("turnout.metrics.collectors.read_state", away)
    shown = api.browser.get("/metrics").text
    assert "turnout_outbox_workers" not in shown
    assert "turnout_requests_total" in shown


def test_a_drain_is_no_worker(jobs, worker_of):
    Worker(jobs.registry).drain()
    assert worker_of()["workers"] == 0
