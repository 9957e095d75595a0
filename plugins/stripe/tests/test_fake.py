"""The fake: it behaves as Stripe does where the plugin relies on it, and goes wrong as it is told to."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
import pytest

from turnout_stripe.signatures import require_signed

SESSION = {
    "mode": "payment",
    "success_url": "https://tickets.example.com/back?session={CHECKOUT_SESSION_ID}",
    "cancel_url": "https://tickets.example.com/back",
    "line_items[0][quantity]": "1",
    "line_items[0][price_data][currency]": "eur",
    "line_items[0][price_data][unit_amount]": "2500",
    "line_items[0][price_data][product_data][name]": "Fado & wine",
    "metadata[key]": "charge-1",
}


@pytest.fixture
def http(stripe):
    with httpx2.Client(
        base_url=stripe.url, headers={"Authorization": "Bearer sk_test_fake"}, trust_env=False
    ) as client:
        yield client


def make(http, key=None, **other):
    headers = {"Idempotency-Key": key} if key else {}
    return http.post("/v1/checkout/sessions", data=SESSION | other, headers=headers)


def error(answer):
    return answer.status_code, answer.json()["error"]["type"], answer.json()["error"]["param"]


def test_a_key_repeats_the_first_answer(http, stripe):
    first = make(http, "one")
    assert make(http, "one").content == first.content
    assert make(http, "two").json()["id"] != first.json()["id"]
    assert len(stripe.bank.sessions) == 2


def test_a_key_repeats_a_refusal_too(http):
    refused = make(http, "one", mode="subscription")
    assert error(refused) == (400, "invalid_request_error", "mode")
    assert make(http, "one", mode="subscription").content == refused.content


def test_a_key_is_for_one_thing(http):
    make(http, "one")
    assert error(make(http, "one", success_url="https://elsewhere.example.com")) == (400, "idempotency_error", None)
    assert error(http.post("/v1/refunds", data=SESSION, headers={"Idempotency-Key": "one"}))[1] == "idempotency_error"
    assert error(make(http, "k" * 256)) == (400, "idempotency_error", None)


def test_who_has_no_key_gets_nothing(http):
    assert http.get("/v1/refunds", headers={"Authorization": "Bearer sk_other"}).status_code == 401


@pytest.mark.parametrize(("minutes", "status"), [(29, 400), (30, 200), (24 * 60, 200), (24 * 60 + 1, 400)])
def test_how_long_a_session_may_live(http, watch, minutes, status):
    expires_at = int((watch.now() + timedelta(minutes=minutes)).timestamp())
    assert make(http, expires_at=str(expires_at)).status_code == status


def test_without_saying_it_is_a_day(http, watch):
    assert make(http).json()["expires_at"] == (watch.now() + timedelta(days=1)).timestamp()


@pytest.mark.parametrize(
    ("name", "value", "param"),
    [
        ("line_items[0][price_data][unit_amount]", "ten", "unit_amount"),
        ("line_items[0][price_data][unit_amount]", "-5", "unit_amount"),
        ("line_items[0][price_data][currency]", "", "currency"),
        ("success_url", "", "success_url"),
    ],
)
def test_what_is_wrong_is_named(http, name, value, param):
    assert error(make(http, **{name: value})) == (400, "invalid_request_error", param)


def test_forms_that_contradict_themselves(http):
    assert http.post("/v1/refunds", content="a=1&a[b]=2").status_code == 400
    assert http.post("/v1/checkout/sessions", content="mode=payment&line_items=none").status_code == 400
    assert http.post("/v1/nothing").status_code == 404


def test_only_open_sessions_expire(http, stripe):
    session = make(http).json()
    stripe.bank.pay(session["id"])
    refused = http.post(f"/v1/checkout/sessions/{session['id']}/expire")
    assert (refused.status_code, "can be expired" in refused.text) == (400, True)


def test_a_buyer_goes_through(http, stripe):
    session = make(http, "one").json()
    page = http.get(session["url"])
    assert "Fado &amp; wine" in page.text
    actions = re.findall(r'name="action" value="(\w+)"', page.text)
    assert actions == ["pay", "pay_later", "decline", "cancel"]
    assert "Your card was declined." in http.post(session["url"], data={"action": "decline"}).text
    left = http.post(session["url"], data={"action": "cancel"})
    assert (left.status_code, left.headers["location"]) == (303, "https://tickets.example.com/back")
    paid = http.post(session["url"], data={"action": "pay"})
    assert paid.headers["location"] == f"https://tickets.example.com/back?session={session['id']}"
    assert "This session is over." in http.get(session["url"]).text
    assert http.post(session["url"], data={"action": "pay"}).status_code == 400
    assert http.get("/c/pay/cs_none").status_code == 404
    assert http.get("/elsewhere").status_code == 404
    assert http.get("/books").json() == {
        session["id"]: {"currency": "EUR", "captured": 2500, "refunded": 0, "disputed": 0, "held": 2500}
    }


def test_a_buyer_pays_by_debit(http, stripe):
    session = make(http).json()
    http.post(session["url"], data={"action": "pay_later"})
    shown = http.get(f"/v1/checkout/sessions/{session['id']}").json()
    assert (shown["status"], shown["payment_status"], shown["url"]) == ("complete", "unpaid", None)
    assert stripe.books() == {}


class Receiver:
    """Takes notices, and answers as it is told."""

    def __init__(self):
        self.got, self.statuses = [], []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(handler):  # noqa: N805 - the receiver is self
                body = handler.rfile.read(int(handler.headers["Content-Length"]))
                self.got.append((dict(handler.headers), body))
                handler.send_response(self.statuses.pop(0) if self.statuses else 200)
                handler.send_header("Content-Length", "0")
                handler.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))

    def kinds(self):
        return [json.loads(body)["type"].removeprefix("checkout.session.") for _, body in self.got]

    def ids(self):
        return [json.loads(body)["id"] for _, body in self.got]


@pytest.fixture
def receiver(stripe):
    made = Receiver()
    made.thread.start()
    stripe.courier.url = made.url
    yield made
    made.server.shutdown()
    made.thread.join()
    made.server.server_close()


def test_notices_are_signed_and_come_again_until_they_are_taken(stripe, http, receiver, watch):
    receiver.statuses = [500, 503]
    stripe.bank.pay(make(http).json()["id"])
    stripe.courier.settle()
    assert receiver.kinds() == ["completed"] * 3
    assert len(set(receiver.ids())) == 1
    assert list(stripe.courier.answers) == [500, 503, 200]
    for headers, body in receiver.got:
        require_signed(headers["Stripe-Signature"], body, [stripe.webhook_secret], watch.now())


def test_notices_twice_and_backwards(stripe, http, receiver):
    session_id = make(http).json()["id"]
    stripe.courier.hold()
    stripe.courier.copies = 2
    stripe.bank.pay_later(session_id)
    stripe.bank.arrive(session_id)
    assert receiver.got == []
    stripe.courier.release(backwards=True)
    stripe.courier.settle()
    assert receiver.kinds() == ["async_payment_succeeded"] * 2 + ["completed"] * 2


def test_notices_that_are_forged_or_stale_are_not_sent_again(stripe, http, receiver):
    receiver.statuses = [400, 400]
    stripe.courier.forged = True
    stripe.bank.pay(make(http).json()["id"])
    stripe.courier.settle()
    stripe.courier.forged, stripe.courier.age = False, 600
    stripe.bank.expire(make(http).json()["id"])
    stripe.courier.settle()
    assert receiver.kinds() == ["completed", "expired"]


def test_a_refund_that_failed_takes_nothing(stripe, provider, paid, wanted):
    ref = paid()
    stripe.bank.refunds_are = "failed"
    assert provider.refund(ref, wanted(700)).status == "failed"
    assert stripe.books()[ref].held == 2500


def test_by_hand():
    started = subprocess.Popen(
        [sys.executable, "-u", "-m", "turnout_stripe.fake", "--fail-every", "2", "--fault", "busy", "--copies", "2"],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
    )
    try:
        settings = dict(started.stdout.readline().strip().split(" = ") for _ in range(3))
        assert set(settings) == {"stripe.base_url", "stripe.secret_key", "stripe.webhook_secret"}
        client = httpx2.Client(
            base_url=settings["stripe.base_url"],
            headers={"Authorization": f"Bearer {settings['stripe.secret_key']}"},
            trust_env=False,
        )
        with client:
            assert [client.get("/v1/refunds").status_code for _ in range(4)] == [200, 429, 200, 429]
    finally:
        started.send_signal(signal.SIGTERM)
        started.communicate(timeout=10)
