"""What Stripe refuses, and what goes wrong in ways of its own; what goes wrong everywhere is in the suite of all providers."""

import pytest
from turnout_payments.providers import Refused, Unavailable
from turnout_payments.testing.conformance.faults import NONSENSE

from turnout_stripe.fake import BUSY, ERROR, FAULTS, GARBLED, LOST, SILENT

ANSWERS = {
    "an error without words": (400, b'{"error": {"type": "invalid_request_error"}}', Refused),
    "an error as text": (400, b'{"error": "nonsense"}', Unavailable),
    "another request with the key": (409, b'{"error": {"type": "idempotency_error"}}', Unavailable),
    "too many": (429, b'{"error": {"type": "rate_limit_error"}}', Unavailable),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_whatever_is_answered_is_one_of_two_things(answering, charge, wanted, name):
    status, body, expected = ANSWERS[name]
    provider = answering(status, body)
    for attempt in (provider.look, provider.close, lambda ref: provider.refund(ref, wanted(700))):
        with pytest.raises(expected):
            attempt("cs_1")


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_does_not_close_anything(answering, name):
    status, kind, body = NONSENSE[name]
    with pytest.raises(Unavailable) as raised:
        answering(status, body, kind).close("cs_1")
    assert "<h1>" not in str(raised.value)


def test_a_charge_that_stripe_refuses(provider, charge):
    with pytest.raises(Refused, match="unit_amount must be between"):
        provider.open(charge(amount=100_000_000))


def test_one_key_for_two_things_is_refused(provider, charge):
    provider.open(charge())
    with pytest.raises(Refused, match="same parameters"):
        provider.open(charge(amount=2600))


def test_a_session_that_is_not_there(provider, wanted):
    for attempt in (provider.look, provider.close, lambda ref: provider.refund(ref, wanted(700))):
        with pytest.raises(Refused, match=r"No such checkout\.session"):
            attempt("cs_of_somebody_else")


def test_a_key_within_a_message_is_masked(answering, charge):
    body = b'{"error": {"type": "invalid_request_error", "message": "The key sk_test_fake may not do this."}}'
    with pytest.raises(Refused) as raised:
        answering(403, body).open(charge())
    assert str(raised.value) == "The key ******** may not do this."


def test_faults_come_in_turn(stripe):
    stripe.faults.every, stripe.faults.kinds = 2, (BUSY, ERROR)
    assert [stripe.faults.next() for _ in range(8)] == [None, BUSY, None, ERROR, None, BUSY, None, ERROR]
    assert {BUSY, ERROR, SILENT, LOST, GARBLED} == set(FAULTS)
