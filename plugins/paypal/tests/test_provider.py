"""What the provider does at PayPal, and what it says of what is there."""

import json
from decimal import Decimal

import pytest
from turnout_payments.providers import (
    DONE,
    EXPIRED,
    FAILED,
    OPEN,
    PAID,
    PROCESSING,
    Refused,
    Seen,
    SeenRefund,
)


def test_an_order_is_made_as_the_charge_says(provider, paypal, charge):
    opened = provider.open(charge())
    order = paypal.bank.order(opened.ref)
    assert opened.url == f"{paypal.url}/checkoutnow?token={opened.ref}"
    assert (order.value, order.currency, order.description) == (Decimal("25.00"), "EUR", "Fado night, 2 places")
    assert order.return_url == order.cancel_url == "https://tickets.example.com/payments/token/back"
    assert (order.reference_id, order.custom_id) == ("K7QX2M", "charge-1")
    call = paypal.calls[-1]
    assert call.headers["paypal-request-id"] == "charge-1"
    assert b"ada@example.com" not in call.body


def test_one_token_serves_many_calls(provider, paypal, charge):
    for number in range(3):
        provider.look(provider.open(charge(f"charge-{number}")).ref)
    assert [call.path for call in paypal.calls].count("/v1/oauth2/token") == 1


def test_a_token_that_ends_soon_is_not_used(provider, paypal, charge):
    paypal.api.token_seconds = 30
    provider.look(provider.open(charge()).ref)
    assert [call.path for call in paypal.calls].count("/v1/oauth2/token") == 2


def test_a_token_that_is_not_good_any_more_is_fetched_again(provider, paypal, charge):
    ref = provider.open(charge()).ref
    paypal.api.forget_tokens()
    assert provider.look(ref) == Seen(OPEN)


def test_an_order_is_open_until_it_is_gone(provider, charge, watch):
    ref = provider.open(charge()).ref
    assert provider.look(ref) == Seen(OPEN)
    watch.move(hours=3)
    assert provider.look(ref) == Seen(EXPIRED, detail="PayPal does not know the order any more.")


def test_an_order_may_be_void(provider, paypal, charge):
    ref = provider.open(charge()).ref
    paypal.bank.orders[ref].status = "VOIDED"
    assert provider.look(ref).status == EXPIRED


def test_what_the_buyer_has_agreed_to_is_taken_once(provider, paypal, agreed):
    ref = agreed()
    seen = provider.look(ref)
    (capture,) = paypal.bank.orders[ref].captures
    assert seen == Seen(PAID, 2500, "EUR", capture.id)
    assert paypal.calls[-1].headers["paypal-request-id"] == f"capture-{ref}"
    assert provider.look(ref) == seen
    assert len(paypal.bank.orders[ref].captures) == 1


def test_somebody_else_was_faster_to_take_it(provider, paypal, agreed, monkeypatch):
    ref = agreed()
    before = provider._order(ref)
    paypal.bank.capture(ref)
    answers = iter([before])
    now = provider._order
    monkeypatch.setattr(provider, "_order", lambda ref: next(answers, None) or now(ref))
    assert provider.look(ref).status == PAID


def test_completed_is_not_paid(provider, paypal, agreed):
    ref = agreed()
    paypal.bank.captures_are = "PENDING"
    assert (provider.look(ref).status, provider.look(ref).captured) == (PROCESSING, 0)
    assert paypal.bank.orders[ref].status == "COMPLETED"
    paypal.bank.settle(ref)
    assert (provider.look(ref).status, provider.look(ref).captured) == (PAID, 2500)


@pytest.mark.parametrize("status", ["DECLINED", "FAILED"])
def test_money_on_its_way_may_not_come(provider, paypal, agreed, status):
    ref = agreed()
    paypal.bank.captures_are = "PENDING"
    provider.look(ref)
    paypal.bank.settle(ref, status, "ECHECK")
    seen = provider.look(ref)
    assert (seen.status, seen.captured, seen.detail) == (FAILED, 0, "ECHECK")


def test_the_bank_may_say_no(provider, paypal, agreed):
    ref = agreed()
    paypal.bank.captures_are = "INSTRUMENT_DECLINED"
    seen = provider.look(ref)
    assert (seen.status, "declined" in seen.detail) == (FAILED, True)


def test_what_was_declined_is_not_tried_again_behind_the_buyers_back(provider, paypal, agreed):
    ref = agreed()
    paypal.bank.captures_are = "DECLINED"
    provider.look(ref)
    paypal.bank.orders[ref].status = "APPROVED"
    paypal.bank.captures_are = "COMPLETED"
    paypal.api.forget_requests()
    assert provider.look(ref).status == FAILED


def test_refunds_of_parts_and_of_the_rest(provider, paypal, paid, wanted):
    ref = paid()
    first = provider.refund(ref, wanted(1000, "refund-1"))
    second = provider.refund(ref, wanted(1500, "refund-2"))
    assert (first.amount, first.status, first.key) == (1000, DONE, "refund-1")
    seen = provider.look(ref)
    assert (seen.status, seen.captured, seen.refunds) == (PAID, 2500, (first, second))
    assert paypal.books()[ref].held == 0
    with pytest.raises(Refused, match="fully refunded"):
        provider.refund(ref, wanted(1, "refund-3"))


def test_a_refund_is_made_once_for_each_key_even_when_paypal_has_forgotten_it(provider, paypal, paid, wanted):
    ref = paid()
    first = provider.refund(ref, wanted(1000))
    assert paypal.calls[-1].headers["paypal-request-id"] == "refund-1"
    paypal.api.forget_requests()
    assert provider.refund(ref, wanted(1000)) == first
    assert paypal.books()[ref].refunded == Decimal(10)


def test_more_than_there_is_is_refused(provider, paid, wanted):
    with pytest.raises(Refused, match="less than or equal"):
        provider.refund(paid(), wanted(2501))


def test_what_was_not_paid_cannot_be_refunded(provider, agreed, wanted):
    with pytest.raises(Refused, match="no money"):
        provider.refund(agreed(), wanted(100))


def test_a_refund_may_end_otherwise_than_it_began(provider, paypal, paid, wanted):
    ref = paid()
    paypal.bank.refunds_are = "PENDING"
    made = provider.refund(ref, wanted(700))
    paypal.bank.settle_refund(made.ref, "CANCELLED")
    assert provider.look(ref).refunds == (SeenRefund(made.ref, 700, FAILED, "refund-1"),)


def test_an_order_cannot_be_closed_and_what_comes_late_is_not_lost(provider, agreed):
    ref = agreed()
    provider.close(ref)
    assert provider.look(ref).status == PAID


def test_refs_are_no_paths(provider, paypal, charge):
    provider.open(charge())
    assert provider.look("../../v1/oauth2/token?x=").status == EXPIRED
    assert paypal.calls[-1].path == "/v2/checkout/orders/..%2F..%2Fv1%2Foauth2%2Ftoken%3Fx%3D"


AMOUNTS = [(1050, "EUR", "10.50"), (1, "USD", "0.01"), (1050, "JPY", "1050"), (2500, "HUF", "25"), (2500, "TWD", "25")]


@pytest.mark.parametrize(("amount", "currency", "value"), AMOUNTS)
def test_amounts_are_exact(provider, paypal, paid, wanted, amount, currency, value):
    ref = paid(amount=amount, currency=currency)
    order = next(call for call in paypal.calls if call.path == "/v2/checkout/orders")
    assert json.loads(order.body)["purchase_units"][0]["amount"] == {"currency_code": currency, "value": value}
    assert (provider.look(ref).captured, provider.look(ref).currency) == (amount, currency)
    assert provider.refund(ref, wanted(amount, currency=currency)).amount == amount


def test_currencies_that_paypal_takes(provider):
    assert all(provider.takes(currency) for currency in ("EUR", "JPY", "TWD"))
    assert not any(provider.takes(currency) for currency in ("KWD", "ISK", "eur"))
