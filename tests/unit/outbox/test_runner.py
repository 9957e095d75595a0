"""Running work: what the handler writes and the mark that it is done, together or not at all."""

import contextlib

import pytest
from sqlalchemy import event, text, update
from sqlalchemy.exc import DBAPIError
from tests.unit.outbox import probes

from turnout.errors import TryAgain
from turnout.outbox.hooks import JobsRun
from turnout.outbox.models import Job
from turnout.outbox.worker import Worker


def fail(*_given):
    raise RuntimeError("it does not work")


def put_write(jobs, capacity=1):
    jobs.put(probes.write, capacity, argument="capacity")


def test_the_writes_and_the_mark_are_one(jobs, outbox, calls):
    put_write(jobs)
    outbox.run()
    assert (jobs.statuses(), jobs.written()) == (["done"], 1)
    [job] = jobs.rows()
    assert (job.attempts, job.lease, job.error) == (1, None, "")


def test_a_failed_handler_writes_nothing(jobs, outbox, doing):
    doing["write"] = fail
    put_write(jobs)
    outbox.run()
    assert (jobs.statuses(), jobs.written()) == (["waiting"], 0)


def test_what_fails_at_the_commit_is_a_failure(jobs, outbox, doing):
    def refuse_at_the_end(_capacity, session, _job):
        @event.listens_for(session, "before_commit")
        def refuse(_session):
            raise RuntimeError("the disk is full")

    doing["write"] = refuse_at_the_end
    put_write(jobs)
    outbox.run()
    [job] = jobs.rows()
    assert (job.status, job.error, jobs.written()) == ("waiting", "RuntimeError: the disk is full", 0)


def test_a_statement_that_fails_at_the_flush_of_the_commit_is_a_failure(jobs, outbox, doing):
    def write_badly(_capacity, session, _job):
        session.add(Job(queue="x", handler="x", payload="{}", status="nonsense", due_at=None))

    doing["write"] = write_badly
    put_write(jobs)
    outbox.run()
    [job] = jobs.rows()
    assert (job.status, job.error.partition(":")[0], jobs.written()) == ("waiting", "IntegrityError", 0)


def test_a_handler_that_breaks_its_own_transaction_is_a_failure(jobs, outbox, doing):
    def break_it(_capacity, session, _job):
        with contextlib.suppress(DBAPIError):
            session.execute(text("SELECT * FROM nowhere"))
        session.rollback()

    doing["write"] = break_it
    put_write(jobs)
    put_write(jobs)
    outbox.run()
    assert len(jobs.rows()) == 2  # and the worker went on
    assert {job.attempts for job in jobs.rows()} == {1}


def test_what_a_handler_puts_and_announces_is_done_too(jobs, outbox, calls):
    jobs.put(probes.chain, 4, argument="left")
    jobs.put(probes.announce_more, 9)
    assert outbox.run() == 5 + 1 + 2
    assert [given for name, given in calls if name == "chain"] == [4, 3, 2, 1, 0]
    assert [given for name, given in calls if name == "hear"] == [probes.Poured(9)]


def test_what_a_failed_handler_put_and_announced_is_gone(jobs, outbox, doing):
    doing["chain"] = doing["announce_more"] = fail
    jobs.put(probes.chain, 4, argument="left")
    jobs.put(probes.announce_more, 9)
    outbox.run()
    assert [job.handler.rpartition(".")[2] for job in jobs.rows()] == ["chain", "announce_more"]


def test_what_is_tried_again_at_once_puts_one(jobs, outbox, doing, calls):
    def once_too_late(left):
        if len(calls) == 1:
            raise TryAgain

    doing["chain"] = once_too_late
    jobs.put(probes.chain, 1, argument="left")
    outbox.run()
    assert jobs.statuses() == ["done", "done"]
    assert jobs.written() == 2


@pytest.mark.parametrize("attempts", [probes.ATTEMPTS, probes.ATTEMPTS + 3])
def test_what_ended_its_worker_each_time_is_buried_unrun(jobs, outbox, session, calls, clock, attempts):
    jobs.put(probes.thrice, 1)
    session.execute(update(Job).values(status="running", lease="of a dead one", attempts=attempts))
    outbox.run()
    [job] = jobs.rows()
    assert (job.status, job.attempts) == ("dead", attempts + 1)
    assert "died" in job.error
    assert calls == []


class TestHowItEnded:
    @pytest.fixture
    def ended(self, jobs, monkeypatch):
        heard = []
        notify = jobs.registry.notify
        monkeypatch.setattr(
            jobs.registry,
            "notify",
            lambda event: heard.append((event.outcome, event.jobs)) if isinstance(event, JobsRun) else notify(event),
        )
        return heard

    def test_it_is_announced(self, jobs, outbox, ended, doing, clock):
        jobs.put(probes.note_down)
        doing["thrice"] = fail
        jobs.put(probes.thrice, 1)
        for _ in range(3):
            outbox.run()
            clock.move(hours=1)
        assert ended == [("done", 1), ("retried", 1), ("retried", 1), ("dead", 1)]

    def test_a_batch_counts_for_all_of_it(self, jobs, outbox, ended):
        for number in range(3):
            jobs.put(probes.note_each, number, stream="s")
        outbox.run()
        assert ended == [("done", 3)]

    def test_a_lost_lease_is_told(self, jobs, ended, doing):
        def another_takes_it(_capacity, session, job):
            session.execute(update(Job).where(Job.id == job.id).values(lease="another's"))

        doing["write"] = another_takes_it
        put_write(jobs)
        Worker(jobs.registry).drain()
        assert ended == [("lost", 1)]
        assert jobs.written() == 0
