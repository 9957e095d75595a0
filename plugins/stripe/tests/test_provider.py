"""What the provider does at Stripe, and what it says of what is there."""

from datetime import timedelta

import pytest
from turnout_payments.providers import (
    DONE,
    EXPIRED,
    FAILED,
    OPEN,
    PAID,
    PENDING,
    Refused,
    Seen,
    SeenRefund,
)


def test_a_session_is_made_as_the_charge_says(provider, stripe, charge, watch):
    opened = provider.open(charge())
    session = stripe.bank.session(opened.ref)
    assert opened.url == session.url
    assert (session.amount, session.currency, session.name) == (2500, "eur", "Fado night, 2 places")
    assert session.success_url == session.cancel_url == "https://tickets.example.com/payments/token/back"
    assert (session.client_reference_id, session.customer_email) == ("K7QX2M", "ada@example.com")
    assert session.metadata == {"key": "charge-1"}
    assert session.expires_at == (watch.now() + timedelta(minutes=45)).timestamp()
    (call,) = stripe.calls
    assert call.headers["idempotency-key"] == "charge-1"
    assert call.headers["stripe-version"] == "2026-10-28.endive"


def test_nothing_is_told_that_was_not_asked_for(provider, stripe, charge, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr("stripe._telemetry_id._loaded", False)
    provider.look(provider.open(charge()).ref)
    for call in stripe.calls:
        assert call.headers["user-agent"] == "Turnout"
        assert not [name for name in call.headers if name.startswith("x-")]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("minutes", "lives"), [(1, 31), (15, 45), (23 * 60, 23 * 60 + 30), (24 * 60, 24 * 60), (7 * 24 * 60, 24 * 60)]
)
def test_a_session_lives_as_long_as_stripe_allows(provider, stripe, charge, watch, minutes, lives):
    ref = provider.open(charge(expires_at=watch.now() + timedelta(minutes=minutes))).ref
    assert stripe.bank.session(ref).expires_at == (watch.now() + timedelta(minutes=lives)).timestamp()


def test_a_buyer_without_address_is_not_named(provider, stripe, charge):
    assert stripe.bank.session(provider.open(charge(email="")).ref).customer_email is None


def test_a_session_is_looked_at_from_open_to_expired(provider, charge, watch):
    ref = provider.open(charge()).ref
    assert provider.look(ref) == Seen(OPEN)
    watch.move(hours=1)
    assert provider.look(ref) == Seen(EXPIRED)


def test_paid_at_once(provider, stripe, paid):
    ref = paid()
    intent_id = stripe.bank.session(ref).payment_intent
    assert provider.look(ref) == Seen(PAID, 2500, "EUR", intent_id)


def test_money_on_its_way_may_not_come(provider, stripe, charge):
    ref = provider.open(charge()).ref
    stripe.bank.pay_later(ref)
    stripe.bank.fail(ref, "The bank returned the debit.")
    seen = provider.look(ref)
    assert (seen.status, seen.captured, seen.detail) == (FAILED, 0, "The bank returned the debit.")


def test_closed_nobody_can_pay(provider, stripe, charge):
    ref = provider.open(charge()).ref
    provider.close(ref)
    assert provider.look(ref) == Seen(EXPIRED)
    assert stripe.calls[1].headers["idempotency-key"] == f"expire-{ref}"


def test_a_refund_is_asked_for_by_its_key(provider, stripe, paid, wanted):
    ref = paid()
    provider.refund(ref, wanted(1000, "refund-1"))
    assert stripe.calls[-1].headers["idempotency-key"] == "refund-1"
    provider.refund(ref, wanted(1500, "refund-2"))
    with pytest.raises(Refused, match="already been refunded"):
        provider.refund(ref, wanted(1, "refund-3"))


def test_more_than_there_is_is_refused(provider, paid, wanted):
    with pytest.raises(Refused, match="greater than unrefunded amount"):
        provider.refund(paid(), wanted(2501))


def test_what_was_not_paid_cannot_be_refunded(provider, charge, wanted):
    with pytest.raises(Refused, match="no money"):
        provider.refund(provider.open(charge()).ref, wanted(100))


@pytest.mark.parametrize(
    ("becomes", "status"), [("succeeded", DONE), ("pending", PENDING), ("requires_action", PENDING)]
)
def test_what_a_refund_may_be(provider, stripe, paid, wanted, becomes, status):
    ref = paid()
    stripe.bank.refunds_are = becomes
    assert provider.refund(ref, wanted(700)).status == status
    assert provider.look(ref).refunds[0].status == status


def test_a_refund_may_fail_later(provider, stripe, paid, wanted):
    ref = paid()
    made = provider.refund(ref, wanted(700))
    stripe.bank.settle_refund(made.ref, succeeds=False)
    assert provider.look(ref).refunds == (SeenRefund(made.ref, 700, FAILED, "refund-1", "lost_or_stolen_card"),)


def test_all_refunds_are_seen_however_many(provider, stripe, paid):
    ref = paid(amount=50_000)
    for _ in range(230):
        stripe.bank.refund(stripe.bank.session(ref).payment_intent, 3)
    assert len({refund.ref for refund in provider.look(ref).refunds}) == 230


def test_a_dispute_holds_money_back_until_it_is_won(provider, stripe, paid):
    ref = paid()
    dispute = stripe.bank.dispute(ref, 2000)
    assert provider.look(ref).disputed == 2000
    stripe.bank.close_dispute(dispute.id, won=False)
    assert provider.look(ref).disputed == 2000
    stripe.bank.close_dispute(dispute.id, won=True)
    assert provider.look(ref).disputed == 0


def test_a_mere_question_holds_nothing_back(provider, stripe, paid):
    ref = paid()
    stripe.bank.dispute(ref).status = "warning_needs_response"
    assert provider.look(ref).disputed == 0
