"""Notices: what can be PayPal's is taken, and PayPal says whether it is."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select
from turnout.plugin import Invalid
from turnout_payments.models import Received
from turnout_payments.providers import Forged, Notice, Refused, Unavailable

from turnout_paypal.provider import PayPalProvider

EVENT = {"id": "WH-1", "event_type": "PAYMENT.CAPTURE.COMPLETED", "resource_type": "capture"}
CAPTURE = {
    "id": "CAP1",
    "custom_id": "charge-1",
    "supplementary_data": {"related_ids": {"order_id": "ORDER1"}},
}


@pytest.fixture
def signed(paypal):
    """Return what gives the headers and the body of a notice that PayPal has signed."""

    def signed(notice, **changed):
        body = notice if isinstance(notice, bytes) else json.dumps(notice).encode()
        headers = {name.lower(): value for name, value in paypal.sign(paypal.courier, body).items()}
        return headers | changed, body

    return signed


def test_which_payment_a_notice_is_about(provider, signed):
    def received(kind, about, resource):
        event = {"id": "WH-1", "event_type": kind, "resource_type": about, "resource": resource}
        return provider.receive(*signed(event))

    assert received("PAYMENT.CAPTURE.COMPLETED", "capture", CAPTURE) == Notice(
        "WH-1", "PAYMENT.CAPTURE.COMPLETED", "charge-1", ("ORDER1", "CAP1")
    )
    assert received("PAYMENT.CAPTURE.PENDING", "capture", {"id": "CAP1"}).refs == ("CAP1",)
    order = {"id": "ORDER1", "purchase_units": [{"custom_id": "charge-1"}]}
    assert received("CHECKOUT.ORDER.APPROVED", "checkout-order", order) == Notice(
        "WH-1", "CHECKOUT.ORDER.APPROVED", "charge-1", ("ORDER1",)
    )
    refund = {
        "id": "REF1",
        "custom_id": "refund-1",
        "links": [
            {"rel": "self", "href": "https://api-m.paypal.com/v2/payments/refunds/REF1"},
            {"rel": "up", "href": "https://api-m.paypal.com/v2/payments/captures/CAP1"},
        ],
    }
    assert received("PAYMENT.CAPTURE.REFUNDED", "refund", refund) == Notice(
        "WH-1", "PAYMENT.CAPTURE.REFUNDED", None, ("CAP1",)
    )
    assert received("BILLING.PLAN.CREATED", "plan", {"id": "P-1"}) == Notice("WH-1", "BILLING.PLAN.CREATED")


@pytest.mark.parametrize(
    "name",
    [
        "paypal-transmission-id",
        "paypal-transmission-time",
        "paypal-transmission-sig",
        "paypal-cert-url",
        "paypal-auth-algo",
    ],
)
def test_without_its_headers_it_is_forged(provider, signed, name):
    with pytest.raises(Forged):
        provider.receive(*signed(EVENT | {"resource": CAPTURE}, **{name: ""}))


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example.com/cert",
        "https://api.paypal.com.example.com/cert",
        "https://notpaypal.com/cert",
        "https://api.paypal.com@evil.example.com/cert",
        "http://api.paypal.com/cert",
        "https://[api.paypal.com/cert",
        "api.paypal.com/cert",
        "/cert",
        "x",
        "https://api.paypal.com/" + "c" * 1000,
    ],
)
def test_whose_certificate_is_not_paypals_is_forged(provider, signed, url):
    with pytest.raises(Forged):
        provider.receive(*signed(EVENT | {"resource": CAPTURE}, **{"paypal-cert-url": url}))


@pytest.mark.parametrize("host", ["api.paypal.com", "api.sandbox.paypal.com"])
def test_certificates_of_paypal(provider, signed, host):
    headers, body = signed(EVENT | {"resource": CAPTURE}, **{"paypal-cert-url": f"https://{host}/v1/certs/CERT-1"})
    assert provider.receive(headers, body).id == "WH-1"


def test_larger_than_what_paypal_sends(provider, signed):
    provider.receive(*signed(EVENT | {"resource": CAPTURE, "more": "x" * 60_000}))
    with pytest.raises(Invalid) as raised:
        provider.receive(*signed(EVENT | {"resource": CAPTURE, "more": "x" * 66_000}))
    assert raised.value.errors[0][0] == "body"


def test_only_what_paypal_is_asked_by_is_kept(api, clock, session):
    headers = dict.fromkeys(PayPalProvider.signature_headers, "x") | {
        "paypal-transmission-time": clock.now().isoformat(),
        "paypal-cert-url": "https://api.paypal.com/v1/certs/CERT-1",
    }
    more = {"Content-Type": "application/json", "X-Other": "o" * 5000}
    body = json.dumps(EVENT | {"resource": CAPTURE}).encode()
    api.post("/payments/webhooks/paypal", body, headers=headers | more, status=204)
    assert session.scalars(select(Received.headers)).one() == headers


@pytest.mark.parametrize("late", [timedelta(days=3), timedelta(0), timedelta(minutes=-5)])
def test_recent_enough(provider, signed, watch, late):
    headers, body = signed(EVENT | {"resource": CAPTURE})
    watch.set(watch.now() + late)
    assert provider.receive(headers, body).id == "WH-1"


@pytest.mark.parametrize("late", [timedelta(days=3, seconds=1), timedelta(minutes=-5, seconds=-1)])
def test_stale_or_from_the_future(provider, signed, watch, late):
    headers, body = signed(EVENT | {"resource": CAPTURE})
    watch.set(watch.now() + late)
    with pytest.raises(Forged, match="too long ago"):
        provider.receive(headers, body)


@pytest.mark.parametrize("moment", ["yesterday", "2027-03-01T12:00:00", "12", "0001-01-01T00:00:00+14:00", "\x00"])
def test_sent_at_no_moment(provider, signed, moment):
    with pytest.raises(Forged):
        provider.receive(*signed(EVENT | {"resource": CAPTURE}, **{"paypal-transmission-time": moment}))


OTHERS = ["two words", "\u00e9", "\x00", "\ud800", "k" * 256, "", 7, ["charge-1"]]


@pytest.mark.parametrize("name", OTHERS, ids=range(len(OTHERS)))
def test_what_others_keep_in_the_same_account_is_none_of_ours(provider, signed, name):
    """Refused, PayPal would send it for days."""
    assert provider.receive(*signed(EVENT | {"resource": CAPTURE | {"custom_id": name}})).key is None
    assert provider.receive(*signed(EVENT | {"resource": CAPTURE | {"id": name}})).refs == ("ORDER1",)


BROKEN = [
    b"[" * 60_000,
    EVENT,
    EVENT | {"resource": None},
    EVENT | {"resource": []},
    EVENT | {"resource": {}},
    EVENT | {"resource": CAPTURE | {"supplementary_data": "none"}},
    EVENT | {"resource": CAPTURE, "id": None},
    EVENT | {"resource": CAPTURE, "id": "W" * 256},
    EVENT | {"resource": CAPTURE, "event_type": "t" * 101},
    EVENT | {"resource": {"id": "O", "purchase_units": "none"}, "resource_type": "checkout-order"},
    EVENT | {"resource": {"id": "R", "links": [{"rel": "up"}]}, "resource_type": "refund"},
]


@pytest.mark.parametrize("notice", BROKEN, ids=range(len(BROKEN)))
def test_what_is_no_event_names_the_body(provider, signed, notice):
    with pytest.raises(Invalid) as raised:
        provider.receive(*signed(notice))
    assert raised.value.errors == [("body", "is no event of PayPal's")]


def test_paypal_says_whether_it_is_its_own(provider, paypal, signed):
    headers, body = signed(EVENT | {"resource": CAPTURE})
    assert provider.verify(headers, body)
    assert not provider.verify(headers, body.replace(b"charge-1", b"charge-2"))
    assert not provider.verify(headers | {"paypal-transmission-sig": "c29tZXRoaW5n"}, body)
    assert not provider.verify(headers | {"paypal-transmission-time": "2027-03-01T12:00:01Z"}, body)
    paypal.courier.forged = True
    assert not provider.verify(*signed(EVENT | {"resource": CAPTURE}))


def test_it_is_asked_about_the_very_bytes_that_came(provider, signed):
    odd = b'{ "id":"WH-1",  "amount": 1.10, "note": "\\u00e9\xc3\xa9" }'
    assert provider.verify(*signed(odd))


def test_another_webhooks_notice_is_not_ours(make_provider, signed):
    assert not make_provider(webhook_id="OTHER").verify(*signed(EVENT))


def test_what_paypal_cannot_read_is_not_its_own(provider, signed):
    assert not provider.verify(*signed(b'{"a": NaN, "b": }'))


def test_while_paypal_cannot_say_it_is_asked_again_later(provider, paypal, signed, make_provider):
    notice = signed(EVENT)
    paypal.faults.every = 1
    with pytest.raises(Unavailable):
        provider.verify(*notice)
    paypal.faults.every = 0
    with pytest.raises((Unavailable, Refused)):
        make_provider(client_secret="wrong").verify(*notice)
