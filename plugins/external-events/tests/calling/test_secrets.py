"""Secrets are told to the source, and to nobody else."""

import logging
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
import structlog
from turnout.testing.fakes import Answer

from turnout_external_events.sources import Pace, SourceError

SECRET = "kept-to-ourselves-4711"


@pytest.fixture
def logged(caplog):
    """Let everything be logged that anybody may want to."""
    loggers = [logging.getLogger(), *map(logging.getLogger, sorted(logging.root.manager.loggerDict))]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    caplog.handler.setLevel(logging.DEBUG)
    with structlog.testing.capture_logs() as entries:
        yield lambda: f"{caplog.text} {[record.__dict__ for record in caplog.records]} {entries}"
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


def told(error):
    """Return all that an exception, and whatever led to it, could tell."""
    seen = []
    while error is not None:
        request = getattr(error, "_request", None)
        seen.append(f"{error!r} {error} {error.args} {vars(error)} {getattr(request, 'url', '')}")
        error = error.__cause__ or error.__context__
    return " ".join(seen)


def echo(status, **headers):
    body = f'{{"said": "{SECRET} is no key", "url": "/events?key={SECRET}"}}'
    return Answer(status, body.encode(), {"X-Echo": SECRET} | headers)


@pytest.mark.parametrize("pace", list(Pace))
@pytest.mark.parametrize("status", [200, 302, 400, 401, 404, 429, 500])
def test_whatever_is_answered(caller, source, logged, pace, status):
    source.replies.extend([echo(status, Location=f"/api/events?key={SECRET}")] * 5)
    with ExitStack() as stack:
        raised = None if status == 200 else stack.enter_context(pytest.raises(SourceError))
        caller.get("/events", {"keyword": "jazz"}, pace)
    assert raised is None or SECRET not in told(raised.value)
    assert source.calls[0].query["key"] == SECRET
    assert "keyword=jazz" in logged()  # of which one sees that it was logged
    assert SECRET not in logged()


def test_a_refusal_that_stands(caller, source):
    source.replies.append(echo(401))
    for _ in range(2):
        with pytest.raises(SourceError, match=r"Acme says: \*\*\* is no key") as raised:
            caller.get("/events", {}, Pace.STEADY)
        assert SECRET not in told(raised.value)


@pytest.mark.parametrize("spelled", ["kept+to/our selves", "kept%2Bto%2Four%20selves", "kept%2bto%2four+selves"])
@pytest.mark.parametrize("before", [0, 190, 196, 230])
def test_no_part_of_a_secret_is_told_however_it_is_spelled(make_caller, source, spelled, before):
    caller = make_caller(secret="kept+to/our selves")
    source.replies.append(Answer.json({"said": "x" * before + f" {spelled} is no key" + "y" * 300}, 401))
    with pytest.raises(SourceError) as raised:
        caller.get("/events", {}, Pace.STEADY)
    assert "kept" not in str(raised.value)
    assert len(str(raised.value)) == 200


def test_no_answer(make_caller, source, logged):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    source.faults.delay = 1
    for base_url in (
        f"http://127.0.0.1:{port}",
        f"https://127.0.0.1:{port}",
        source.url.replace("http", "https"),
        f"{source.url}/api",
        "http://nowhere.invalid",
    ):
        with pytest.raises(SourceError) as raised:
            make_caller(base_url=base_url, timeout_seconds=0.2).get("/events", {"keyword": "jazz"}, Pace.QUICK)
        assert SECRET not in told(raised.value)
    with pytest.raises(SourceError) as raised:
        make_caller(base_url=base_url).get("/events", {"keyword": "\ud800"}, Pace.QUICK)
    assert SECRET not in told(raised.value)
    assert "Acme" in told(raised.value)
    assert SECRET not in logged()


def test_what_is_kept(make_caller, source, redis):
    for storage in ("memory://", redis.url):
        caller = make_caller(storage=storage)
        source.reply(200, {})
        caller.get("/events", {}, Pace.QUICK)
        source.replies.append(echo(401))
        with pytest.raises(SourceError):
            caller.get("/others", {}, Pace.QUICK)
        if storage == redis.url:
            client = caller._answers.actual_backend.writer_client
            kept = {key: client.dump(key) for key in client.keys("*")}
            assert any(key.startswith(b"turnout:external-events:") for key in kept)
        else:
            kept = [
                dict(region.actual_backend._cache._values) for region in (caller._answers, caller._standing._memory)
            ]
            assert all(kept)
        assert SECRET not in str(kept)


def test_others_may_log_meanwhile(caller, source, logged):
    source.faults.delay = 0.3
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(caller.get, "/events", {}, Pace.STEADY)
        logging.getLogger("httpcore2.http11").debug("somebody else's call")
        asked.result()
    assert "somebody else's call" in logged()
