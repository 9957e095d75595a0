"""``turnout payments reconcile``: what differs is found, and mended if one says so."""

from contextlib import contextmanager

import pytest
from click.testing import CliRunner
from sqlalchemy import update

from turnout_payments import cli
from turnout_payments.models import Payment, Taking


@pytest.fixture
def run(application, session, monkeypatch):
    """Return what runs the command on the application under test: its exit code, and what it says."""

    @contextmanager
    def opened():
        yield application.router

    monkeypatch.setattr(cli, "application", opened)

    def run(*arguments):
        session.commit()
        result = CliRunner().invoke(cli.payments, ["reconcile", *arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        session.expire_all()
        return result.exit_code, result.stdout.splitlines()

    return run


def test_all_is_well(paid, run):
    assert run() == (0, ["1 payments checked; differences: 0."])


def test_nothing_there(run):
    assert run() == (0, ["0 payments checked; differences: 0."])


def test_what_the_provider_knows_better(paid, booking, bank, run, lines, agree):
    bank.begin_refund(paid.ref, 100)
    bank.dispute(paid.ref, 500)
    said = [
        f"payment {paid.id} ({booking['code']}): refunded is 0.00 EUR, bank says 1.00",
        f"payment {paid.id} ({booking['code']}): disputed is 0.00 EUR, bank says 5.00",
    ]
    assert run() == (1, [*said, "1 payments checked; differences: 1."])
    assert lines(paid) == [("charge", 2100)]

    assert run("--repair") == (0, [*said, "1 payments checked; differences left: 0."])
    assert lines(paid) == [("charge", 2100), ("refund", -100), ("dispute", -500)]
    assert run()[0] == 0
    agree()


def test_money_that_nobody_told_of(booking, begin, bank, run, status_of, outbox, agree):
    payment = begin(booking)
    bank.pay(payment.ref)

    assert run()[0] == 1
    assert run("--repair")[0] == 0
    assert status_of(booking) == ("confirmed", "paid")
    agree()


def test_sums_that_somebody_changed(paid, session, run):
    session.execute(update(Payment).values(captured=2101))

    code, said = run()
    assert (code, said[0].endswith("captured is 21.01 EUR, the ledger says 21.00")) == (1, True)
    assert run("--repair")[0] == 0
    assert session.get(Payment, paid.id).captured == 2100


def test_a_provider_that_does_not_answer(paid, bank, run):
    bank.trouble = lambda _number, _path: "before"

    code, said = run()
    assert code == 1
    assert said[0] == f"payment {paid.id}: the provider does not answer for it: out of order"


def test_only_since_a_day(paid, run, clock):
    assert run("--since", "2027-03-01")[1] == ["1 payments checked; differences: 0."]
    assert run("--since", "2027-03-02")[1] == ["0 payments checked; differences: 0."]
    assert run("--since", "yesterday")[0] == 2


def test_in_parts(book, begin, run, monkeypatch):
    monkeypatch.setattr(cli, "PART", 2)
    for _ in range(5):
        begin(book())

    assert run()[1] == ["5 payments checked; differences: 0."]


def test_takings_that_somebody_changed(paid, event, session, run):
    session.execute(update(Taking).values(charged=1, disputed=5))

    code, said = run()
    assert (code, said[:2]) == (
        1,
        [
            f"event {event.id}: charged is 0.01 EUR, the ledger says 21.00",
            f"event {event.id}: disputed is 0.05 EUR, the ledger says 0.00",
        ],
    )
    assert run("--repair")[0] == 0
    assert run()[0] == 0
