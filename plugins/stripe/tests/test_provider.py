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
    PROCESSING,
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


def test_asked_again_with_the_same_key_it_is_the_same_session(provider, stripe, charge, watch):
    wanted = charge()
    first = provider.open(wanted)
    watch.move(minutes=14)
    assert provider.open(wanted) == first
    assert len(stripe.bank.sessions) == 1


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


def test_complete_is_not_paid(provider, stripe, charge):
    ref = provider.open(charge()).ref
    stripe.bank.pay_later(ref)
    assert (provider.look(ref).status, provider.look(ref).captured) == (PROCESSING, 0)
    stripe.bank.arrive(ref)
    assert (provider.look(ref).status, provider.look(ref).captured) == (PAID, 2500)


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


def test_what_is_over_or_paid_may_be_closed(provider, paid, charge):
    ref = paid()
    provider.close(ref)
    provider.close(ref)
    assert provider.look(ref).status == PAID
    expired = provider.open(charge("charge-2")).ref
    provider.close(expired)
    provider.close(expired)
    assert provider.look(expired).status == EXPIRED


def test_refunds_of_parts_and_of_the_rest(provider, stripe, paid, wanted):
    ref = paid()
    first = provider.refund(ref, wanted(1000, "refund-1"))
    assert stripe.calls[-1].headers["idempotency-key"] == "refund-1"
    second = provider.refund(ref, wanted(1500, "refund-2"))
    assert (first.amount, first.status, first.key) == (1000, DONE, "refund-1")
    assert set(provider.look(ref).refunds) == {first, second}
    assert stripe.books()[ref].held == 0
    with pytest.raises(Refused, match="already been refunded"):
        provider.refund(ref, wanted(1, "refund-3"))


def test_a_refund_is_made_once_for_each_key_even_when_stripe_has_forgotten_it(provider, stripe, paid, wanted):
    ref = paid()
    first = provider.refund(ref, wanted(1000))
    stripe._api._answers.clear()
    assert provider.refund(ref, wanted(1000)) == first
    assert stripe.books()[ref].refunded == 1000


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


def test_refunds_begun_at_stripe_are_seen(provider, stripe, paid):
    ref = paid()
    begun = stripe.bank.refund(stripe.bank.session(ref).payment_intent, 300)
    assert provider.look(ref).refunds == (SeenRefund(begun.id, 300, DONE, None),)


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


def test_what_is_missing_is_said(make_provider):
    assert make_provider().check() is None
    assert make_provider(secret_key="").check() == "Set stripe.secret_key."
    assert make_provider(webhook_secret=" ").check() == "Set stripe.webhook_secret."
