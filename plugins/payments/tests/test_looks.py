"""Payments are looked at again and again by themselves, for as long as something may come of them."""

from datetime import timedelta

import pytest
from sqlalchemy import update
from turnout.bookings.models import Booking

from turnout_payments.models import EXPIRED, FAILED, PAID
from turnout_payments.tasks import LAST_LOOKS


@pytest.fixture
def asked(bank):
    """Return what counts how often a payment was looked at."""

    def asked(payment):
        return sum(1 for method, path, _ in bank.calls if (method, path) == ("GET", f"/payments/{payment.ref}"))

    return asked


def test_after_seconds_and_then_minutes(booking, begin, asked, clock, outbox):
    payment = begin(booking)
    counts = []
    for seconds in (19, 2, 60, 121, 301):
        clock.move(seconds=seconds)
        outbox.run()
        counts.append(asked(payment))

    assert counts == [0, 1, 2, 3, 4]


def test_when_it_is_decided_no_more(paid, asked, clock, outbox):
    before = asked(paid)
    for _ in range(5):
        clock.move(hours=12)
        outbox.run()

    assert asked(paid) == before


def test_after_it_ended_a_few_times_more(booking, begin, asked, clock, outbox, bank):
    payment = begin(booking)
    bank.fail(payment.ref)
    clock.move(seconds=21)
    outbox.run()
    assert payment.status == FAILED
    before = asked(payment)
    for _ in range(100):
        clock.move(hours=3)
        outbox.run()

    # Its hold expired meanwhile, and is none of it.
    assert asked(payment) == before + len(LAST_LOOKS)


def test_one_that_expired_is_closed_there(booking, begin, clock, outbox, bank):
    payment = begin(booking)
    for _ in range(4):
        clock.move(minutes=10)
        outbox.run()

    assert (payment.status, bank.accounts[payment.ref].status) == (EXPIRED, "expired")


def test_a_provider_that_is_away_for_hours(booking, begin, bank, clock, outbox, status_of):
    payment = begin(booking)
    bank.trouble = lambda _number, _path: "before"
    for _ in range(12):
        clock.move(hours=1)
        outbox.run()
    bank.trouble = lambda _number, _path: None
    bank.pay(payment.ref)
    for _ in range(20):
        clock.move(hours=3)
        outbox.run()

    assert payment.status == PAID
    assert status_of(booking) == ("confirmed", "paid")


def test_one_that_cannot_be_begun_is_failed_in_time(booking, begin, bank, clock, outbox, ada, status_of):
    bank.trouble = lambda _number, _path: "before"
    payment = begin(booking)
    assert payment.status == "created"
    for _ in range(10):
        clock.move(seconds=40)
        outbox.run()

    shown = ada.get(f"/payments/{payment.id}").json
    assert (shown["status"], shown["redirect_url"]) == ("failed", None)
    assert shown["detail"].startswith("The provider cannot be reached.")
    assert status_of(booking) == ("pending", "failed")


def test_one_that_the_provider_refuses(booking, begin, monkeypatch):
    from turnout_payments.providers import Refused
    from turnout_payments.testing import BankProvider

    def refuse(_self, _charge):
        raise Refused("Not for amounts like this.")

    monkeypatch.setattr(BankProvider, "open", refuse)
    payment = begin(booking)

    assert (payment.status, payment.detail) == ("failed", "Not for amounts like this.")


def test_given_up_while_the_provider_was_asked(booking, begin, bank, ada, outbox, session, monkeypatch, application):
    from turnout.plugin import SYSTEM
    from turnout.system import transact

    from turnout_payments.services import PaymentService
    from turnout_payments.testing import BankProvider

    ask = BankProvider.open

    def ask_and_give_up(self, charge):
        opened = ask(self, charge)
        transact(
            application.registry,
            lambda request: request.find_service(PaymentService).close(charge.payment_id, actor=SYSTEM),
        )
        return opened

    monkeypatch.setattr(BankProvider, "open", ask_and_give_up)
    payment = begin(booking)

    assert (payment.status, bank.accounts[payment.ref].status) == ("cancelled", "expired")


def test_a_provider_that_is_no_longer_installed(paid, staff, application, monkeypatch, outbox, refunds, clock):
    staff.post(f"/payments/{paid.id}/refunds", {"reason": "Rain"})
    with monkeypatch.context() as patch:
        patch.delitem(application.registry.payment_providers, "bank")
        outbox.run()
        assert refunds(paid) == [("created", 2100, "staff")]
    clock.move(minutes=1)
    outbox.run()
    assert refunds(paid) == [("done", 2100, "staff")]


def test_what_is_open_of_a_booking_that_is_cancelled_is_closed_at_once(booking, begin, ada, outbox, bank):
    payment = begin(booking)
    ada.delete(f"/bookings/{booking['id']}")
    outbox.run()

    assert (payment.status, bank.accounts[payment.ref].status) == ("cancelled", "expired")


def test_one_whose_time_is_over_is_closed_though_the_booking_is_held_for_longer(
    booking, begin, clock, outbox, bank, session
):
    payment = begin(booking)
    session.execute(update(Booking).values(expires_at=clock.now() + timedelta(days=1)))
    for _ in range(4):
        clock.move(minutes=10)
        outbox.run()

    assert (payment.status, bank.accounts[payment.ref].status) == (EXPIRED, "expired")
