"""What keeps the tables small."""

from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select
from tests.unit.outbox import probes

from turnout import db
from turnout.api.models import IdempotencyKey
from turnout.outbox.heartbeat import Heartbeat
from turnout.outbox.models import Job, WorkerSeen
from turnout.outbox.tasks import purge_idempotency_keys, purge_jobs


def fail(*_given):
    raise RuntimeError("it does not work")


@pytest.fixture(autouse=True)
def _tasks(jobs, monkeypatch):
    names = ["turnout.outbox.tasks.purge_jobs", "turnout.outbox.tasks.purge_idempotency_keys"]
    monkeypatch.setattr(jobs.registry, "periodic_tasks", dict.fromkeys(names, timedelta(hours=1)))


def kept(jobs):
    return [job.payload for job in jobs.rows() if "purge" not in job.handler]


def test_done_work_is_kept_for_a_week_and_with_it_its_key(jobs, outbox, clock, calls):
    jobs.put(probes.note_down, 1, key="once")
    outbox.run()
    clock.move(days=7, seconds=-1)
    outbox.run()
    jobs.put(probes.note_down, 2, key="once")
    outbox.run()
    assert kept(jobs) == ['{"number":1}']
    clock.move(hours=1)
    outbox.run()
    assert kept(jobs) == []
    jobs.put(probes.note_down, 3, key="once")
    outbox.run()
    assert calls == [("note_down", 1), ("note_down", 3)]


def test_a_setting_says_how_long(jobs, outbox, clock, monkeypatch):
    monkeypatch.setitem(jobs.registry.settings, "outbox.keep_days", 1)
    jobs.put(probes.note_down, 1)
    outbox.run()
    clock.move(days=1)
    outbox.run()
    assert kept(jobs) == []


def test_what_is_not_done_stays_for_ever(jobs, outbox, clock, doing):
    doing["thrice"] = fail
    jobs.put(probes.thrice, 1)
    for _ in range(probes.ATTEMPTS):
        outbox.run()
        clock.move(hours=1)
    jobs.put(probes.note_down, 2, delay=timedelta(days=400))
    clock.move(days=365)
    outbox.run()
    assert [row.status for row in jobs.rows() if "purge" not in row.handler] == ["dead", "waiting"]


def test_much_is_deleted_in_parts_until_nothing_is_left(jobs, outbox, clock, session, monkeypatch):
    monkeypatch.setattr(db, "MOST_DELETED", 10)
    long_ago = clock.now() - timedelta(days=30)
    row = {"queue": "default", "handler": "x", "payload": "{}", "status": "done", "due_at": long_ago,
           "created_at": long_ago, "finished_at": long_ago}  # fmt: skip
    session.execute(insert(Job), [row] * 35)
    outbox.run()
    assert kept(jobs) == []
    assert len([job for job in jobs.rows() if job.handler.endswith("purge_jobs")]) == 4


def test_the_database_does_not_think_of_it_as_a_worker_for_ever(jobs, outbox, clock, session):
    Heartbeat(jobs.registry).beat()
    clock.move(days=6)
    outbox.run()
    assert session.scalar(select(func.count()).select_from(WorkerSeen)) == 1
    clock.move(days=1)
    outbox.run()
    assert session.scalar(select(func.count()).select_from(WorkerSeen)) == 0


def test_kept_answers_are_deleted_after_a_day_in_parts(jobs, outbox, clock, session, monkeypatch):
    monkeypatch.setattr(db, "MOST_DELETED", 10)
    row = {"caller": "user:1", "fingerprint": b"", "status": 201, "body": b"", "created_at": clock.now()}
    session.execute(insert(IdempotencyKey), [row | {"key": f"{number}"} for number in range(35)])
    outbox.run()
    count = select(func.count()).select_from(IdempotencyKey)
    assert session.scalar(count) == 35
    clock.move(days=1)
    session.execute(insert(IdempotencyKey), [row | {"key": "new", "created_at": clock.now()}])
    outbox.run()
    assert session.scalar(count) == 1


def test_both_are_periodic(application):
    assert {purge_jobs.__name__, purge_idempotency_keys.__name__} <= {
        name.rpartition(".")[2] for name in application.registry.handlers
    }
