"""Background work that Celery does, over a real RabbitMQ and a real Redis: brokers and processes die, work does not."""

import itertools
import os
import signal
import subprocess
import time

import pytest
from tests.concurrency import chores
from tests.concurrency.distributed import LEASE_SECONDS, PATIENCE, Distributed

from turnout.testing.databases import KINDS
from turnout.testing.live import Live, command

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("brokers")]
PAIRS = (("redis", "sqlite"), ("rabbitmq", "postgresql"))
ALL = tuple(itertools.product(("redis", "rabbitmq"), KINDS))
every_pair = pytest.mark.parametrize("pair", ALL, ids="-".join, indirect=True)
with_redis = pytest.mark.parametrize("pair", PAIRS[:1], ids="-".join, indirect=True)
SOON_AGAIN = {"outbox.redeliver_seconds": "5"}


@pytest.fixture(params=PAIRS, ids="-".join)
def pair(request):
    """Name a broker and a database."""
    return request.param


@pytest.fixture
def broker(pair, workshop):
    return workshop.broker(pair[0])


@pytest.fixture
def fresh(pair, workshop):
    url = workshop.fresh(pair[1])
    yield url
    workshop.databases(pair[1]).drop(url)


@pytest.fixture
def house(fresh, broker, tmp_path):
    if hasattr(broker, "send"):
        broker.send("FLUSHALL")  # what another test left there
    house = Distributed(fresh, tmp_path, broker)
    yield house
    house.close()


@pytest.fixture
def stoppable(broker):
    if not hasattr(broker, "stop"):
        pytest.skip("a variable names the broker, and it is not ours to stop")
    return broker


def words(number, start=0):
    return [f"w{place}" for place in range(start, start + number)]


@every_pair
def test_work_goes_through_and_is_done_once(house):
    house.relay()
    house.celery()
    house.put(chores.mark, *words(40))
    house.put(chores.mark_at_last, "late")
    house.until_done()
    assert sorted(house.words()) == sorted([*words(40), "late"])
    assert {house.tried(word) for word in words(40)} == {1}
    assert house.tried("late") == 3
    house.until(lambda: house.ticks() == 1)


def test_a_broker_that_is_down_from_the_start_delays_work(house, stoppable):
    stoppable.stop()
    house.relay()
    house.put(chores.mark, *words(30))
    house.until(lambda: "cannot be reached" in house.log("relay"))
    house.celery()
    time.sleep(5)
    assert set(house.statuses()) == {"waiting"}
    assert {job.attempts for job in house.jobs()} == {0}
    stoppable.start()
    house.until_done()
    assert sorted(house.words()) == sorted(words(30))
    assert house.log("relay").count("cannot be reached") == 1, "said once, not for each job and try"
    assert house.log("relay").count("the broker is back") == 1
    assert "guest:guest" not in house.log("relay") + house.log("celery")


def test_a_broker_that_dies_in_the_middle_delays_work(house, stoppable):
    house.settings |= SOON_AGAIN
    house.relay()
    house.celery()
    house.put(chores.mark, *words(100))
    house.until(lambda: len(house.marks()) > 20)
    stoppable.stop()
    house.put(chores.mark, *words(100, 100))
    house.until(lambda: "cannot be reached" in house.log("relay"))
    assert "waiting" in house.statuses()
    stoppable.start()
    house.until_done()
    assert sorted(house.words()) == sorted(words(200))


@pytest.mark.parametrize("stage", ["taken", "published", "handed"])
def test_a_relay_is_killed(house, stage):
    dying = house.relay(stage)
    house.put(chores.mark, *words(5))
    house.wait_killed(dying)
    left = "handed" if stage == "handed" else "running"
    assert left in house.statuses()
    assert house.words() == []
    house.celery()
    house.relay()
    house.until_done()
    assert sorted(house.words()) == sorted(words(5))
    assert {house.tried(word) for word in words(5)} == {1}


def test_what_was_published_is_done_without_the_relay(house):
    """A relay that died before it could note that the broker has the work need not be missed."""
    dying = house.relay("published")
    house.put(chores.mark, "orphan")
    house.wait_killed(dying)
    house.celery()
    house.until_done()
    assert house.words() == ["orphan"]


@pytest.mark.parametrize("what", ["all", "child"])
def test_a_celery_worker_is_killed_in_the_middle(house, what):
    house.relay()
    falling = house.celery(concurrency=1)
    house.put(chores.mark_slowly, "slow", seconds=60)
    house.until(lambda: house.tried("slow") == 1)
    time.sleep(0.2)
    if what == "all":
        house.kill(falling)
        house.celery()
    else:
        os.kill(house.pids("celery")[0], signal.SIGKILL)
    began = time.monotonic()
    house.until_done()
    assert time.monotonic() > began + LEASE_SECONDS / 2, "not before its lease has ended"
    assert house.words() == ["slow"]
    assert house.tried("slow") == 2
    assert house.jobs()[0].attempts == 2


@with_redis
def test_what_a_broker_lost_is_delivered_again(house, stoppable):
    house.settings |= {"outbox.redeliver_seconds": "3"}
    relay = house.relay()
    house.put(chores.mark, *words(12))
    house.until(lambda: set(house.statuses()) == {"handed"})
    stoppable.send("FLUSHALL")
    house.celery()
    house.until_done()
    assert sorted(house.words()) == sorted(words(12))
    assert {job.attempts for job in house.jobs()} == {1}
    assert relay.poll() is None


def test_several_workers_never_run_a_job_twice(house):
    for _ in range(2):
        house.relay("twice")
        house.celery()
    house.put(chores.mark, *words(150))
    house.until_done()
    assert sorted(house.words()) == sorted(words(150))
    assert {house.tried(word) for word in words(150)} == {1}
    house.until(lambda: house.ticks() == 1)


def test_a_stream_is_done_in_order(house):
    streams = {name: [f"{name}{place}" for place in range(8)] for name in "abc"}
    for name, its_words in streams.items():
        house.put(chores.mark, *its_words, stream=name)
    house.relay()
    house.celery()
    house.celery()
    house.until_done()
    done = house.words()
    for name, its_words in streams.items():
        assert [word for word in done if word.startswith(name)] == its_words


def test_a_batch_is_one_message(house):
    house.put(chores.mark_together, *words(50), stream="event:1")
    house.relay()
    house.celery()
    house.until_done()
    assert house.words() == words(50)
    assert [row.together for row in house.marks()] == [20] * 40 + [10] * 10


@with_redis
def test_a_server_hands_its_work_to_the_real_command(fresh, stoppable, tmp_path):
    """With the broker down, nothing that a request does is affected; /health tells which half is missing."""
    stoppable.stop()
    settings = {"outbox.engine": "celery", "outbox.broker_url": stoppable.url, "outbox.lease_seconds": "4"}
    live = Live(fresh, tmp_path, settings)
    try:
        live.start()
        made = live.client.post(
            "/users", json={"username": "ines", "email": "ines@example.com", "password": "Tr33-house-window"}
        )
        assert made.status_code == 201, made.text
        assert _worker(live)["status"] == "no_celery"
        _until(lambda: _worker(live)["waiting"] > 0)
        stoppable.start()
        process = _celery(live, "worker", "--concurrency", "1")
        try:
            _until(lambda: _worker(live)["status"] == "ok" and not _worker(live)["waiting"])
            assert _worker(live)["celery_workers"] == 1
            assert "pong" in live.run("celery", "inspect", "ping").stdout
            process.terminate()
            assert process.wait(PATIENCE) == 0
            assert _worker(live)["status"] == "no_celery", "it says so when it ends"
        finally:
            process.kill()
            process.wait()
    finally:
        live.stop()


def _worker(live):
    return live.client.get("/health").json()["components"]["worker"]


def _celery(live, *arguments):
    with (live.folder / "celery.log").open("ab") as log:
        return subprocess.Popen(
            [*command(), "celery", *arguments],
            env=live.environment(),
            cwd=live.folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def _until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
