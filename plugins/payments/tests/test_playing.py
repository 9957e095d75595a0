"""The `test` provider, asked as a worker asks it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from turnout.plugin import system_request

from turnout_payments.providers import (
    DONE,
    EXPIRED,
    FAILED,
    OPEN,
    PAID,
    PROCESSING,
    Charge,
    Forged,
    Refused,
    WantedRefund,
)
from turnout_payments.providers.playing import DELAY, PlayingProvider, PlayService

BACK = "http://localhost/payments/token/back"


@pytest.fixture
def ask(application, session):
    """Return what asks the provider for something, each time as a worker does it: in a transaction of its own."""

    def ask(name, *arguments):
        session.commit()
        with system_request(application.router) as request:
            return getattr(request.find_service(PlayingProvider), name)(*arguments)

    return ask


@pytest.fixture
def play(application, session):
    """Return what plays something."""

    def play(what, ref="key-1"):
        session.commit()
        with system_request(application.router) as request:
            return getattr(request.find_service(PlayService), what)(ref)

    return play


def charge_at(clock):
    until = clock.now() + timedelta(minutes=15)
    return Charge("key-1", 1, 5000, "EUR", "Fado night", "ABC", "ada@example.com", BACK, until)


@pytest.fixture
def opened(ask, clock):
    charge = charge_at(clock)
    return ask("open", charge), charge


def refund(amount, key="refund-1"):
    return WantedRefund(key, amount, "EUR", "It rains.")


def test_it_opens_once_however_often_it_is_asked(opened, ask):
    first, charge = opened
    assert (first.ref, first.url) == ("key-1", "http://localhost/payments/token/play")
    assert ask("open", charge) == first
    seen = ask("look", "key-1")
    assert (seen.status, seen.captured, seen.currency) == (OPEN, 0, "EUR")


def test_money_comes_once(opened, ask, play):
    for what in ("pay", "pay", "fail", "delay"):
        play(what)
    assert (ask("look", "key-1").status, ask("look", "key-1").captured) == (PAID, 5000)


def test_a_failure_says_why(opened, ask, play):
    play("fail")
    play("pay")
    seen = ask("look", "key-1")
    assert (seen.status, seen.captured) == (FAILED, 0)
    assert "bank said no" in seen.detail


def test_money_can_be_on_its_way(opened, ask, play, clock):
    play("delay")
    assert (ask("look", "key-1").status, ask("look", "key-1").captured) == (PROCESSING, 0)
    with pytest.raises(Refused, match="not so much left"):
        ask("refund", "key-1", refund(1))
    clock.move(seconds=DELAY.total_seconds())
    assert (ask("look", "key-1").status, ask("look", "key-1").captured) == (PAID, 5000)


def test_what_is_closed_is_not_paid_any_more(opened, ask, play):
    ask("close", "key-1")
    play("pay")
    assert ask("look", "key-1").status == EXPIRED


def test_what_is_paid_is_not_closed(opened, ask, play):
    play("pay")
    ask("close", "key-1")
    ask("close", "unknown")
    assert ask("look", "key-1").status == PAID


def test_a_refund_is_made_once_for_each_key(opened, ask, play):
    play("pay")
    seen = ask("refund", "key-1", refund(2000))
    assert (seen.status, seen.amount, seen.key) == (DONE, 2000, "refund-1")
    assert ask("refund", "key-1", refund(2000)) == seen
    assert ask("look", "key-1").refunds == (seen,)
    assert ask("refund", "key-1", refund(3000, "refund-2")).ref != seen.ref
    with pytest.raises(Refused, match="not so much left"):
        ask("refund", "key-1", refund(1, "refund-3"))
    assert ask("look", "key-1").captured == 5000


def test_a_dispute_is_about_what_is_left(opened, ask, play):
    play("dispute")
    assert ask("look", "key-1").disputed == 0
    play("pay")
    ask("refund", "key-1", refund(2000))
    play("dispute")
    play("dispute")
    assert ask("look", "key-1").disputed == 3000
    with pytest.raises(Refused, match="not so much left"):
        ask("refund", "key-1", refund(1, "refund-2"))
    play("withdraw")
    assert ask("look", "key-1").disputed == 0


def test_what_nobody_began_is_refused(application, ask):
    for name, arguments in (("look", ()), ("refund", (refund(1),))):
        with pytest.raises(Refused, match="Nobody has played"):
            ask(name, "unknown", *arguments)
    with pytest.raises(Forged, match="sends no notices"):
        ask("receive", {}, b"{}")


def test_it_is_refused_where_nobody_allowed_it(application, ask, monkeypatch):
    assert ask("check") is None
    monkeypatch.setitem(application.registry.settings, "payments.allow_test", False)
    assert "takes no money" in ask("check")


def at_once(*functions):
    """Call functions in threads, all at the same moment; return what they return."""
    barrier = Barrier(len(functions))

    def call(function):
        barrier.wait()
        return function()

    with ThreadPoolExecutor(len(functions)) as pool:
        return [one.result() for one in [pool.submit(call, function) for function in functions]]


def test_what_is_played_at_once_is_decided_once(committing):
    def do(service, name, *arguments):
        with system_request(committing.router) as request:
            return getattr(request.find_service(service), name)(*arguments)

    do(PlayingProvider, "open", charge_at(committing.registry.clock))
    at_once(*(lambda what=what: do(PlayService, what, "key-1") for what in ("pay", "fail", "pay", "fail")))
    seen = do(PlayingProvider, "look", "key-1")
    assert (seen.status, seen.captured) in {(PAID, 5000), (FAILED, 0)}


def test_refunds_at_once_are_never_more_than_came(committing):
    def do(service, name, *arguments):
        with system_request(committing.router) as request:
            return getattr(request.find_service(service), name)(*arguments)

    def give(key):
        try:
            return do(PlayingProvider, "refund", "key-1", refund(2000, key)).ref
        except Refused:
            return None

    do(PlayingProvider, "open", charge_at(committing.registry.clock))
    do(PlayService, "pay", "key-1")
    made = at_once(*(lambda key=key: give(key) for key in ("a", "a", "b", "c")))
    assert made[0] == made[1]
    refs = {one.ref for one in do(PlayingProvider, "look", "key-1").refunds}
    assert len(refs) == 2
    assert refs == set(made) - {None}
