"""What becomes of a booking that costs something, all the way, with a bank that speaks HTTP."""

import pytest
from sqlalchemy import select
from turnout.bookings.services import BookingService
from turnout.plugin import Conflict
from turnout.pools.models import Pool

from turnout_payments.models import CANCELLED, EXPIRED, FAILED, OPEN, PAID, Payment

BACK = "https://shop.example.com/thanks"


def test_it_is_held_until_it_is_paid(booking, begin, bank, look, status_of, ada, lines, agree, clock):
    assert (booking["status"], booking["total_amount"]) == ("pending", "21.00")
    assert booking["extensions"]["payments"] == {
        "status": "unpaid",
        "amount_due": "21.00",
        "amount_paid": "0.00",
        "amount_refunded": "0.00",
        "currency": "EUR",
    }

    payment = begin(booking)
    assert (payment.status, payment.amount) == (OPEN, 2100)
    assert bank.accounts[payment.ref].amount == 2100
    bank.pay(payment.ref)
    look()

    assert status_of(booking) == ("confirmed", "paid")
    assert lines(payment) == [("charge", 2100)]
    shown = ada.get(f"/payments/{payment.id}").json
    assert (shown["status"], shown["amount_paid"], shown["redirect_url"]) == (PAID, "21.00", None)
    agree()


def test_what_costs_nothing_is_confirmed_at_once(make, book):
    booking = book(at=make.event())

    assert booking["status"] == "confirmed"
    assert "payments" not in booking["extensions"]


def test_the_provider_is_not_asked_while_the_buyer_waits(booking, begin, bank):
    payment = begin(booking, run=False)

    assert (payment.status, bank.calls) == ("created", [])


def test_fail_and_try_again(booking, begin, bank, look, status_of, agree):
    first = begin(booking)
    bank.fail(first.ref)
    look()
    assert (first.status, status_of(booking)) == (FAILED, ("pending", "failed"))

    second = begin(booking)
    bank.pay(second.ref)
    look()

    assert status_of(booking) == ("confirmed", "paid")
    agree()


def test_beginning_again_closes_what_was_begun(booking, begin, bank, outbox):
    first = begin(booking)
    second = begin(booking)

    assert (first.status, second.status) == (CANCELLED, OPEN)
    assert bank.accounts[first.ref].status == EXPIRED


def test_begun_again_before_the_provider_was_asked(booking, begin, bank, outbox):
    first = begin(booking, run=False)
    second = begin(booking)

    assert (first.status, first.ref) == (CANCELLED, None)
    assert list(bank.accounts) == [second.ref]


def test_money_on_its_way_is_waited_for(booking, begin, bank, look, status_of, ada):
    payment = begin(booking)
    bank.delay(payment.ref)
    look()
    assert status_of(booking) == ("pending", "processing")

    wanted = {"provider": "bank", "return_url": BACK}
    assert ada.post(f"/bookings/{booking['id']}/payments", wanted, status=409).json["code"] == "payment_underway"

    bank.pay(payment.ref)
    look(minutes=2)
    assert status_of(booking) == ("confirmed", "paid")


def test_abandoned(booking, begin, bank, look, status_of, session, event):
    payment = begin(booking)
    look(minutes=16)
    look(minutes=1)

    assert status_of(booking) == ("expired", "unpaid")
    assert payment.status == EXPIRED
    assert bank.accounts[payment.ref].status == EXPIRED
    assert session.get(Pool, event.pool_id).taken == 0


def test_paid_late_and_there_are_places(booking, begin, bank, look, status_of, session, event, agree):
    payment = begin(booking)
    look(minutes=16)
    bank.pay(payment.ref)
    look(minutes=15)

    assert status_of(booking) == ("confirmed", "paid")
    assert session.get(Pool, event.pool_id).taken == 2
    assert payment.problem is None
    agree()


@pytest.fixture
def taken(session, event):
    """Let all places be taken by others."""

    def taken():
        pool = session.get(Pool, event.pool_id)
        pool.taken = pool.capacity
        session.flush()

    return taken


def test_paid_late_and_there_are_no_places(booking, begin, bank, look, status_of, taken, refunds, lines, mails, agree):
    payment = begin(booking)
    look(minutes=16)
    taken()
    bank.pay(payment.ref)
    mails("")
    look(minutes=15)

    assert status_of(booking) == ("expired", "refunded")
    assert refunds(payment) == [("done", 2100, "rule")]
    assert lines(payment) == [("charge", 2100), ("refund", -2100)]
    assert payment.problem is None
    agree()


def test_who_pays_too_late_is_told_and_so_is_the_organizer(booking, begin, bank, look, taken, mails):
    payment = begin(booking)
    look(minutes=16)
    taken()
    bank.pay(payment.ref)
    mails("")
    look(minutes=15)

    told = mails("")
    assert [to for to, _ in told] == [
        "Ada Lovelace <ada@example.com>",
        "Inês Prado <ines@example.com>",
        "Ada Lovelace <ada@example.com>",
    ]
    assert all(booking["code"] in text and "€21.00" in text for _, text in told)


def test_what_came_too_late_stays_until_staff_decide_if_the_setting_says_so(
    booking, begin, bank, look, status_of, taken, refunds, application, monkeypatch, staff
):
    monkeypatch.setitem(application.registry.settings, "payments.refund_unplaced", False)
    payment = begin(booking)
    look(minutes=16)
    taken()
    bank.pay(payment.ref)
    look(minutes=15)

    assert status_of(booking) == ("expired", "paid")
    assert refunds(payment) == []
    (shown,) = staff.get("/payments", problem="any").json["results"]
    assert (shown["id"], shown["problem"]) == (payment.id, "no_places")


def test_paid_twice(booking, begin, bank, look, status_of, session, refunds, agree, mails):
    first = begin(booking)
    second = begin(booking)
    bank.pay(second.ref)
    look()
    bank.pay(first.ref)  # in another window, which was open still
    mails("")
    look(minutes=15)
    look(minutes=15)

    assert status_of(booking) == ("confirmed", "paid")
    assert (refunds(first), refunds(second)) == ([("done", 2100, "rule")], [])
    assert (first.problem, second.problem) == (None, None)
    agree()


def test_paid_less_than_asked(booking, pay, begin, bank, look, status_of, agree):
    first = pay(booking, amount=2000)
    assert (first.problem, status_of(booking)) == ("differs", ("pending", "unpaid"))

    second = begin(booking)
    assert second.amount == 100
    bank.pay(second.ref)
    look()

    assert status_of(booking) == ("confirmed", "paid")
    agree()


def test_paid_more_than_asked(booking, pay, status_of, refunds, agree):
    payment = pay(booking, amount=2500)

    assert status_of(booking) == ("confirmed", "paid")
    assert refunds(payment) == [("done", 400, "rule")]
    agree()


def test_money_in_another_currency_is_for_staff(booking, begin, bank, look, status_of, lines):
    payment = begin(booking)
    bank.accounts[payment.ref].currency = "USD"
    bank.pay(payment.ref)
    look()

    assert (payment.problem, lines(payment), status_of(booking)) == ("differs", [], ("pending", "unpaid"))


def test_paid_after_it_was_cancelled(booking, begin, bank, look, ada, status_of, refunds, agree):
    payment = begin(booking)
    bank.pay(payment.ref)
    ada.delete(f"/bookings/{booking['id']}")
    look()

    assert status_of(booking) == ("cancelled", "refunded")
    assert refunds(payment) == [("done", 2100, "rule")]
    agree()


def test_paid_for_an_event_that_was_called_off(booking, begin, bank, look, api, organizer, event, refunds, agree):
    payment = begin(booking)
    bank.pay(payment.ref)
    api.as_(organizer).post(f"/events/{event.id}/cancel")
    look()

    assert refunds(payment) == [("done", 2100, "rule")]
    agree()


@pytest.mark.parametrize(
    ("currency", "price", "minor", "shown"), [("JPY", "1050", 1050, "1050"), ("KWD", "1.050", 1050, "1.050")]
)
def test_currencies_with_other_decimals(make, book, begin, bank, look, status_of, ada, currency, price, minor, shown):
    booking = book(at=make.event(currency=currency, price=price))
    payment = begin(booking)
    assert bank.accounts[payment.ref].amount == minor
    bank.pay(payment.ref)
    look()

    assert status_of(booking) == ("confirmed", "paid")
    assert ada.get(f"/payments/{payment.id}").json["amount_paid"] == shown


def test_nobody_confirms_by_hand_what_is_not_paid(booking, ada, staff, api, organizer):
    for client in (ada, staff, api.as_(organizer)):
        problem = client.post(f"/bookings/{booking['id']}/confirm", status=409).json
        assert (problem["code"], problem["amount_due"], problem["currency"]) == ("payment_required", "21.00", "EUR")


def test_nothing_is_left_undone(booking, begin, bank, look, outbox, session):
    payment = begin(booking)
    bank.pay(payment.ref)
    look()

    assert [job.handler for job in outbox.waiting if "payments" in job.handler] == []
    assert outbox.dead == []
    assert session.scalars(select(Payment.status)).all() == [PAID]


def test_money_is_entered_whatever_somebody_refuses_the_booking_with(
    booking, begin, bank, look, status_of, lines, refunds, monkeypatch, agree
):
    class Refused(Conflict):
        code = "odd"

    def refuse(_self, _booking_id):
        raise Refused

    monkeypatch.setattr(BookingService, "fulfil", refuse)
    payment = begin(booking)
    bank.pay(payment.ref)
    look()

    assert status_of(booking) == ("pending", "refunded")
    assert lines(payment) == [("charge", 2100), ("refund", -2100)]
    assert refunds(payment) == [("done", 2100, "rule")]
    agree()
