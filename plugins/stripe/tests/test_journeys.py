"""Bookings that are paid at Stripe, in ways of its own; how they are paid everywhere is in the suite of all providers."""

import pytest
from turnout_payments.models import Payment
from turnout_payments.testing import CannotBePaid


@pytest.fixture(scope="module")
def settings(server):
    return server.settings()


def test_a_declined_card_leaves_the_buyer_at_the_page(shop, server):
    booking = shop.book()
    payment = shop.begin(booking)
    server.decline(payment.ref)
    assert shop.tell() == 0
    assert shop.status_of(booking["id"]) == ("pending", "unpaid")
    assert server.visit(payment.url).endswith(f"/payments/{payment.token}/back")
    shop.tell()
    assert shop.status_of(booking["id"]) == ("confirmed", "paid")
    shop.agree()


def test_abandoned_a_session_is_ended(shop, server):
    payment = shop.begin(shop.book())
    shop.wait(times=3, minutes=16)
    assert shop.status_of(payment.booking_id)[0] == "expired"
    assert server.bank.session(payment.ref).status == "expired"
    shop.agree()


def test_begun_again_only_one_session_can_be_paid(shop, server):
    booking = shop.book()
    first = shop.begin(booking)
    server.pay(first.ref)  # and before it tells us, the buyer begins again
    second = shop.begin(booking)
    shop.tell()
    shop.wait(minutes=1)
    assert shop.again(Payment, second.id).status == "cancelled"
    with pytest.raises(CannotBePaid):
        server.pay(second.ref)
    assert (shop.lines(first), shop.lines(second)) == ([("charge", 2500)], [])
    shop.agree()


def test_notices_of_a_debit_backwards(shop, server):
    payment = shop.begin(shop.book())
    server.delay(payment.ref)
    server.arrive(payment.ref)
    server.refund(payment.ref, 300)
    assert shop.tell(copies=3, backwards=True) == 3
    assert shop.lines(payment) == [("charge", 2500), ("refund", -300)]


def test_a_signature_that_is_nonsense(shop, server):
    server.pay(shop.begin(shop.book()).ref)
    (body,) = server.fake.courier.take()
    assert shop.send(body, {"Stripe-Signature": "t=1,v1=00"}, 400).json["code"] == "forged"
