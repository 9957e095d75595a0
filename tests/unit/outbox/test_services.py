"""Putting work into the outbox: exactly with the transaction that causes it."""

import contextlib
import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from tests.unit.outbox import probes

from turnout.outbox.bell import Bell
from turnout.outbox.services import Outbox
from turnout.pools.models import Pool


class Undone(Exception):
    """Ends a transaction."""


@contextmanager
def undone(jobs):
    """Let a transaction end in an error."""
    with contextlib.suppress(Undone), jobs.request() as request:
        yield request
        raise Undone


def test_what_commits_leaves_the_work(jobs, clock):
    jobs.put(probes.note_down, 7, key="k", stream="s", delay=timedelta(minutes=5))
    [job] = jobs.rows()
    assert (job.handler, job.queue) == ("tests.unit.outbox.probes.note_down", "default")
    assert (job.payload, job.key, job.stream, job.status) == ('{"number":7}', "k", "s", "waiting")
    assert (job.attempts, job.error, job.lease, job.finished_at) == (0, "", None, None)
    assert (job.created_at, job.due_at) == (clock.now(), clock.now() + timedelta(minutes=5))


def test_what_rolls_back_leaves_nothing(jobs):
    with undone(jobs) as request:
        request.find_service(Outbox).put(probes.note_down)
        probes.announce(request, probes.Poured(1))
    assert jobs.rows() == []


def test_what_a_savepoint_undoes_leaves_nothing(jobs):
    with jobs.request() as request:
        outbox = request.find_service(Outbox)
        outbox.put(probes.note_down, {"number": 1})
        with contextlib.suppress(Undone), request.db.begin_nested():
            outbox.put(probes.note_down, {"number": 2})
            probes.announce(request, probes.Poured(1))
            with request.db.begin_nested():
                outbox.put(probes.note_down, {"number": 3})
            raise Undone
        with request.db.begin_nested():
            outbox.put(probes.note_down, {"number": 4})
    assert [job.payload for job in jobs.rows()] == ['{"number":1}', '{"number":4}']


def test_what_a_savepoint_undoes_is_nothing_though_it_was_the_first(jobs):
    with jobs.request() as request:
        with contextlib.suppress(Undone), request.db.begin_nested():
            request.find_service(Outbox).put(probes.note_down, {"number": 1})
            raise Undone
        request.find_service(Outbox).put(probes.note_down, {"number": 2})
    assert [job.payload for job in jobs.rows()] == ['{"number":2}']


def test_what_fails_while_it_commits_leaves_nothing(jobs):
    def refuse():
        raise Undone

    with contextlib.suppress(Undone), jobs.request() as request:
        request.find_service(Outbox).put(probes.note_down)
        request.tm.get().addBeforeCommitHook(refuse)
    assert jobs.rows() == []


@pytest.mark.parametrize(
    ("how", "status"), [("conflict", 409), ("invalid", 400), ("unprocessable", 422), ("break", 500)]
)
def test_a_refused_request_leaves_nothing(jobs, api, how, status, caplog):
    api.post("/probe-jobs", {"how": how}, status=status)
    assert jobs.rows() == []
    assert jobs.written() == 0


def test_a_request_that_is_tried_again_leaves_one(jobs, api):
    api.post("/probe-jobs", {"how": "again"})
    assert probes.requests == ["again", "again"]
    assert len(jobs.rows()) == 3  # the task, and two listeners
    assert jobs.written() == 1


def test_a_request_that_is_sent_twice_with_a_key_leaves_one(jobs, api):
    for _ in range(2):
        api.post("/probe-jobs", {"how": "well"}, headers={"Idempotency-Key": "once"})
    assert len(jobs.rows()) == 3


def test_work_of_a_request_is_one_statement_however_much_it_is(jobs, api, statements):
    def sent(number):
        with statements() as seen:
            api.post("/probe-jobs", {"how": "well", "number": number})
        return [statement for statement in seen if "INTO jobs" in statement], len(seen)

    few, all_few = sent(1)
    many, all_many = sent(50)
    assert len(few) == len(many) == 1
    assert all_few == all_many
    assert len(jobs.rows()) == 3 + 52


def test_a_request_that_puts_nothing_says_nothing_to_the_table(jobs, statements):
    with statements() as seen, jobs.request() as request:
        request.find_service(Outbox)
        request.db.execute(select(Pool)).all()
    assert [statement for statement in seen if "jobs" in statement] == []


def test_what_nobody_added_cannot_be_put(jobs):
    with pytest.raises(KeyError), jobs.request() as request:
        request.find_service(Outbox).put(test_what_nobody_added_cannot_be_put)


def test_what_json_cannot_say_cannot_be_put(jobs):
    with pytest.raises(TypeError), jobs.request() as request:
        request.find_service(Outbox).put(probes.note_down, {"number": object()})
    assert jobs.rows() == []


def test_what_is_forgotten_is_not_put_and_later_work_is(jobs):
    with jobs.request() as request:
        outbox = request.find_service(Outbox)
        outbox.put(probes.note_down, {"number": 1})
        outbox.forget()
        outbox.put(probes.note_down, {"number": 2})
    assert [job.payload for job in jobs.rows()] == ['{"number":2}']


def test_a_delay_lets_it_wait(jobs, outbox, clock, calls):
    jobs.put(probes.note_down, 1, delay=timedelta(minutes=5))
    outbox.run()
    clock.move(minutes=5, seconds=-1)
    assert outbox.run() == 0
    assert calls == []
    clock.move(seconds=1)
    assert outbox.run() == 1
    assert calls == [("note_down", 1)]


class TestKey:
    def test_the_second_is_dropped_while_the_first_waits(self, jobs):
        for number in (1, 2):
            jobs.put(probes.note_down, number, key="once")
        assert [job.payload for job in jobs.rows()] == ['{"number":1}']

    def test_and_when_it_is_done(self, jobs, outbox, calls):
        for number in (1, 2):
            jobs.put(probes.note_down, number, key="once")
            outbox.run()
        assert calls == [("note_down", 1)]

    def test_and_when_it_is_dead(self, jobs, outbox, doing, clock):
        doing["thrice"] = fail
        jobs.put(probes.thrice, 1, key="once")
        for _ in range(3):
            outbox.run()
            clock.move(hours=1)
        jobs.put(probes.thrice, 2, key="once")
        assert jobs.statuses() == ["dead"]

    def test_and_within_one_transaction_and_others_are_kept(self, jobs):
        with jobs.request() as request:
            outbox = request.find_service(Outbox)
            for number, key in [(1, "a"), (2, "a"), (3, None), (4, "b"), (5, None), (6, "b")]:
                outbox.put(probes.note_down, {"number": number}, key=key)
        assert [job.payload for job in jobs.rows()] == [f'{{"number":{number}}}' for number in (1, 3, 4, 5)]

    def test_of_two_transactions_at_a_time_one_puts_it_and_neither_fails(self, committed_jobs):
        gate = threading.Barrier(2)
        errors = []

        def put(number):
            try:
                for turn in range(20):
                    gate.wait(30)
                    with committed_jobs.request() as request:
                        request.db.add(Pool(capacity=number, taken=0))
                        request.find_service(Outbox).put(probes.note_down, {"number": number}, key=f"turn-{turn}")
            except BaseException as error:
                errors.append(error)
                raise

        threads = [threading.Thread(target=put, args=(number,)) for number in (1, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert errors == []
        assert sorted(job.key for job in committed_jobs.rows()) == sorted(f"turn-{turn}" for turn in range(20))
        assert committed_jobs.written() == 40

    def test_of_a_transaction_that_is_undone_it_is_free_again(self, jobs):
        with undone(jobs) as request:
            request.find_service(Outbox).put(probes.note_down, {"number": 1}, key="once")
        jobs.put(probes.note_down, 2, key="once")
        assert [job.payload for job in jobs.rows()] == ['{"number":2}']


def test_the_bell_rings_after_the_commit_and_not_without(jobs):
    bell = jobs.registry.bell = Bell()
    before = bell.rings("default")
    with undone(jobs) as request:
        request.find_service(Outbox).put(probes.note_down)
    with contextlib.suppress(IntegrityError), jobs.request() as request:
        request.find_service(Outbox).put(probes.note_down)
        request.db.add(Pool(capacity=0, taken=1))  # refused by the database, when all is written
    assert bell.rings("default") == before
    with jobs.request() as request:
        request.find_service(Outbox).put(probes.note_down)
        assert bell.rings("default") == before
    assert bell.rings("default") == before + 1
    assert bell.rings("elsewhere") == 0
    assert len(jobs.rows()) == 1


def fail(*_given):
    raise RuntimeError("it does not work")


def test_jobs_are_numbered_in_the_order_in_which_they_were_put(jobs):
    with jobs.request() as request:
        outbox = request.find_service(Outbox)
        for number in range(30):
            outbox.put(probes.note_down, {"number": number})
    assert [job.payload for job in jobs.rows()] == [f'{{"number":{number}}}' for number in range(30)]
