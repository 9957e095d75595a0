"""The fake: it behaves as PayPal does where the plugin relies on it, and goes wrong as it is told to."""

import json
import re
import subprocess
import sys
import threading
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
import pytest


def order(**amount):
    return {
        "intent": "CAPTURE",
        "purchase_units": [
            {
                "reference_id": "K7QX2M",
                "custom_id": "charge-1",
                "description": "Fado & wine",
                "amount": {"currency_code": "EUR", "value": "25.00"} | amount,
            }
        ],
        "payment_source": {
            "paypal": {
                "experience_context": {
                    "return_url": "https://tickets.example.com/back",
                    "cancel_url": "https://tickets.example.com/left",
                }
            }
        },
    }


@pytest.fixture
def http(paypal):
    with httpx2.Client(base_url=paypal.url, trust_env=False) as client:
        token = client.post(
            "/v1/oauth2/token", data={"grant_type": "client_credentials"}, auth=("fake-client", "fake-secret")
        ).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


def make(http, key=None, **amount):
    headers = {"PayPal-Request-Id": key} if key else {}
    return http.post("/v2/checkout/orders", json=order(**amount), headers=headers)


def problem(answer):
    document = answer.json()
    return answer.status_code, document["name"], [detail["issue"] for detail in document["details"]]


def page_of(made):
    return next(link["href"] for link in made["links"] if link["rel"] == "payer-action")


def test_tokens(http, paypal):
    assert http.get("/v2/checkout/orders/1", headers={"Authorization": "Bearer other"}).status_code == 401
    refused = http.post("/v1/oauth2/token", data={"grant_type": "client_credentials"}, auth=("fake-client", "wrong"))
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    strange = http.post("/v1/oauth2/token", data={"grant_type": "password"}, auth=("fake-client", "fake-secret"))
    assert strange.status_code == 400
    paypal.api.forget_tokens()
    assert make(http).status_code == 401


def test_a_key_repeats_the_first_answer(http, paypal):
    first = make(http, "one")
    assert make(http, "one").content == first.content
    assert make(http, "two").json()["id"] != first.json()["id"]
    assert len(paypal.bank.orders) == 2


def test_an_order_and_its_steps(http, paypal):
    made = make(http).json()
    path = f"/v2/checkout/orders/{made['id']}"
    assert (made["status"], made["purchase_units"][0]["custom_id"]) == ("PAYER_ACTION_REQUIRED", "charge-1")
    assert problem(http.post(f"{path}/capture", json={})) == (422, "UNPROCESSABLE_ENTITY", ["ORDER_NOT_APPROVED"])
    paypal.bank.approve(made["id"])
    taken = http.post(f"{path}/capture", json={}, headers={"PayPal-Request-Id": "take"})
    assert taken.status_code == 201
    (capture,) = taken.json()["purchase_units"][0]["payments"]["captures"]
    assert (capture["status"], capture["amount"]["value"]) == ("COMPLETED", "25.00")
    assert http.post(f"{path}/capture", json={}, headers={"PayPal-Request-Id": "take"}).content == taken.content
    assert problem(http.post(f"{path}/capture", json={}))[2] == ["ORDER_ALREADY_CAPTURED"]

    refunds = f"/v2/payments/captures/{capture['id']}/refund"
    part = http.post(refunds, json={"amount": {"currency_code": "EUR", "value": "10.00"}, "custom_id": "refund-1"})
    assert (part.status_code, part.json()["status"], part.json()["custom_id"]) == (201, "COMPLETED", "refund-1")
    (shown,) = http.get(path).json()["purchase_units"][0]["payments"]["captures"]
    assert shown["status"] == "PARTIALLY_REFUNDED"
    much = {"amount": {"currency_code": "EUR", "value": "15.01"}}
    assert problem(http.post(refunds, json=much))[2] == ["REFUND_AMOUNT_EXCEEDED"]
    assert http.post(refunds, json={}).json()["amount"]["value"] == "15.00"
    assert http.get(path).json()["purchase_units"][0]["payments"]["captures"][0]["status"] == "REFUNDED"
    assert problem(http.post(refunds, json={}))[2] == ["CAPTURE_FULLY_REFUNDED"]
    assert paypal.books()[made["id"]].held == 0


@pytest.mark.parametrize(
    ("amount", "issue"),
    [
        ({"value": "10.505"}, "DECIMAL_PRECISION"),
        ({"value": "0.00"}, "CANNOT_BE_ZERO_OR_NEGATIVE"),
        ({"value": "-1.00"}, "INVALID_PARAMETER_VALUE"),
        ({"currency_code": "KWD"}, "CURRENCY_NOT_SUPPORTED"),
        ({"currency_code": "JPY", "value": "10.5"}, "DECIMALS_NOT_SUPPORTED"),
        ({"currency_code": "HUF", "value": "10.00"}, "DECIMALS_NOT_SUPPORTED"),
    ],
)
def test_amounts_that_are_none(http, amount, issue):
    assert problem(make(http, **amount))[2] == [issue]


def test_what_is_not_there_or_not_understood(http):
    assert problem(http.get("/v2/checkout/orders/none"))[:2] == (404, "RESOURCE_NOT_FOUND")
    assert problem(http.post("/v2/payments/captures/none/refund", json={}))[:2] == (404, "RESOURCE_NOT_FOUND")
    assert problem(http.get("/v2/nothing"))[:2] == (404, "RESOURCE_NOT_FOUND")
    assert problem(http.post("/v2/checkout/orders", content=b"{"))[:2] == (400, "INVALID_REQUEST")
    assert problem(http.post("/v2/checkout/orders", json={}))[:2] == (400, "INVALID_REQUEST")


def test_a_buyer_goes_through(http, paypal):
    made = make(http).json()
    page = http.get(page_of(made))
    assert "Fado &amp; wine" in page.text
    assert re.findall(r'name="action" value="(\w+)"', page.text) == ["pay", "cancel"]
    left = http.post(page_of(made), data={"action": "cancel"})
    assert (left.status_code, left.headers["location"]) == (303, "https://tickets.example.com/left")
    agreed = http.post(page_of(made), data={"action": "pay"})
    assert agreed.headers["location"] == "https://tickets.example.com/back"
    assert http.get(f"/v2/checkout/orders/{made['id']}").json()["status"] == "APPROVED"
    assert "agreed to already" in http.get(page_of(made)).text
    assert http.get("/checkoutnow?token=none").status_code == 404
    assert http.get("/elsewhere").status_code == 404
    assert http.get("/books").json() == {}
    paypal.bank.capture(made["id"])
    held = {"currency": "EUR", "captured": "25.00", "refunded": "0", "held": "25.00"}
    assert http.get("/books").json() == {made["id"]: held}


@pytest.fixture
def received(paypal):
    """Notices as they come to a server that refuses the first."""
    got, statuses = [], [503]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(statuses.pop() if statuses else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    paypal.courier.url = f"http://127.0.0.1:{server.server_port}"
    yield got
    server.shutdown()
    thread.join()
    server.server_close()


def test_notices_are_signed_and_come_again_until_they_are_taken(http, paypal, provider, received):
    paypal.bank.approve(make(http).json()["id"])
    paypal.courier.settle()
    assert [json.loads(body)["event_type"] for _, body in received] == ["CHECKOUT.ORDER.APPROVED"] * 2
    assert len({json.loads(body)["id"] for _, body in received}) == 1
    assert all(provider.verify(headers, body) for headers, body in received)


def test_notices_twice_and_backwards(http, paypal, received):
    made = make(http).json()
    paypal.courier.hold()
    paypal.courier.copies = 2
    paypal.bank.approve(made["id"])
    paypal.bank.capture(made["id"])
    paypal.courier.release(backwards=True)
    paypal.courier.settle()
    kinds = [json.loads(body)["event_type"].split(".")[1] for _, body in received]
    assert sorted(kinds) == ["CAPTURE"] * 3 + ["ORDER"] * 2
    assert kinds[0] == "CAPTURE"
    assert len(received) == 5  # one was not taken at first


def test_a_refund_begun_at_paypal_has_no_key(http, paypal):
    made = make(http).json()
    paypal.bank.approve(made["id"])
    paypal.bank.capture(made["id"])
    capture_id = paypal.bank.orders[made["id"]].captures[0].id
    paypal.bank.refund(capture_id, Decimal(3))
    (shown,) = http.get(f"/v2/checkout/orders/{made['id']}").json()["purchase_units"][0]["payments"]["refunds"]
    assert "custom_id" not in shown
    assert shown["links"][0]["href"].endswith(f"/v2/payments/captures/{capture_id}")


def test_by_hand():
    started = subprocess.Popen(
        [sys.executable, "-u", "-m", "turnout_paypal.fake", "--fail-every", "2", "--fault", "busy"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        settings = dict(started.stdout.readline().strip().split(" = ") for _ in range(4))
        assert set(settings) == {"paypal.base_url", "paypal.client_id", "paypal.client_secret", "paypal.webhook_id"}
        with httpx2.Client(base_url=settings["paypal.base_url"], trust_env=False) as client:
            assert [client.get("/v2/none").status_code for _ in range(4)] == [401, 429, 401, 429]
    finally:
        started.terminate()
        started.communicate(timeout=10)
