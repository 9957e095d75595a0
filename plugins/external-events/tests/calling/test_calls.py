"""What is asked, what is understood of the answer, and how often it is tried."""

import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from turnout.testing.fakes import BUSY, ERROR, GARBLED, LOST, SILENT, Answer

from turnout_external_events.sources import BadAnswer, KeyRefused, NotThere, Pace, Refused, Unavailable
from turnout_external_events.sources.calling.http import MOST_BYTES


@pytest.fixture
def raw():
    """Return what starts a server that sends `chunks` to whoever connects, with a pause before each."""
    servers = []

    def raw(*chunks, pause=0.0, endless=b""):
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def serve():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    try:
                        for chunk in chunks:
                            time.sleep(pause)
                            connection.sendall(chunk)
                        while endless:
                            time.sleep(pause)
                            connection.sendall(endless)
                    except OSError:
                        pass

        threading.Thread(target=serve, daemon=True).start()
        return f"http://127.0.0.1:{server.getsockname()[1]}"

    yield raw
    for server in servers:
        server.close()


def test_what_is_asked(caller, source):
    found = caller.get("/events/a%20b.json", {"keyword": "jazz & soul", "size": 20, "key": "another"}, Pace.STEADY)
    assert found == {"asked": 1, "path": "/api/v2/events/a%20b.json"}
    (call,) = source.calls
    assert call.query == {"keyword": "jazz & soul", "size": "20", "key": "kept-to-ourselves-4711"}
    assert call.headers["user-agent"] == "Turnout"
    assert call.headers["accept"] == "application/json"
    assert call.headers["accept-encoding"] == "identity"


def test_what_has_several_values_is_asked_with_each(make_caller):
    taken = []
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = server.accept()
        with connection:
            taken.append(connection.recv(65536))
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    threading.Thread(target=serve, daemon=True).start()
    caller = make_caller(base_url=f"http://127.0.0.1:{server.getsockname()[1]}")
    assert caller.get("/events", {"genre": ["jazz", "soul"]}, Pace.STEADY) == {}
    assert taken[0].startswith(b"GET /events?genre=jazz&genre=soul&key=")
    server.close()


@pytest.mark.parametrize(
    "path",
    [
        "",
        "events",
        "//other.example.com/events",
        "https://other.example.com/events",
        "/events/../../secrets",
        "/..",
        "/./events",
        "/events?key=1",
        "/events#key",
        "/@other.example.com",
        "/events\n",
        "/ev ents",
        "/events/é",
        "/\\other.example.com",
    ],
)
def test_nothing_but_paths_of_the_source_is_asked(caller, source, path):
    with pytest.raises(Refused, match="no path"):
        caller.get(path, {}, Pace.STEADY)
    assert not source.calls


@pytest.mark.parametrize("text", ["\ud800", "x" * 70_000], ids=["surrogate", "long"])
def test_what_cannot_be_asked_is_refused(caller, source, text):
    for pace in Pace:
        with pytest.raises(Refused, match="cannot be asked"):
            caller.get("/events", {"keyword": text}, pace)
    assert not source.calls


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 304])
def test_a_redirect_is_not_followed(caller, source, status):
    source.reply(status, Location=f"{source.url}/api/elsewhere")
    with pytest.raises(Refused, match="redirect"):
        caller.get("/events", {}, Pace.STEADY)
    assert len(source.calls) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Bad gate",
        b'{"a": 1',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1e400}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a": ' * 5000 + b"1" + b"}" * 5000,
        b'{"a": "\xff"}',
        b"[]",
        b"null",
        b'"events"',
        b"12",
    ],
    ids=lambda body: body[:12].decode("latin-1"),
)
def test_what_is_no_document_is_a_bad_answer(caller, source, body):
    for pace in Pace:
        source.replies.append(Answer(200, body))
        with pytest.raises(BadAnswer, match="cannot be understood"):
            caller.get("/events", {}, pace)
    assert len(source.calls) == len(Pace)


def test_half_a_letter_costs_no_page(caller, source):
    source.replies.append(Answer(200, b'{"events": [{"title": "\\ud800"}, {"title": "Fado"}]}'))

    document = caller.get("/events", {}, Pace.STEADY)

    assert [event["title"] for event in document["events"]] == ["\ud800", "Fado"]


def test_a_document_may_be_deep_and_its_numbers_large(caller, source):
    deep = b'{"a": ' + b"[" * 900 + b"]" * 900 + b', "b": 123456789012345678901234567890}'
    for pace in (Pace.QUICK, Pace.QUICK, Pace.STEADY):
        source.replies.append(Answer(200, deep))
        assert caller.get("/events", {}, pace)["b"] == pytest.approx(123456789012345678901234567890)


def test_an_answer_without_end_is_given_up(raw, make_caller):
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
    caller = make_caller(base_url=raw(head, endless=b" " * 1024 * 1024))
    with pytest.raises(BadAnswer, match="more than 8 MB"):
        caller.get("/events", {}, Pace.STEADY)


def test_an_answer_may_be_large(caller, source):
    source.replies.append(Answer(200, b'{"a": 1}' + b" " * (MOST_BYTES - 8)))
    assert caller.get("/events", {}, Pace.QUICK) == {"a": 1}
    source.replies.append(Answer(200, b'{"a": 1}' + b" " * (MOST_BYTES - 7)))
    with pytest.raises(BadAnswer, match="more than 8 MB"):
        caller.get("/others", {}, Pace.QUICK)


@pytest.mark.parametrize("kind", [BUSY, ERROR, LOST])
def test_what_goes_wrong_now_and_then_is_asked_again(ask, source, kind):
    source.faults.every, source.faults.kinds = 2, (kind,)
    for _ in range(6):
        ask()
    assert len(source.calls) > 10


@pytest.mark.parametrize(("pace", "attempts"), [(Pace.QUICK, 2), (Pace.STEADY, 5)])
@pytest.mark.parametrize("kind", [BUSY, ERROR, LOST])
def test_patience_ends(ask, source, kind, pace, attempts):
    source.faults.every, source.faults.kinds = 1, (kind,)
    with pytest.raises(Unavailable) as raised:
        ask(pace)
    assert raised.value.seconds is None
    assert len(source.calls) == attempts


def test_pauses_grow(ask, source, caller, monkeypatch):
    paused = []
    monkeypatch.setattr("tenacity.nap.time.sleep", paused.append)
    source.faults.every, source.faults.kinds = 1, (ERROR,)
    with pytest.raises(Unavailable):
        ask()
    assert [0.01 * 2**number < pause <= 0.01 * 2**number + 0.01 for number, pause in enumerate(paused[:3])] == [
        True
    ] * 3
    assert 0.04 < paused[3] <= 0.05
    assert len(paused) == 4


def test_a_source_that_is_not_there(make_caller):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unavailable, match="could not be reached"):
        make_caller(base_url=f"http://127.0.0.1:{port}").get("/events", {}, Pace.QUICK)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, Refused),
        (401, KeyRefused),
        (403, KeyRefused),
        (404, NotThere),
        (410, NotThere),
        (418, Refused),
        (422, Refused),
    ],
)
def test_a_refusal_is_not_asked_again(ask, source, status, error):
    source.reply(status)
    with pytest.raises(error):
        ask()
    assert len(source.calls) == 1


def test_garbled_answers_are_not_asked_again(ask, source):
    source.faults.every, source.faults.kinds = 1, (GARBLED,)
    with pytest.raises(BadAnswer):
        ask()
    assert len(source.calls) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_source_says_when_to_come_back(ask, source, status):
    source.reply(status, Retry_After="1")
    begun = time.monotonic()
    ask()
    assert 1 <= time.monotonic() - begun < 2
    assert len(source.calls) == 2


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("pace", list(Pace))
def test_what_would_take_too_long_is_said_at_once(ask, source, status, pace):
    source.reply(status, Retry_After="90")
    with pytest.raises(Unavailable) as raised:
        ask(pace)
    assert raised.value.seconds == 90
    assert len(source.calls) == 1


def test_when_to_come_back_may_be_a_date(ask, source):
    source.reply(503, Retry_After=format_datetime(datetime.now(UTC) + timedelta(minutes=2), usegmt=True))
    with pytest.raises(Unavailable) as raised:
        ask()
    assert 110 < raised.value.seconds <= 120


def test_nobody_is_told_to_wait_for_longer_than_a_day(ask, source):
    source.reply(503, Retry_After="999999999")
    with pytest.raises(Unavailable) as raised:
        ask()
    assert raised.value.seconds == 86_400


@pytest.mark.parametrize(
    "said",
    ["soon", "", "-5", "1.5", "nan", "9" * 400, "Mon, 99 Foo 2026", "Wed, 21 Oct 2015 07:28:00 GMT"],
    ids=lambda said: said[:16],
)
def test_odd_times_to_come_back_change_nothing(ask, source, said):
    source.reply(503, Retry_After=said)
    ask()
    assert len(source.calls) == 2


def test_who_waits_is_answered_soon(make_caller, ask, source):
    caller = make_caller(quick_seconds=1)
    source.faults.every, source.faults.kinds = 1, (SILENT,)
    begun = time.monotonic()
    with pytest.raises(Unavailable, match="in time"):
        ask(Pace.QUICK, caller)
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize(
    "head",
    [b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Long: ", b"HTTP/1.1 "],
    ids=["its body", "a header", "its status"],
)
def test_who_waits_is_answered_soon_though_the_answer_drips(raw, make_caller, head):
    caller = make_caller(base_url=raw(head, endless=b" ", pause=0.05), quick_seconds=1)
    begun = time.monotonic()
    with pytest.raises(Unavailable, match="in time"):
        caller.get("/events", {}, Pace.QUICK)
    assert time.monotonic() - begun < 2


def test_a_step_takes_no_longer_than_it_may(make_caller, ask, source):
    source.faults.every, source.faults.kinds = 2, (SILENT,)
    caller = make_caller(timeout_seconds=0.3)
    begun = time.monotonic()
    ask(by=caller)
    ask(by=caller)
    assert 0.3 < time.monotonic() - begun < 2
