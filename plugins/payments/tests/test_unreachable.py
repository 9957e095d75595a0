"""A provider that cannot be reached for days: nothing that was to be asked of it ends as nothing."""

import pytest
from sqlalchemy import select

from turnout_payments.models import Refund


@pytest.fixture
def days(clock, outbox):
    """Return what lets days pass, hour by hour."""

    def days(number):
        for _ in range(24 * number):
            clock.move(hours=1)
            outbox.run()

    return days


@pytest.fixture
def stuck(paid, staff, bank, days, session):
    """A payment whose refund the bank could not be asked for, for days."""
    bank.trouble = lambda _number, path: "before" if "refunds" in path else None
    staff.post(f"/payments/{paid.id}/refunds", {"reason": "Ill", "amount": "5.00"}, status=201)
    days(3)
    session.expire_all()
    return paid


def test_staff_hear_of_a_refund_that_is_stuck_and_it_goes_on(mails, stuck, staff, bank, days, outbox, agree):
    shown = staff.get(f"/payments/{stuck.id}").json
    assert (shown["problem"], shown["amount_refunding"]) == ("refund_stuck", "5.00")
    assert [refund["status"] for refund in shown["refunds"]] == ["created"]
    assert [to for to, _ in mails("needs you")] == ["Inês Prado <ines@example.com>"]
    assert outbox.dead == []

    bank.trouble = lambda _number, _path: None
    days(1)
    shown = staff.get(f"/payments/{stuck.id}").json
    assert (shown["problem"], shown["amount_refunded"]) == (None, "5.00")
    agree()


def test_it_goes_on_for_as_long_as_it_takes(stuck, staff, bank, days, agree):
    days(2)
    bank.trouble = lambda _number, _path: None
    days(1)
    assert staff.get(f"/payments/{stuck.id}").json["amount_refunded"] == "5.00"
    assert len(bank.accounts[stuck.ref].refunds) == 1
    agree()


def test_staff_try_it_again_at_once(stuck, staff, bank, outbox, session, agree):
    bank.trouble = lambda _number, _path: None
    refund_id = session.scalars(select(Refund.id)).one()
    assert staff.post(f"/payments/refunds/{refund_id}/retry").json["id"] == refund_id
    outbox.run()
    assert staff.get(f"/payments/{stuck.id}").json["amount_refunded"] == "5.00"
    agree()


def test_something_happened_while_nobody_could_be_asked(paid, bank, tell_of, days, staff, agree):
    bank.dispute(paid.ref, 500)
    bank.trouble = lambda _number, _path: "before"
    tell_of(paid)
    days(1)
    bank.trouble = lambda _number, _path: None
    days(1)
    assert staff.get(f"/payments/{paid.id}").json["amount_disputed"] == "5.00"
    agree()


def test_it_is_not_asked_for_ever_what_happened(paid, bank, tell_of, days, outbox):
    bank.trouble = lambda _number, _path: "before"
    tell_of(paid)
    days(6)
    asked = len(bank.calls)
    days(3)
    assert (len(bank.calls), outbox.dead) == (asked, [])


@pytest.fixture
def tell_of(api, bank, clock, outbox):
    """Return what lets the bank tell of a payment."""

    def tell_of(payment):
        headers, body = bank.notice(payment.ref, at=clock.now().timestamp())
        api.post("/payments/webhooks/bank", body, headers=headers, status=204)
        outbox.run()

    return tell_of
