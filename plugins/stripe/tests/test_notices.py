"""Notices: signed by Stripe a short while ago, or not taken."""

import json
from datetime import UTC, datetime

import pytest
import stripe as package
from turnout.plugin import Invalid
from turnout_payments.providers import Forged, Notice

from turnout_stripe.signatures import require_signed, signature

# Made with: printf '1679600300.{"id":"evt_1","object":"event"}' | openssl dgst -sha256 -hmac 'whsec_c2VjcmV0'
BODY = b'{"id":"evt_1","object":"event"}'
MOMENT = 1679600300
NEW, NEW_SIGNATURE = "whsec_c2VjcmV0", "7410dd3240732dc82d96d6d6d10c6f432149bbf08ca8055a1c7e00d59f93f69c"
OLD, OLD_SIGNATURE = "whsec_b2xk", "8d0c8e93a74c3660f89991a772373e88c86d61b55b36752e1116e27f7c54c021"


def at(seconds=0):
    return datetime.fromtimestamp(MOMENT + seconds, UTC)


def test_the_signature_is_stripes():
    assert signature(NEW, MOMENT, BODY) == NEW_SIGNATURE
    assert signature(OLD, MOMENT, BODY) == OLD_SIGNATURE
    made = package.WebhookSignature.generate_signature_header(BODY.decode(), NEW, MOMENT)
    require_signed(made, BODY, [NEW], at())


GOOD = {
    "one": (f"t={MOMENT},v1={NEW_SIGNATURE}", [NEW]),
    "any of several": (f"t={MOMENT},v1={'0' * 64},v1={NEW_SIGNATURE}", [NEW]),
    "of another scheme, too": (f"t={MOMENT},v1={NEW_SIGNATURE},v0={'0' * 64}", [NEW]),
    "with spaces": (f"t={MOMENT}, v1={NEW_SIGNATURE}", [NEW]),
    "by the secret that is being replaced": (f"t={MOMENT},v1={OLD_SIGNATURE}", [NEW, OLD]),
    "by both": (f"t={MOMENT},v1={OLD_SIGNATURE},v1={NEW_SIGNATURE}", [NEW]),
}


@pytest.mark.parametrize("name", GOOD)
def test_signed(name):
    header, secrets = GOOD[name]
    for seconds in (-300, 0, 300):
        require_signed(header, BODY, secrets, at(seconds))


BAD = {
    "nothing": "",
    "no moment": f"v1={NEW_SIGNATURE}",
    "two moments": f"t={MOMENT},t={MOMENT},v1={NEW_SIGNATURE}",
    "no number": f"t=soon,v1={NEW_SIGNATURE}",
    "a huge number": f"t={'9' * 400},v1={NEW_SIGNATURE}",
    "digits of another script": f"t=\u0661\u0662,v1={NEW_SIGNATURE}",
    "no signature": f"t={MOMENT}",
    "an empty signature": f"t={MOMENT},v1=",
    "another signature": f"t={MOMENT},v1={'0' * 64}",
    "letters that are not ASCII": f"t={MOMENT},v1=\u00e9\u00e9",
    "of another scheme": f"t={MOMENT},v0={NEW_SIGNATURE}",
    "of another moment": f"t={MOMENT + 1},v1={NEW_SIGNATURE}",
    "of another secret": f"t={MOMENT},v1={OLD_SIGNATURE}",
    "nonsense": "=,=,,==",
}


@pytest.mark.parametrize("name", BAD)
def test_not_signed(name):
    with pytest.raises(Forged):
        require_signed(BAD[name], BODY, [NEW], at())


def test_not_this_body():
    with pytest.raises(Forged):
        require_signed(f"t={MOMENT},v1={NEW_SIGNATURE}", BODY + b" ", [NEW], at())


@pytest.mark.parametrize("seconds", [-301, 301, 86_400])
def test_stale_or_from_the_future(seconds):
    with pytest.raises(Forged, match="300 seconds"):
        require_signed(f"t={MOMENT},v1={NEW_SIGNATURE}", BODY, [NEW], at(seconds))


def test_without_a_secret_nothing_is_taken():
    with pytest.raises(Forged):
        require_signed(f"t={MOMENT},v1={NEW_SIGNATURE}", BODY, [], at())


@pytest.fixture
def receive(provider, stripe):
    """Return what gives the provider a notice that Stripe has signed."""

    def receive(notice):
        body = notice if isinstance(notice, bytes) else json.dumps(notice).encode()
        headers = {name.lower(): value for name, value in stripe.sign(stripe.courier, body).items()}
        return provider.receive(headers, body)

    return receive


def event(about, kind="checkout.session.completed"):
    return {"id": "evt_1", "object": "event", "type": kind, "data": {"object": about}}


SESSION = {"object": "checkout.session", "id": "cs_1", "payment_intent": "pi_1", "metadata": {"key": "charge-1"}}


def test_which_payment_a_notice_is_about(receive):
    assert receive(event(SESSION)) == Notice("evt_1", "checkout.session.completed", "charge-1", ("pi_1", "cs_1"))
    unpaid = SESSION | {"payment_intent": None, "metadata": None}
    assert receive(event(unpaid)) == Notice("evt_1", "checkout.session.completed", None, ("cs_1",))
    refund = {"object": "refund", "id": "re_1", "payment_intent": "pi_1", "metadata": {"key": "refund-1"}}
    assert receive(event(refund, "refund.updated")) == Notice("evt_1", "refund.updated", None, ("pi_1",))
    dispute = {"object": "dispute", "id": "dp_1", "payment_intent": "pi_1"}
    assert receive(event(dispute, "charge.dispute.created")).refs == ("pi_1",)
    intent = {"object": "payment_intent", "id": "pi_1"}
    assert receive(event(intent, "payment_intent.succeeded")).refs == ("pi_1",)
    assert receive(event({"object": "customer", "id": "cus_1"}, "customer.created")) == Notice(
        "evt_1", "customer.created"
    )


OTHERS = ["two words", "\u00e9", "\x00", "\ud800", "k" * 256, "", 7, ["charge-1"]]


@pytest.mark.parametrize("key", OTHERS, ids=range(len(OTHERS)))
def test_what_others_keep_in_the_same_account_is_none_of_ours(receive, key):
    """Refused, Stripe would send it for days, and then send nothing any more."""
    assert receive(event(SESSION | {"metadata": {"key": key}})).key is None
    assert receive(event(SESSION | {"payment_intent": key})).refs == ("cs_1",)


BROKEN = [
    event(None),
    event([]),
    event({"object": "checkout.session"}),
    event(SESSION | {"metadata": "charge-1"}),
    event(SESSION) | {"id": 1},
    event(SESSION) | {"id": "e" * 256},
    event(SESSION) | {"id": ""},
    event(SESSION) | {"type": None},
    event(SESSION) | {"type": "t" * 101},
]


@pytest.mark.parametrize("notice", BROKEN, ids=range(len(BROKEN)))
def test_what_is_no_event_names_the_body(receive, notice):
    with pytest.raises(Invalid) as raised:
        receive(notice)
    assert raised.value.errors == [("body", "is no event of Stripe's")]
