"""Bookings that are paid at PayPal, in ways of its own; how they are paid everywhere is in the suite of all providers."""

import pytest


@pytest.fixture(scope="module")
def settings(server):
    return server.settings()


def test_agreed_to_is_not_paid_but_soon_is(shop, server):
    payment = shop.begin(shop.book())
    server.pay(payment.ref)
    assert payment.ref not in server.fake.books()
    shop.wait(seconds=21)  # no notice came
    assert shop.status_of(payment.booking_id) == ("confirmed", "paid")
    shop.agree()


def test_the_bank_says_no_to_what_was_agreed_to(shop, server):
    payment = shop.begin(shop.book())
    server.decline(payment.ref)
    shop.tell()
    assert shop.status_of(payment.booking_id) == ("pending", "failed")
    shop.agree()


def test_an_order_cannot_be_closed_and_is_paid_twice(shop, server):
    booking = shop.book()
    first = shop.begin(booking)
    server.pay(first.ref)  # and before it tells us, the buyer begins again
    second = shop.begin(booking)
    server.pay(second.ref)
    shop.tell()
    shop.wait(minutes=1)
    assert shop.status_of(booking["id"])[0] == "confirmed"
    lines = sorted([shop.lines(first), shop.lines(second)])
    assert lines == [[("charge", 2500)], [("charge", 2500), ("refund", -2500)]]
    shop.agree()
