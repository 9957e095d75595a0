"""What is remembered of what a source answered, and how often it is asked."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from turnout.plugin import StartError
from turnout.testing.fakes import ERROR

from turnout_external_events.sources import KeyRefused, Pace, QuotaSpent, SourceError, Unavailable

ACCOUNT = "counted together"
DOWN = "redis://127.0.0.1:1/0"


@pytest.fixture(params=["memory", "redis", "redis that is down"])
def storage(request):
    if request.param == "redis":
        broker = request.getfixturevalue("redis")
        if hasattr(broker, "send"):
            broker.send("FLUSHALL")
        return broker.url
    return "memory://" if request.param == "memory" else DOWN


class TestAnswers:
    def asked(self, caller, pace, **parameters):
        return caller.get("/events", parameters, pace)["asked"]

    def test_who_waits_is_given_what_is_known(self, make_caller, storage):
        caller = make_caller(storage=storage)
        assert [self.asked(caller, Pace.QUICK, q="jazz", page=1) for _ in range(3)] == [1, 1, 1]
        assert self.asked(caller, Pace.QUICK, q="jazz", page=2) == 2
        assert self.asked(caller, Pace.QUICK, page=1, q="jazz") == 1
        assert caller.get("/venues", {"q": "jazz", "page": 1}, Pace.QUICK)["asked"] == 3

    def test_who_has_time_is_given_what_is_new_and_others_have_it(self, make_caller, storage):
        caller = make_caller(storage=storage)
        assert self.asked(caller, Pace.QUICK) == 1
        assert self.asked(caller, Pace.STEADY) == 2
        assert self.asked(caller, Pace.QUICK) == 2

    def test_it_is_not_remembered_for_long(self, make_caller, storage, travel):
        caller = make_caller(storage=storage, cache_minutes=2)
        assert self.asked(caller, Pace.QUICK) == 1
        travel(110)
        assert self.asked(caller, Pace.QUICK) == 1
        travel(20)
        assert self.asked(caller, Pace.QUICK) == 2

    def test_nothing_is_remembered_where_nobody_wants_that(self, make_caller, storage):
        caller = make_caller(storage=storage, cache_minutes=0)
        assert [self.asked(caller, Pace.QUICK) for _ in range(2)] == [1, 2]

    def test_errors_are_not_remembered(self, make_caller, source, storage):
        caller = make_caller(storage=storage)
        source.reply(404)
        source.reply(200, ["no object"])
        for _ in range(2):
            with pytest.raises(SourceError):
                self.asked(caller, Pace.QUICK)
        assert self.asked(caller, Pace.QUICK) == 3

    def test_nobody_changes_what_others_are_given(self, make_caller, storage):
        caller = make_caller(storage=storage)
        caller.get("/events", {}, Pace.QUICK)["asked"] = "changed"
        assert self.asked(caller, Pace.QUICK) == 1

    def test_those_who_ask_the_same_ask_once(self, make_caller, source, storage):
        caller = make_caller(storage=storage)
        source.faults.delay = 0.2
        ready = threading.Barrier(8)

        def ask(_):
            ready.wait()
            return self.asked(caller, Pace.QUICK)

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(ask, range(8))) == {1}
        assert len(source.calls) == 1

    def test_those_who_ask_in_vain_do_not_wait_for_one_another(self, make_caller, source):
        caller = make_caller(quick_seconds=1)
        source.faults.delay = 10
        with ThreadPoolExecutor(5) as pool:
            begun = time.monotonic()
            asked = [pool.submit(self.asked, caller, Pace.QUICK) for _ in range(5)]
            for each in asked:
                with pytest.raises(Unavailable):
                    each.result()
            assert time.monotonic() - begun < 2

    def test_not_more_is_kept_than_there_is_room_for(self, make_caller, source, monkeypatch):
        monkeypatch.setattr("turnout_external_events.sources.calling.caller.MOST_REMEMBERED", 10_000)
        caller = make_caller()
        for number in range(20):
            source.reply(200, {"asked": number, "much": "x" * 1000})
            self.asked(caller, Pace.QUICK, page=number)
        assert len(caller._answers.actual_backend._cache._values) == 9
        source.reply(200, {"asked": "large", "much": "x" * 20_000})
        assert self.asked(caller, Pace.QUICK, page="large") == "large"

    def test_processes_know_of_one_anothers(self, make_caller, redis):
        one, other = (make_caller(storage=redis.url) for _ in range(2))
        assert self.asked(one, Pace.QUICK) == self.asked(other, Pace.QUICK)

    def test_redis_forgets_them_by_itself(self, make_caller, redis):
        caller = make_caller(storage=redis.url, cache_minutes=2, secret="forgotten soon")
        client = caller._answers.actual_backend.writer_client
        before = set(client.keys("*"))
        self.asked(caller, Pace.QUICK)
        kept = [client.pttl(key) for key in set(client.keys("turnout:external-events:*")) - before]
        assert len(kept) == 1
        assert 100_000 < kept[0] <= 120_000

    def test_what_one_account_was_answered_is_not_anothers(self, make_caller, redis):
        one, other = (make_caller(storage=redis.url, secret=secret) for secret in ("one", "other"))
        assert self.asked(one, Pace.QUICK) != self.asked(other, Pace.QUICK)


class TestShare:
    def test_so_many_are_asked_in_a_second(self, make_caller, ask, source, storage):
        caller = make_caller(storage=storage, per_second=3)
        with ThreadPoolExecutor(7) as pool:
            for each in [pool.submit(ask, Pace.STEADY, caller) for _ in range(7)]:
                each.result()
        # Three now, three after a second, one after two; a call may be a little late under way.
        assert 1.5 < max(source.times) - min(source.times) < 10
        assert sorted(source.times)[3] - min(source.times) > 0.5

    def test_who_waits_does_not_wait_long_for_a_turn(self, make_caller, ask, source):
        caller = make_caller(per_second=1, quick_seconds=0.5)
        ask(Pace.QUICK, caller)
        begun = time.monotonic()
        with pytest.raises(Unavailable, match="too often"):
            ask(Pace.QUICK, caller)
        assert time.monotonic() - begun < 0.6
        assert len(source.calls) == 1

    def test_so_many_are_asked_in_a_day(self, make_caller, ask, source, storage, travel):
        caller = make_caller(storage=storage, per_day=3)
        ask(by=caller)
        travel(3600)
        for _ in range(2):
            ask(by=caller)
        for pace in (Pace.STEADY, Pace.QUICK):
            with pytest.raises(QuotaSpent) as raised:
                ask(pace, caller)
            assert 23 * 3600 - 10 < raised.value.seconds <= 23 * 3600
        assert len(source.calls) == 3
        travel(23 * 3600 + 1)
        ask(by=caller)
        with pytest.raises(QuotaSpent):
            ask(by=caller)

    def test_those_for_whom_somebody_waits_leave_half_of_a_day(self, make_caller, ask, source, storage, travel):
        caller = make_caller(storage=storage, per_day=6, secret="halves")
        for _ in range(3):
            ask(Pace.QUICK, caller)
        with pytest.raises(QuotaSpent, match="as a day is to have"):
            ask(Pace.QUICK, caller)
        for _ in range(3):
            ask(Pace.STEADY, caller)
        with pytest.raises(QuotaSpent):
            ask(Pace.STEADY, caller)
        assert len(source.calls) == 6
        travel(24 * 3600 + 1)
        ask(Pace.QUICK, caller)

    def test_each_attempt_counts(self, make_caller, ask, source):
        caller = make_caller(per_day=3)
        source.faults.every, source.faults.kinds = 1, (ERROR,)
        with pytest.raises(QuotaSpent):
            ask(by=caller)
        assert len(source.calls) == 3

    def test_processes_count_together(self, make_caller, ask, redis):
        one, other = (make_caller(storage=redis.url, secret=ACCOUNT, per_day=3) for _ in range(2))
        ask(by=one)
        ask(by=one)
        ask(by=other)
        for caller in (one, other):
            with pytest.raises(QuotaSpent):
                ask(by=caller)

    def test_what_was_refused_is_remembered_though_redis_is_down(self, make_caller, ask, source):
        caller = make_caller(storage=DOWN)
        source.reply(401)
        for _ in range(2):
            with pytest.raises(KeyRefused):
                ask(by=caller)
        assert len(source.calls) == 1

    def test_redis_may_go_and_come_back(self, make_caller, ask, source, redis):
        if not hasattr(redis, "stop"):
            pytest.skip("this Redis is not ours to stop")
        caller = make_caller(storage=redis.url, per_day=3, secret=f"{ACCOUNT} and there")
        ask(by=caller)
        redis.stop()
        for _ in range(3):
            ask(by=caller)
        with pytest.raises(QuotaSpent):
            ask(by=caller)
        redis.start()
        for _ in range(2):
            ask(by=caller)
        with pytest.raises(QuotaSpent):
            ask(by=caller)
        assert len(source.calls) == 6


@pytest.mark.parametrize(
    "url", ["redis://:hidden:word@localhost:nonsense/0", "memcached://hidden", "hidden", "", "http://hidden"]
)
def test_a_storage_that_cannot_be_is_refused_without_its_password(make_caller, url):
    with pytest.raises(StartError, match=r"external_events\.storage") as raised:
        make_caller(storage=url)
    assert "hidden" not in str(raised.value)
