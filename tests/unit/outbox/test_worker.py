"""The worker: threads that take and do, a heartbeat, and an end that leaves nothing half done."""

import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import event, select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from tests.unit.outbox import probes
from tests.unit.outbox.probes import PATIENCE, eventually

from turnout.outbox import worker as worker_module
from turnout.outbox.heartbeat import Heartbeat
from turnout.outbox.models import Job, WorkerSeen
from turnout.outbox.services import Outbox
from turnout.outbox.worker import Worker


def fail(*_given):
    raise RuntimeError("it does not work")


def put_many(jobs, number, **options):
    with jobs.request() as request:
        for one in range(number):
            request.find_service(Outbox).put(probes.note_down, {"number": one}, **options)


class TestWorking:
    def test_it_does_what_is_put_before_and_while_it_runs(self, committed_jobs, worker, calls):
        committed_jobs.put(probes.note_down, 1)
        with worker:
            eventually(lambda: calls == [("note_down", 1)])
            committed_jobs.put(probes.elsewhere, 2)
            eventually(lambda: calls == [("note_down", 1), ("elsewhere", 2)])
        assert committed_jobs.statuses() == ["done", "done"]

    def test_what_is_put_by_its_own_process_is_heard_of_at_once(self, committed_jobs, worker, calls, monkeypatch):
        monkeypatch.setitem(committed_jobs.registry.settings, "outbox.poll_milliseconds", 60_000)
        with worker:
            time.sleep(0.5)  # until all its threads wait
            before = time.monotonic()
            committed_jobs.put(probes.note_down, 1)
            eventually(lambda: calls)
            assert time.monotonic() - before < 5

    def test_a_thread_does_another_job_while_one_takes_long(self, committed_jobs, worker, doing, calls):
        ended = threading.Event()
        doing["note_down"] = lambda number: ended.wait(PATIENCE) if number == 0 else ended.set()
        with worker:
            committed_jobs.put(probes.note_down, 0)
            eventually(lambda: calls)
            committed_jobs.put(probes.note_down, 1)
            eventually(ended.is_set)
        assert committed_jobs.statuses() == ["done", "done"]

    def test_a_queue_of_its_own_does_not_wait_for_the_default_one(self, committed_jobs, worker, doing, calls):
        stopped = threading.Event()
        doing["note_down"] = lambda _number: stopped.wait(PATIENCE)
        with worker:
            put_many(committed_jobs, 3)
            eventually(lambda: calls)
            committed_jobs.put(probes.elsewhere, 7)
            eventually(lambda: ("elsewhere", 7) in calls)
            stopped.set()

    def test_a_stream_is_in_order_among_many_threads(self, committed_jobs, worker, doing, calls, monkeypatch):
        monkeypatch.setitem(committed_jobs.registry.settings, "outbox.threads", 4)
        running, most = set(), []

        def note(number):
            stream = number % 3
            most.append(stream in running)
            running.add(stream)
            time.sleep(0.002)
            running.discard(stream)

        doing["note_down"] = note
        with committed_jobs.request() as request:
            for number in range(60):
                request.find_service(Outbox).put(probes.note_down, {"number": number}, stream=f"s{number % 3}")
        with worker:
            eventually(lambda: set(committed_jobs.statuses()) == {"done"})
        assert not any(most)
        for stream in range(3):
            own = [number for _, number in calls if number % 3 == stream]
            assert own == sorted(own)
            assert len(own) == 20

    def test_what_was_taken_together_is_shared_by_the_threads(self, committed_jobs, worker, doing):
        """One waits for the other: done by one thread after the other, neither would end."""
        both = threading.Barrier(2, timeout=PATIENCE)
        doing["note_down"] = lambda _number: both.wait()
        put_many(committed_jobs, 2)
        with worker:
            eventually(lambda: committed_jobs.statuses() == ["done"] * 2)

    def test_while_all_threads_are_busy_what_was_taken_is_given_back(
        self, committed_jobs, worker, doing, calls, monkeypatch
    ):
        monkeypatch.setattr(worker_module, "LATE_SECONDS", 0.1)
        going = threading.Event()
        doing["note_down"] = lambda number: going.wait(PATIENCE) if number < 2 else None
        put_many(committed_jobs, 6)
        with worker:
            eventually(lambda: len(calls) == 2 and committed_jobs.statuses().count("waiting") == 4)
            assert Worker(committed_jobs.registry).drain() == 4
            going.set()
        assert {(row.status, row.attempts) for row in committed_jobs.rows()} == {("done", 1)}

    def test_whatever_a_handler_raises_the_threads_go_on(self, committed_jobs, worker, doing):
        def end(number):
            if number < 8:
                raise SystemExit(number)

        doing["note_down"] = end
        with worker:
            put_many(committed_jobs, 12)
            eventually(lambda: sorted(committed_jobs.statuses()) == ["done"] * 4 + ["waiting"] * 8)
        assert {row.error for row in committed_jobs.rows() if row.status == "waiting"} == {
            f"SystemExit: {number}" for number in range(8)
        }


class TestDrain:
    def test_it_does_the_named_queues_only(self, committed_jobs, calls):
        committed_jobs.put(probes.note_down, 1)
        committed_jobs.put(probes.elsewhere, 2)
        assert Worker(committed_jobs.registry, ["elsewhere"]).drain() == 1
        assert calls == [("elsewhere", 2)]

    def test_it_does_all_queues_and_what_comes_of_it_and_counts(self, committed_jobs, worker):
        committed_jobs.put(probes.chain, 3, argument="left")
        committed_jobs.put(probes.elsewhere, 1)
        committed_jobs.put(probes.announce_more, 1)
        assert worker.drain() == 4 + 1 + 1 + 2
        assert worker.drain() == 0
        assert set(committed_jobs.statuses()) == {"done"}

    def test_it_ends_although_something_fails(self, committed_jobs, worker, doing):
        doing["note_down"] = fail
        put_many(committed_jobs, 3)
        assert worker.drain() == 3
        assert committed_jobs.statuses() == ["waiting"] * 3


class TestLeases:
    def seen(self, jobs):
        with Session(jobs.registry.engine) as session:
            return session.scalars(select(WorkerSeen)).all()

    def test_a_worker_is_seen_while_it_lives(self, committed_jobs, worker):
        assert self.seen(committed_jobs) == []
        with worker:
            [row] = self.seen(committed_jobs)
            assert (row.seen_at, row.started_at) == (committed_jobs.registry.clock.now(),) * 2
            assert row.plugins == ""
        assert self.seen(committed_jobs) == []

    def test_what_takes_long_is_kept_by_the_heartbeat(self, committed_jobs, worker, doing, clock_of):
        another = Worker(committed_jobs.registry)
        taken_by_another = []

        def take_long(*_given):
            for _ in range(5):
                clock_of.move(seconds=40)
                worker.heartbeat.beat()
                taken_by_another.append(another.step("default"))

        doing["note_down"] = take_long
        put_many(committed_jobs, 3)
        worker.step("default")
        assert taken_by_another == [0] * 15
        assert {(row.status, row.attempts) for row in committed_jobs.rows()} == {("done", 1)}

    def test_without_a_heartbeat_another_takes_it_and_only_one_of_them_counts(
        self, committed_jobs, worker, doing, calls, clock_of
    ):
        another = Worker(committed_jobs.registry)

        def sleep_through_the_lease(number):
            if len(calls) == 1:
                clock_of.move(seconds=61)
                assert another.step("default") == 1

        doing["note_down"] = sleep_through_the_lease
        put_many(committed_jobs, 1)
        worker.step("default")
        assert len(calls) == 2
        assert [(row.status, row.attempts) for row in committed_jobs.rows()] == [("done", 2)]

    def test_it_beats_by_itself_four_times_within_a_lease(self, committed_jobs, worker, doing, monkeypatch, clock_of):
        monkeypatch.setitem(committed_jobs.registry.settings, "outbox.lease_seconds", 0.4)
        going = threading.Event()
        doing["note_down"] = lambda _number: going.wait(PATIENCE)
        put_many(committed_jobs, 1)
        with worker:
            eventually(lambda: committed_jobs.statuses() == ["running"])
            later = clock_of.move(seconds=0.3)
            eventually(lambda: self.seen(committed_jobs)[0].seen_at == later)
            lasts = committed_jobs.rows()[0].due_at
            going.set()
        assert lasts == later + timedelta(seconds=0.4)
        assert committed_jobs.statuses() == ["done"]

    def test_a_heartbeat_that_fails_goes_on(self, committed_jobs, monkeypatch):
        monkeypatch.setitem(committed_jobs.registry.settings, "outbox.lease_seconds", 0.04)
        heartbeat = Heartbeat(committed_jobs.registry)
        heartbeat.start()
        beats, beat = [], heartbeat.beat

        def fail_first():
            beats.append(1)
            if len(beats) < 3:
                raise OperationalError("the database", {}, Exception("is away"))
            if len(beats) < 5:
                raise RuntimeError("and more")
            beat()

        heartbeat.beat = fail_first
        eventually(lambda: len(beats) > 6)
        heartbeat.stop()
        assert self.seen(committed_jobs) == []

    def test_a_worker_that_was_forgotten_is_seen_again(self, committed_jobs, worker):
        with worker:
            with committed_jobs.registry.engine.begin() as connection:
                connection.execute(text("DELETE FROM workers"))
            worker.heartbeat.beat()
            assert len(self.seen(committed_jobs)) == 1

    def test_what_it_did_not_come_to_is_not_kept_for_ever(self, committed_jobs, worker, monkeypatch, clock_of):
        """The database goes away while work runs: the rest of what was taken must become another's."""
        put_many(committed_jobs, 3)

        def away(*_given):
            raise OperationalError("the database", {}, Exception("is away"))

        with monkeypatch.context() as broken:
            broken.setattr(worker_module, "run", away)
            with pytest.raises(OperationalError):
                worker.step("default")
        assert worker.step("default") == 2  # what it had not begun
        clock_of.move(seconds=50)
        worker.heartbeat.beat()
        clock_of.move(seconds=10)
        assert Worker(committed_jobs.registry).drain() == 1
        assert {row.status for row in committed_jobs.rows()} == {"done"}

    def test_a_taking_that_seemed_to_fail_is_not_kept_for_ever(self, committed_jobs, worker, monkeypatch, clock_of):
        """The connection breaks after the commit, before we hear of it."""
        put_many(committed_jobs, 2)
        begin = worker_module.begin

        def breaking(registry):
            session = begin(registry)

            @event.listens_for(session, "after_commit")
            def break_off(_session):
                raise OperationalError("COMMIT", {}, Exception("server closed the connection"))

            return session

        with monkeypatch.context() as broken:
            broken.setattr(worker_module, "begin", breaking)
            with pytest.raises(OperationalError):
                worker.step("default")
        assert committed_jobs.statuses() == ["running"] * 2
        clock_of.move(seconds=50)
        worker.heartbeat.beat()
        clock_of.move(seconds=10)
        assert Worker(committed_jobs.registry).drain() == 2


class TestTheEnd:
    def test_it_waits_for_what_runs_and_gives_back_the_rest(self, committed_jobs, worker, doing, calls):
        begun, going = threading.Event(), threading.Event()

        def note(_number):
            begun.set()
            going.wait(PATIENCE)

        doing["note_down"] = note
        put_many(committed_jobs, 8, stream=None)
        with worker:
            begun.wait(PATIENCE)
            threading.Timer(0.3, going.set).start()
        done = [row for row in committed_jobs.rows() if row.status == "done"]
        waiting = [row for row in committed_jobs.rows() if row.status == "waiting"]
        assert len(done) == len(calls)
        assert 1 <= len(done) <= 2
        assert len(waiting) == 8 - len(done)
        assert {(row.attempts, row.lease) for row in waiting} == {(0, None)}

    def test_it_does_not_wait_longer_than_its_grace(self, committed_jobs, worker, doing, monkeypatch):
        monkeypatch.setattr(worker_module, "GRACE_SECONDS", 1.5)
        begun, going = threading.Semaphore(0), threading.Event()

        def note(_number):
            begun.release()
            going.wait(PATIENCE)

        doing["note_down"] = doing["elsewhere"] = note
        committed_jobs.put(probes.note_down, 1)
        committed_jobs.put(probes.elsewhere, 1)
        with worker:
            assert begun.acquire(timeout=PATIENCE)
            assert begun.acquire(timeout=PATIENCE)
            told = time.monotonic()
        assert 1.4 < time.monotonic() - told < 2.7
        assert committed_jobs.statuses() == ["running"] * 2
        going.set()
        eventually(lambda: committed_jobs.statuses() == ["done"] * 2)  # its lease was still good

    def test_an_idle_worker_ends_at_once(self, committed_jobs, worker, monkeypatch):
        monkeypatch.setitem(committed_jobs.registry.settings, "outbox.poll_milliseconds", 60_000)
        monkeypatch.setattr(worker_module, "SCHEDULE_SECONDS", 60)
        with worker:
            time.sleep(0.3)
            told = time.monotonic()
        assert time.monotonic() - told < 2


@pytest.fixture
def clock_of(committing):
    """Move the clock of the application that commits."""
    return committing.registry.clock


@pytest.mark.postgresql
@pytest.mark.parametrize("database", ["postgresql"])
def test_a_row_that_is_locked_elsewhere_delays_nobody(committed_jobs, worker, calls):
    put_many(committed_jobs, 3)
    with Session(committed_jobs.registry.engine) as session:
        session.execute(update(Job).where(Job.payload == '{"number":0}').values(error="looked at"))
        assert worker.drain() == 2
    assert worker.drain() == 1
