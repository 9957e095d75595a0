"""When failed work is tried again, and when no more."""

from datetime import timedelta

import pytest
from tests.unit.outbox import probes

from turnout.errors import TryAgain
from turnout.outbox import retries
from turnout.outbox.retries import Retry


class Dice:
    """Falls as it is told."""

    def __init__(self, share):
        self.share = share

    def uniform(self, low, high):
        return low + self.share * (high - low)


def pauses(retry, share, monkeypatch):
    monkeypatch.setattr(retries, "random", Dice(share))
    return [retry.pause(attempt).total_seconds() for attempt in range(1, retry.attempts)]


def test_each_pause_is_twice_the_one_before_up_to_the_longest(monkeypatch):
    retry = Retry(8, first=5, longest=100)
    assert pauses(retry, 1, monkeypatch) == [5, 10, 20, 40, 80, 100, 100]


def test_jitter_takes_up_to_half_away(monkeypatch):
    retry = Retry(4, first=8, longest=100)
    assert pauses(retry, 0, monkeypatch) == [4, 8, 16]
    assert pauses(retry, 0.5, monkeypatch) == [6, 12, 24]


def test_no_two_pauses_are_alike():
    assert len({Retry().pause(5) for _ in range(50)}) > 40


def test_the_last_attempt_has_no_pause():
    assert Retry(3).pause(2) is not None
    assert Retry(3).pause(3) is None
    assert Retry(3).pause(4) is None
    assert Retry(1).pause(1) is None


def test_a_thousand_attempts_are_no_number_too_large():
    assert Retry(1000).pause(999) <= timedelta(hours=1)


def fail(*_given):
    raise RuntimeError("it does not work")


class TestJobs:
    def test_a_failed_job_waits_and_is_tried_again(self, jobs, outbox, doing, clock):
        doing["thrice"] = fail
        jobs.put(probes.thrice, 1)
        assert outbox.run() == 1
        [job] = outbox.waiting
        assert (job.attempts, job.error, job.lease) == (1, "RuntimeError: it does not work", None)
        assert timedelta(seconds=5) <= job.due_at - clock.now() <= timedelta(seconds=10)
        assert outbox.run() == 0
        del doing["thrice"]
        clock.move(seconds=10)
        assert outbox.run() == 1
        [job] = jobs.rows()
        assert (job.status, job.attempts, job.error, job.finished_at) == ("done", 2, "", clock.now())

    def test_after_its_last_attempt_it_is_dead_for_good(self, jobs, outbox, doing, calls, clock):
        doing["thrice"] = fail
        jobs.put(probes.thrice, 1)
        for _ in range(5):
            outbox.run()
            clock.move(days=1)
        [job] = outbox.dead
        assert (job.attempts, job.error) == (3, "RuntimeError: it does not work")
        assert job.finished_at == clock.now() - timedelta(days=3)
        assert [(given.attempt, given.is_last_attempt) for _, _, given in calls] == [(1, False), (2, False), (3, True)]

    def test_without_a_word_of_its_own_it_is_tried_as_often_as_the_setting_says(
        self, jobs, outbox, doing, clock, monkeypatch
    ):
        monkeypatch.setitem(jobs.registry.settings, "outbox.attempts", 2)
        doing["note_down"] = fail
        jobs.put(probes.note_down)
        outbox.run()
        assert jobs.statuses() == ["waiting"]
        clock.move(days=1)
        outbox.run()
        assert jobs.statuses() == ["dead"]

    def test_a_long_error_is_cut(self, jobs, outbox, doing):
        doing["note_down"] = raiser(RuntimeError("x" * 10_000))
        jobs.put(probes.note_down)
        outbox.run()
        [job] = outbox.waiting
        assert job.error == ("RuntimeError: " + "x" * 10_000)[:2000]

    @pytest.mark.parametrize("words", ["a \x00 in it", "half a \ud800 pair", "\N{HOT BEVERAGE}"])
    def test_an_error_may_say_what_no_database_keeps(self, jobs, outbox, doing, words):
        doing["note_down"] = raiser(RuntimeError(words))
        jobs.put(probes.note_down)
        outbox.run()
        [job] = outbox.waiting
        assert job.error.startswith("RuntimeError: ")
        assert len(job.error) == len("RuntimeError: " + words)

    def test_or_nothing_at_all(self, jobs, outbox, doing):
        doing["note_down"] = raiser(Unspeakable())
        jobs.put(probes.note_down)
        outbox.run()
        assert outbox.waiting[0].error == "Unspeakable: (it cannot say what)"

    @pytest.mark.parametrize("error", [SystemExit(3), GeneratorExit(), BaseException("base")])
    def test_what_is_no_exception_is_a_failure_too(self, jobs, outbox, doing, error):
        doing["write"] = raiser(error)
        jobs.put(probes.write, 1, argument="capacity")
        jobs.put(probes.note_down, 1)
        assert outbox.run() == 2
        assert jobs.statuses() == ["waiting", "done"]
        assert jobs.rows()[0].error.startswith(type(error).__name__)
        assert jobs.written() == 0

    def test_whoever_interrupts_is_heard(self, jobs, outbox, doing):
        doing["note_down"] = raiser(KeyboardInterrupt())
        jobs.put(probes.note_down)
        with pytest.raises(KeyboardInterrupt):
            outbox.run()

    def test_somebody_quicker_is_met_by_trying_at_once(self, jobs, outbox, doing, calls):
        doing["write"] = lambda *_given: raiser(TryAgain())() if len(calls) < 3 else None
        jobs.put(probes.write, 1, argument="capacity")
        outbox.run()
        [job] = jobs.rows()
        assert (len(calls), job.status, job.attempts, jobs.written()) == (3, "done", 1, 1)

    def test_somebody_quicker_each_time_is_a_failure(self, jobs, outbox, doing, calls):
        doing["write"] = raiser(TryAgain())
        jobs.put(probes.write, 1, argument="capacity")
        outbox.run()
        [job] = jobs.rows()
        assert (len(calls), job.status, job.attempts, jobs.written()) == (3, "waiting", 1, 0)

    def test_a_handler_that_is_not_installed_any_more(self, jobs, outbox, clock, monkeypatch):
        jobs.put(probes.note_down)
        monkeypatch.delitem(jobs.registry.handlers, "tests.unit.outbox.probes.note_down")
        outbox.run()
        [job] = outbox.waiting
        assert job.error == "LookupError: this installation has no handler tests.unit.outbox.probes.note_down"
        monkeypatch.undo()
        clock.move(seconds=5)
        outbox.run()
        assert [row.status for row in jobs.rows() if row.id == job.id] == ["done"]


class Unspeakable(Exception):
    """Breaks when it is asked."""

    def __str__(self):
        raise ValueError("no words")

    __repr__ = __str__


def raiser(error):
    def fail(*_given):
        raise error

    return fail
