"""What fakes of sources share."""

import subprocess
import sys
from contextlib import ExitStack
from datetime import UTC, date, datetime

import click
import httpx2
import pytest
from turnout.testing.fakes import Answer

from turnout_external_events.testing.fakes import FakeSource, Limits, by_hand

BEGIN = datetime(2027, 3, 1, 23, 59, 58, tzinfo=UTC).timestamp()


class FakeAcme(FakeSource):
    title = "Acme"
    api_prefixes = ("/v2/",)

    def __init__(self, port=0, *, api_key="fake-key", **usual):
        super().__init__(port, **usual)
        self.api_key = api_key
        self.limits.per_day = 5000

    def settings(self):
        return {"acme.base_url": f"{self.url}/v2", "acme.api_key": self.api_key}

    def answer(self, call):
        limits = [self.limits.per_second, self.limits.per_day]
        return Answer.json({"key": self.api_key, "today": str(self.today), "many": self.many, "limits": limits})

    def problem(self, status, message):
        return Answer.json({"message": message}, status)


@pytest.fixture
def now():
    return [BEGIN]


@pytest.fixture
def limits(now):
    return Limits(lambda: now[0])


def waits(limits, times):
    return [limits.take().wait for _ in range(times)]


def test_without_limits_every_call_is_answered(limits):
    assert waits(limits, 3) == [None] * 3
    assert (limits.take().used, limits.take().day_ends - BEGIN) == (4, 2)


def test_calls_of_a_second(limits, now):
    limits.per_second = 2
    assert waits(limits, 3) == [None, None, 1]
    now[0] += 0.5
    assert waits(limits, 1) == [1]
    now[0] += 0.5
    assert waits(limits, 3) == [None, None, 1]


def test_calls_of_a_day_and_those_that_were_refused_count(limits, now):
    limits.per_second, limits.per_day = 1, 3
    assert waits(limits, 2) == [None, 1]
    now[0] += 1
    assert waits(limits, 2) == [None, 1]
    assert limits.take().used == 5
    now[0] += 1
    assert [limits.take().used for _ in range(2)] == [1, 2]


def test_it_begins_today_unless_it_is_told_when():
    may = datetime(2028, 5, 6, 23, 59, tzinfo=UTC)
    with FakeAcme(now=may.timestamp) as fake:
        assert (fake.today, fake.many) == (date(2028, 5, 6), 300)
    with FakeAcme(today=date(2027, 1, 1), many=5) as fake:
        assert (fake.today, fake.many) == (date(2027, 1, 1), 5)


def test_a_key_is_good_until_it_is_revoked():
    with FakeAcme() as fake:
        assert not fake.is_revoked
        fake.revoke_key()
        assert fake.is_revoked


@pytest.fixture
def run():
    """Return what runs a fake by hand, as this very file does; gives the settings that it prints, and what asks it."""
    with ExitStack() as running, httpx2.Client(trust_env=False) as client:

        def run(*arguments):
            command = [sys.executable, "-W", "ignore", __file__, *arguments]
            process = running.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            running.callback(process.kill)
            printed = dict(process.stdout.readline().strip().split(" = ") for _ in range(2))
            return printed, lambda: client.get(f"{printed['acme.base_url']}/")

        yield run


def test_it_runs_by_hand(run):
    printed, ask = run()
    assert printed["acme.api_key"] == "fake-key"
    assert ask().json() == {"key": "fake-key", "today": str(datetime.now(UTC).date()), "many": 300, "limits": [0, 5000]}


def test_what_it_is_told_to_be(run):
    printed, ask = run(
        "--key", "mine", "--events", "20", "--today", "2027-05-01", "--per-second", "9", "--per-day", "0"
    )
    assert printed["acme.api_key"] == "mine"
    assert ask().json() == {"key": "mine", "today": "2027-05-01", "many": 20, "limits": [9, 0]}


def test_how_it_is_told_to_fail(run):
    _, ask = run("--fail-every", "2", "--fault", "busy", "--fault", "error", "--delay", "0.1")
    assert [ask().status_code for _ in range(4)] == [200, 429, 200, 500]
    assert ask().elapsed.total_seconds() > 0.1


if __name__ == "__main__":
    by_hand(FakeAcme, click.Option(["--key", "api_key"], default="fake-key"))()
