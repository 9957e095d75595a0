"""The state of jobs: what is taken, in which order, and who may end it."""

import itertools
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session
from tests.unit.outbox import probes

from turnout.outbox.models import Job
from turnout.outbox.queue import WINDOW, LeaseLost, Queue

LEASE = timedelta(seconds=60)


@pytest.fixture
def queue(jobs, session, clock):
    """Give the queue as it is at the clock's moment, whenever it is asked for."""
    return lambda: Queue(session, clock.now(), LEASE)


@pytest.fixture
def leases():
    numbers = itertools.count(1)
    return lambda: f"lease-{next(numbers)}"


@pytest.fixture
def take(queue, leases):
    """Take up to `limit` jobs of the default queue; return what they work on, those of a batch together."""

    def take(limit=10, batch=1):
        return queue().take("default", limit, lambda _handler: batch, leases)

    return take


def numbers(taken):
    return [[int(job.payload.strip('{"number:}')) for job in work.jobs] for work in taken]


def fail(*_given):
    raise RuntimeError("it does not work")


class TestStreams:
    def test_without_a_stream_all_are_taken_in_the_order_in_which_they_are_due(self, jobs, take, clock):
        jobs.put(probes.note_down, 1, delay=timedelta(seconds=2))
        jobs.put(probes.note_down, 2)
        jobs.put(probes.note_down, 3)
        clock.move(seconds=2)
        assert numbers(take()) == [[2], [3], [1]]

    def test_no_more_are_taken_than_wanted(self, jobs, take):
        for number in range(5):
            jobs.put(probes.note_down, number)
        assert numbers(take(2)) == [[0], [1]]
        assert numbers(take(2)) == [[2], [3]]
        assert numbers(take(2)) == [[4]]
        assert take(2) == []

    def test_of_a_stream_only_the_oldest_is_taken_and_of_others_theirs(self, jobs, take, queue):
        for number, stream in enumerate(["a", "a", "b", "a", "b", None]):
            jobs.put(probes.note_down, number, stream=stream)
        first = take()
        assert numbers(first) == [[0], [2], [5]]
        assert take() == []
        queue().finish(first[0])
        assert numbers(take()) == [[1]]

    def test_streams_of_two_handlers_are_two(self, jobs, take):
        jobs.put(probes.note_down, 1, stream="a")
        jobs.put(probes.thrice, 2, stream="a")
        assert numbers(take()) == [[1], [2]]

    def test_a_failed_one_holds_back_later_ones_of_its_stream_only(self, jobs, outbox, doing, calls, clock):
        doing["thrice"] = lambda number, _job: fail() if number == 1 else None
        for number, stream in [(1, "a"), (2, "a"), (3, "b"), (4, None)]:
            jobs.put(probes.thrice, number, stream=stream)
        outbox.run()
        assert [given[1] for given in calls] == [1, 3, 4]
        clock.move(seconds=10)
        doing.clear()
        outbox.run()
        assert [given[1] for given in calls] == [1, 3, 4, 1, 2]

    def test_a_dead_one_holds_back_nothing(self, jobs, outbox, doing, calls, clock):
        doing["thrice"] = lambda number, _job: fail() if number == 1 else None
        for number in (1, 2):
            jobs.put(probes.thrice, number, stream="a")
        for _ in range(probes.ATTEMPTS):
            outbox.run()
            clock.move(hours=1)
        assert [given[1] for given in calls] == [1, 1, 1, 2]
        assert jobs.statuses() == ["dead", "done"]

    def test_a_delayed_one_holds_back_the_later_ones(self, jobs, take, clock):
        jobs.put(probes.note_down, 1, stream="a", delay=timedelta(hours=1))
        jobs.put(probes.note_down, 2, stream="a")
        assert take() == []
        clock.move(hours=1)
        assert numbers(take()) == [[1]]

    def test_another_queue_is_not_touched(self, jobs, take, queue, leases):
        jobs.put(probes.elsewhere, 1)
        assert take() == []
        assert numbers(queue().take("elsewhere", 10, lambda _handler: 1, leases)) == [[1]]

    def test_a_thousand_in_order(self, jobs, outbox, calls):
        with jobs.request() as request:
            from turnout.outbox.services import Outbox

            put = request.find_service(Outbox).put
            for number in range(1000):
                put(probes.note_down, {"number": number}, stream=f"stream-{number % 7}")
        outbox.run()
        assert len(calls) == 1000
        for stream in range(7):
            own = [number for _, number in calls if number % 7 == stream]
            assert own == sorted(own)

    def test_work_behind_a_stream_with_very_much_is_found(self, jobs, take):
        """Its oldest is another's, and it fills what is looked at first."""
        with jobs.request() as request:
            from turnout.outbox.services import Outbox

            put = request.find_service(Outbox).put
            for number in range(WINDOW + 5):
                put(probes.note_down, {"number": number}, stream="long")
            put(probes.note_down, {"number": 777}, stream="short")
            put(probes.note_down, {"number": 666}, delay=timedelta(hours=1))
            for number in range(888, 891):
                put(probes.note_down, {"number": number})
        assert numbers(take(1)) == [[0]]
        assert sorted(numbers(take(10))) == [[777], [888], [889], [890]]


class TestBatches:
    def put(self, jobs, *numbers, stream="s", **options):
        for number in numbers:
            jobs.put(probes.note_each, number, stream=stream, **options)

    def test_those_of_a_stream_are_taken_together_up_to_the_limit(self, jobs, take):
        self.put(jobs, 1, 2, 3, 4, 5, 6)
        self.put(jobs, 7, 8, stream="t")
        assert numbers(take(batch=4)) == [[1, 2, 3, 4], [7, 8]]
        assert take(batch=4) == []  # the rest of the stream waits for these

    def test_those_without_a_stream_are_taken_one_by_one(self, jobs, take):
        self.put(jobs, 1, 2, 3, stream=None)
        assert numbers(take(batch=4)) == [[1], [2], [3]]

    def test_without_a_stream_each_is_done_once(self, jobs, outbox, calls):
        self.put(jobs, *range(9), stream=None)
        assert outbox.run() == 9
        assert [given for _, given, _ in calls] == [[number] for number in range(9)]
        assert {(job.status, job.attempts) for job in jobs.rows()} == {("done", 1)}

    def test_the_handler_gets_them_in_order_and_the_first_job(self, jobs, outbox, calls):
        self.put(jobs, 3, 1, 2, 9, 7)
        ids = [job.id for job in jobs.rows()]
        outbox.run()
        assert [(given, job.id) for _, given, job in calls] == [([3, 1, 2, 9], ids[0]), ([7], ids[4])]

    def test_it_ends_before_one_that_is_not_due(self, jobs, take):
        self.put(jobs, 1, 2)
        self.put(jobs, 3, delay=timedelta(hours=1))
        self.put(jobs, 4)
        assert numbers(take(batch=4)) == [[1, 2]]

    def test_it_ends_before_one_that_failed(self, jobs, take, session):
        self.put(jobs, 1, 2, 3)
        session.execute(update(Job).where(Job.payload == '{"number":2}').values(attempts=1))
        assert numbers(take(batch=4)) == [[1]]

    def test_after_a_failure_each_is_tried_alone_in_order_and_counts_its_attempts(
        self, jobs, outbox, doing, calls, clock
    ):
        doing["note_each"] = lambda many, _job: fail() if 3 in many else None
        self.put(jobs, 1, 2, 3, 4, 5)
        outbox.run()
        assert [(given, job.attempt) for _, given, job in calls] == [([1, 2, 3, 4], 1)]
        calls.clear()
        clock.move(seconds=5)
        outbox.run()
        assert [(given, job.attempt) for _, given, job in calls] == [([1], 2), ([2], 2), ([3], 2)]
        doing.clear()
        calls.clear()
        clock.move(minutes=1)
        outbox.run()
        assert [(given, job.attempt) for _, given, job in calls] == [([3], 3), ([4], 2), ([5], 1)]
        assert {job.status for job in jobs.rows()} == {"done"}

    def test_a_batch_that_lost_one_of_its_leases_counts_for_none(self, jobs, take, queue, session):
        self.put(jobs, 1, 2, 3)
        [work] = take(batch=4)
        session.execute(update(Job).where(Job.id == work.ids[1]).values(lease="another's"))
        with pytest.raises(LeaseLost):
            queue().finish(work)


class TestLeases:
    @pytest.fixture
    def taken(self, jobs, take):
        jobs.put(probes.note_down, 1, stream="s")
        jobs.put(probes.note_down, 2, stream="s")
        [work] = take()
        return work

    def test_what_is_taken_is_nobody_elses_until_the_lease_ends(self, taken, take, clock):
        clock.move(seconds=59)
        assert take() == []
        clock.move(seconds=1)
        [again] = take()
        assert again.ids == taken.ids
        assert (again.jobs[0].attempts, again.lease != taken.lease) == (2, True)

    def test_who_lost_it_can_do_nothing(self, taken, take, queue, clock, jobs):
        clock.move(seconds=60)
        [again] = take()
        with pytest.raises(LeaseLost):
            queue().finish(taken)
        queue().fail(taken, "no", timedelta(hours=1))
        queue().fail(taken, "no", None)
        queue().give_back(taken)
        queue().renew([taken.lease])
        [row, _] = jobs.rows()
        assert (row.status, row.lease, row.error, row.attempts) == ("running", again.lease, "", 2)
        queue().finish(again)
        assert jobs.statuses() == ["done", "waiting"]

    def test_what_is_done_cannot_be_ended_again(self, taken, queue, jobs):
        queue().finish(taken)
        with pytest.raises(LeaseLost):
            queue().finish(taken)
        queue().fail(taken, "no", None)
        queue().give_back(taken)
        assert jobs.statuses() == ["done", "waiting"]

    def test_renewing_lets_it_last(self, taken, take, queue, clock):
        clock.move(seconds=50)
        queue().renew([taken.lease, "nobody's"])
        clock.move(seconds=59)
        assert take() == []
        clock.move(seconds=1)
        assert len(take()) == 1

    def test_what_is_given_back_is_as_if_it_had_not_been_taken(self, taken, take, queue, jobs):
        queue().give_back(taken)
        [row, _] = jobs.rows()
        assert (row.status, row.lease, row.attempts) == ("waiting", None, 0)
        assert [work.ids for work in take()] == [taken.ids]

    def test_a_batch_is_given_back_whole_and_in_order(self, jobs, take, queue):
        for number in range(3):
            jobs.put(probes.note_each, number, stream="s")
        [work] = take(batch=4)
        queue().give_back(work)
        assert numbers(take(batch=4)) == [[0, 1, 2]]

    def test_what_may_have_ended_its_worker_is_taken_alone(self, jobs, take, clock):
        for number in range(6):
            jobs.put(probes.note_down, number)
        assert len(take(3)) == 3
        clock.move(seconds=60)  # later than those that were never taken
        assert numbers(take()) == [[3], [4], [5]]
        assert [numbers(take()) for _ in range(4)] == [[[0]], [[1]], [[2]], []]


@pytest.mark.postgresql
@pytest.mark.parametrize("database", ["postgresql"])
class TestTwoAtOnce:
    """Two transactions that have both not ended. On SQLite there cannot be two."""

    @pytest.fixture
    def sessions(self, committed_jobs):
        engine = committed_jobs.registry.engine
        with Session(engine) as one, Session(engine) as other:
            yield one, other

    def of(self, session, jobs, batch=1, limit=10):
        queue = Queue(session, jobs.registry.clock.now(), LEASE)
        numbers = itertools.count(id(session))
        return queue.take("default", limit, lambda _handler: batch, lambda: f"lease-{next(numbers)}")

    def test_they_pass_over_each_others_rows(self, committed_jobs, sessions):
        for number in range(4):
            committed_jobs.put(probes.note_down, number)
        one, other = sessions
        assert numbers(self.of(one, committed_jobs, limit=3)) == [[0], [1], [2]]
        assert numbers(self.of(other, committed_jobs)) == [[3]]

    def test_a_stream_that_is_being_taken_is_left_alone(self, committed_jobs, sessions):
        for number in range(4):
            committed_jobs.put(probes.note_down, number, stream="s")
        one, other = sessions
        assert numbers(self.of(one, committed_jobs)) == [[0]]
        assert self.of(other, committed_jobs) == []
        one.rollback()
        assert numbers(self.of(other, committed_jobs)) == [[0]]

    def test_a_batch_takes_nothing_from_one_that_began_behind_it(self, committed_jobs, sessions):
        """Ids are given before the commit: a job may come to light when the next one of its stream is already taken."""
        from concurrent.futures import ThreadPoolExecutor

        one, other = sessions
        now = committed_jobs.registry.clock.now()
        late = {"queue": "default", "handler": "tests.unit.outbox.probes.note_each", "stream": "s", "due_at": now}
        with Session(committed_jobs.registry.engine) as slow, ThreadPoolExecutor(1) as thread:
            slow.add(Job(payload='{"number":0}', created_at=now, **late))
            slow.flush()
            for number in (1, 2):
                committed_jobs.put(probes.note_each, number, stream="s")
            assert numbers(self.of(one, committed_jobs, batch=4)) == [[1, 2]]
            slow.commit()
            second = thread.submit(self.of, other, committed_jobs, 4)
            with pytest.raises(TimeoutError):
                second.result(1)  # it waits for the first to end
            one.commit()
            assert numbers(second.result(10)) == [[0]]
