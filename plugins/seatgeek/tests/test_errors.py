"""What goes wrong on the way to SeatGeek: limits, keys, faults, and answers that are none; told without what is secret."""

import json
import logging
import socket
import time
import traceback
from urllib.parse import quote

import pytest
from turnout.testing.fakes import Answer, Fake
from turnout_external_events.sources import (
    BadAnswer,
    Criteria,
    KeyRefused,
    NotThere,
    Pace,
    QuotaSpent,
    Refused,
    SourceError,
    Unavailable,
)
from turnout_external_events.testing.asking import walk

from turnout_seatgeek.fake import BUSY, ERROR, FAULTS, GARBLED, LANTERN_PARADE, LOST, SILENT

PRIVATE = "client-id-veryprivate"
ALL = Criteria()


@pytest.mark.parametrize("fault", [BUSY, ERROR, LOST])
def test_a_walk_goes_on_where_calls_fail(seatgeek, source, fault):
    seatgeek.faults.every, seatgeek.faults.kinds = 2, (fault,)
    events, _, _ = walk(source, size=60)
    assert len({event.external_id for event in events}) == 300
    assert len(seatgeek.calls) == 9


def test_a_walk_waits_where_it_was_too_fast(seatgeek, source):
    seatgeek.limits.per_second = 3
    started = time.monotonic()
    events, _, _ = walk(source, size=60)
    assert len({event.external_id for event in events}) == 300
    assert time.monotonic() - started >= 1
    assert len(seatgeek.calls) == 6  # after as long as SeatGeek says, it works


def test_our_own_share_is_kept(seatgeek, make_source):
    seatgeek.limits.per_second = 4
    walk(make_source(seatgeek__per_second=3), size=60)
    assert len(seatgeek.calls) == 5  # and none that was one too many


def test_the_days_calls_are_made(seatgeek, make_source):
    source = make_source(seatgeek__per_day=2)
    source.search(ALL, 1, 100, Pace.STEADY)
    source.search(ALL, 2, 100, Pace.STEADY)
    with pytest.raises(QuotaSpent) as raised:
        source.search(ALL, 3, 100, Pace.STEADY)
    assert 80_000 < raised.value.seconds <= 86_400
    assert len(seatgeek.calls) == 2


def test_seatgeek_allows_no_more_for_today(seatgeek, source):
    seatgeek.limits.per_day = 1
    source.search(ALL, 1, 100, Pace.STEADY)
    with pytest.raises(Unavailable) as raised:
        source.search(ALL, 2, 100, Pace.STEADY)
    assert 0 < raised.value.seconds <= 86_400
    assert len(seatgeek.calls) == 2


def test_a_key_that_is_revoked_in_the_middle_of_a_walk(seatgeek, source):
    assert source.search(ALL, 1, 100, Pace.STEADY).has_more
    seatgeek.revoke_key()
    for _ in range(3):
        with pytest.raises(KeyRefused, match=r"does not accept seatgeek\.client_id"):
            source.search(ALL, 2, 100, Pace.STEADY)
    with pytest.raises(KeyRefused):
        source.fetch(str(LANTERN_PARADE), Pace.QUICK)
    assert len(seatgeek.calls) == 2


def test_without_a_key_nobody_is_asked(seatgeek, make_source):
    source = make_source(seatgeek__client_id="")
    assert source.check() == "seatgeek.client_id is not set."
    for call in (lambda: source.search(ALL, 1, 10, Pace.QUICK), lambda: source.fetch("7000001", Pace.STEADY)):
        with pytest.raises(KeyRefused, match="client_id is not set"):
            call()
    assert not seatgeek.calls


def test_with_a_key_nothing_is_missing(source):
    assert source.check() is None


@pytest.mark.parametrize("fault", FAULTS)
def test_when_it_only_fails_it_is_a_source_error(seatgeek, make_source, fault):
    seatgeek.faults.every, seatgeek.faults.kinds, seatgeek.faults.silence = 1, (fault,), 1
    source = make_source(external_events__quick_seconds=0.5, external_events__timeout_seconds=0.2)
    with pytest.raises(BadAnswer if fault == GARBLED else Unavailable):
        source.search(ALL, 1, 10, Pace.QUICK)
    assert fault != SILENT or len(seatgeek.calls) <= 2


def test_nobody_listens(make_source):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    with pytest.raises(Unavailable, match="could not be reached"):
        make_source(seatgeek__base_url=f"http://127.0.0.1:{port}/2").search(ALL, 1, 10, Pace.QUICK)


class Odd(Fake):
    """Answers everything in one way."""

    api_prefixes = ("/",)
    status, body, location = 200, b"", ""

    def answer(self, call):  # noqa: ARG002 - whatever it is
        return Answer(self.status, self.body, {"Content-Type": "application/json", "Location": self.location})


@pytest.fixture(scope="module")
def server():
    with Odd() as fake:
        yield fake


@pytest.fixture
def odd(server):
    """Return it with nothing to answer yet; it is the same to all tests."""
    server.status, server.body, server.location = 200, b"", ""
    return server


def events(text, more=""):
    return f'{{"events": {text}{more}}}'.encode()


ANSWERS = {
    "a list": (200, b"[]", BadAnswer),
    "a list that breaks off": (200, b'{"events": [{"id": 1', BadAnswer),
    "a page of a hotel": (200, b"<h1>Sign in to the network</h1>", BadAnswer),
    "a redirect": (302, b"{}", Refused),
    "events that are a word": (200, events('"none"'), BadAnswer),
    "events that are none": (200, events("null"), BadAnswer),
    "no events": (200, b"{}", BadAnswer),
    "no text": (200, b"\xff\xfe", BadAnswer),
    "not found, as a page": (404, b"<h1>Not Found</h1>", NotThere),
    "not found": (404, b'{"status": 404, "message": "Not found.", "meta": {"status": 404}}', NotThere),
    "nothing at all": (200, b"", BadAnswer),
    "refused, as a page": (403, b"<h1>Forbidden</h1>", KeyRefused),
    "refused, in no words": (400, b"{}", Refused),
    "refused, in odd words": (400, b'{"message": {"en": "No."}}', Refused),
    "refused": (400, b'{"status": 400, "message": "The sort is not known.", "meta": {"status": 400}}', Refused),
    "unauthorized": (401, b"{}", KeyRefused),
}


def test_whatever_is_answered_is_a_source_error(make_source, odd):
    for name, (status, body, expected) in ANSWERS.items():
        odd.status, odd.body = status, body
        with pytest.raises(SourceError) as raised:
            make_source(seatgeek__base_url=odd.url).search(ALL, 1, 10, Pace.QUICK)
        assert type(raised.value) is expected, name
        assert "<h1>" not in str(raised.value), name


def test_a_refusal_is_said_in_seatgeeks_words(make_source, odd):
    odd.status, odd.body, _ = ANSWERS["refused"]
    with pytest.raises(Refused, match=r"^SeatGeek refused: The sort is not known\.$"):
        make_source(seatgeek__base_url=odd.url).search(ALL, 1, 10, Pace.QUICK)
    odd.body = json.dumps({"message": "no " * 1000}).encode()
    with pytest.raises(Refused) as raised:
        make_source(seatgeek__base_url=odd.url).search(ALL, 1, 10, Pace.QUICK)
    assert len(str(raised.value)) < 300


def test_nobody_is_followed_elsewhere(seatgeek, make_source, odd):
    odd.status, odd.location = 302, f"{seatgeek.url}/2/events?client_id=fake-client"
    source = make_source(seatgeek__base_url=odd.url)
    for call in (lambda: source.search(ALL, 1, 10, Pace.STEADY), lambda: source.fetch("7000001", Pace.STEADY)):
        with pytest.raises(Refused):
            call()
    assert not seatgeek.calls


ONE = '{"id": 1, "title": "Velvet Kites"}'


@pytest.mark.parametrize(
    ("body", "size", "total", "has_more"),
    [
        (events(f"[{ONE}]"), 1, 1, True),  # nothing is said of how many there are, and the page is full
        (events(f"[{ONE}]"), 2, 1, False),
        (events("[]"), 2, 0, False),
        (events("[]", ', "meta": {"total": 100}'), 2, 100, False),  # a walk must end
        (events(f"[{ONE}]", ', "meta": {"total": 1}'), 1, 1, False),
        (events(f"[{ONE}]", ', "meta": {"total": "many"}'), 2, 1, False),
        (events(f"[{ONE}]", ', "meta": {"total": -1}'), 1, 1, True),
        (events(f"[{ONE}]", ', "meta": {"total": true}'), 2, 1, False),
        (events(f"[{ONE}]", ', "meta": 7'), 2, 1, False),
        (events(f"[{ONE}, 7]", ', "meta": {"total": 5}'), 2, 5, True),
    ],
)
def test_how_many_there_are_is_not_always_said(make_source, odd, body, size, total, has_more):
    odd.body = body
    found = make_source(seatgeek__base_url=odd.url).search(ALL, 1, size, Pace.STEADY)
    assert (found.total, found.has_more) == (total, has_more)


# What is secret


def test_what_is_secret_is_in_no_log_and_no_error(make_source, odd, seatgeek, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    source = make_source(seatgeek__client_id=PRIVATE, seatgeek__client_secret=PRIVATE + "2")
    told = []
    with pytest.raises(KeyRefused) as raised:
        source.search(ALL, 1, 10, Pace.STEADY)
    told += traceback.format_exception(raised.value)
    odd.status, odd.body = 400, json.dumps({"message": f"The client {PRIVATE} is odd."}).encode()
    source = make_source(seatgeek__base_url=odd.url, seatgeek__client_id=PRIVATE)
    with pytest.raises(SourceError) as raised:
        source.search(ALL, 1, 10, Pace.STEADY)
    assert "is odd" in str(raised.value)
    told += traceback.format_exception(raised.value)
    assert odd.calls[-1].query["client_id"] == PRIVATE
    captured = capsys.readouterr()
    assert PRIVATE not in "".join(told) + caplog.text + captured.out + captured.err


@pytest.mark.parametrize(
    "spelling", [lambda secret: secret, lambda secret: quote(secret, safe="")], ids=["plain", "percent-encoded"]
)
@pytest.mark.parametrize("distance", [0, 170, 400])
def test_what_is_secret_is_masked_before_a_message_is_cut(make_source, odd, spelling, distance):
    private = "s3cr3t/0123456789+abcdef=0123456789"
    odd.status, odd.body = 400, json.dumps({"message": f"{'x' * distance}={spelling(private)}"}).encode()
    source = make_source(seatgeek__base_url=odd.url, seatgeek__client_secret=private)
    with pytest.raises(Refused, match=r"^SeatGeek refused: ") as raised:
        source.search(ALL, 1, 10, Pace.QUICK)
    assert "s3cr3t" not in str(raised.value)
    assert len(str(raised.value)) <= 250
