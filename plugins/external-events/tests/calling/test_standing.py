"""What is remembered of a source: that it refused the key, and when its quota is spent."""

import pytest

from turnout_external_events.sources import KeyRefused, Pace, QuotaSpent


class TestKey:
    def test_a_key_that_was_refused_is_not_tried_again_for_a_minute(self, ask, source, travel):
        source.reply(401, {"said": "no such key"})
        with pytest.raises(KeyRefused, match="no such key"):
            ask()
        for pace in Pace:
            with pytest.raises(KeyRefused, match="no such key"):
                ask(pace)
        travel(59)
        with pytest.raises(KeyRefused):
            ask()
        assert len(source.calls) == 1
        travel(2)
        ask()
        assert len(source.calls) == 2

    def test_that_it_was_refused_is_known_until_it_is_taken(self, caller, ask, source, travel):
        ask()
        assert caller.refused_key() is None
        source.reply(401, {"said": "no such key"})
        with pytest.raises(KeyRefused):
            ask()
        assert caller.refused_key() == "Acme says: no such key"
        travel(61)
        source.reply(429, {"quota": "spent"})
        with pytest.raises(QuotaSpent):
            ask()
        assert caller.refused_key() == "Acme says: no such key"
        travel(7201)
        ask()
        assert caller.refused_key() is None

    def test_another_key_is_tried(self, ask, source, make_caller, redis):
        for secret, expected in (("one", 1), ("other", 2)):
            source.reply(401)
            caller = make_caller(secret=secret, storage=redis.url)
            with pytest.raises(KeyRefused):
                ask(by=caller)
            assert len(source.calls) == expected


class TestQuota:
    def test_a_spent_quota_is_not_asked_again(self, ask, source, travel):
        source.reply(429, {"quota": "spent"})
        for _ in range(3):
            with pytest.raises(QuotaSpent) as raised:
                ask()
            assert 7190 < raised.value.seconds <= 7200
        assert len(source.calls) == 1
        travel(7201)
        ask()

    @pytest.mark.parametrize(
        ("headers", "seconds"),
        [
            ({"Retry_After": "600"}, 600),
            ({"X_Left": "0", "X_More_In": "900", "Retry_After": "600"}, 900),
            ({"X_Left": "0", "X_More_In": "nan"}, 86_400),
            ({"X_Left": "0", "X_More_In": "-5"}, 0),
            ({"X_Left": "3", "X_More_In": "900"}, 7200),
        ],
    )
    def test_how_long_it_is_spent_is_what_the_source_says(self, ask, source, headers, seconds):
        source.reply(429, {"quota": "spent"}, **headers)
        with pytest.raises(QuotaSpent) as raised:
            ask()
        assert raised.value.seconds == seconds

    def test_after_the_last_call_no_other_is_made(self, ask, source, travel):
        source.reply(200, {"events": 1}, X_Left="1", X_More_In="900")
        source.reply(200, {"events": 2}, X_Left="0", X_More_In="900")
        assert [ask(), ask()] == [{"events": 1}, {"events": 2}]
        for pace in Pace:
            with pytest.raises(QuotaSpent) as raised:
                ask(pace)
            assert 890 < raised.value.seconds <= 900
        assert len(source.calls) == 2
        travel(901)
        ask()

    def test_who_is_too_busy_and_has_none_left_is_not_asked_again(self, ask, source):
        source.reply(503, X_Left="0", X_More_In="900")
        with pytest.raises(QuotaSpent):
            ask()
        assert len(source.calls) == 1

    def test_all_processes_know_of_it(self, ask, source, make_caller, redis):
        one, other = (make_caller(storage=redis.url) for _ in range(2))
        source.reply(200, {}, X_Left="0", X_More_In="900")
        ask(by=one)
        with pytest.raises(QuotaSpent):
            ask(by=other)
        assert len(source.calls) == 1
