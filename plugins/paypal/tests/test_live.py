"""A server process, its worker and PayPal, which talk over sockets, while calls fail and notices come twice."""

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx2
import pytest
from turnout.testing.live import Live

from turnout_paypal.fake import BUSY, ERROR, LOST, FakePayPal

pytestmark = pytest.mark.slow
PASSWORD = "four invented words together"
PATIENCE = 90


@pytest.fixture
def paypal():
    with FakePayPal() as fake:
        yield fake


@pytest.fixture
def live(fresh_database, tmp_path, plugins, paypal):
    quick = {"outbox.poll_milliseconds": "50", "paypal.timeout_seconds": "5"}
    server = Live(fresh_database, tmp_path, {"turnout.plugins": plugins} | paypal.settings() | quick)
    paypal.courier.url = f"{server.url}/payments/webhooks/paypal"
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def sign_in(live):
    """Return what registers somebody, and gives what they send requests by."""

    def sign_in(name, **fields):
        new = {"username": name, "email": f"{name}@example.com", "password": PASSWORD} | fields
        live.client.post("/users", json=new).raise_for_status()
        said = live.client.post("/auth/login", json={"username": name, "password": PASSWORD}).json()
        headers = {"Authorization": f"Bearer {said['access_token']}"}

        def send(method, path, body=None):
            return live.client.request(method, path, json=body, headers=headers).raise_for_status().json()

        return send

    return sign_in


def eventually(wanted):
    """Wait until something is so; return it."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = wanted()
        if found:
            return found
        time.sleep(0.1)
    pytest.fail(f"It did not come to pass within {PATIENCE} seconds.")


def test_buyers_pay_and_get_back_while_one_call_in_five_fails(live, paypal, sign_in):
    paypal.faults.every, paypal.faults.kinds = 5, (LOST, ERROR, BUSY)
    paypal.courier.copies, paypal.courier.spread = 2, 0.5
    organizer = sign_in("olga", is_organizer=True)
    starts = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
    new = {
        "title": "Fado night",
        "location": "Old mill",
        "starts_at": starts.isoformat(),
        "ends_at": (starts + timedelta(hours=3)).isoformat(),
        "capacity": 100,
        "price": "12.50",
        "currency": "EUR",
        "status": "published",
    }
    event = organizer("POST", "/events", new)
    paths, payments = [], []
    for name in ("ada", "grace", "joan"):
        guest = sign_in(name)
        booking = guest("POST", "/bookings", {"event_id": event["id"], "quantity": 2})
        wanted = {"provider": "paypal", "return_url": "https://shop.example.com/thanks"}
        paths.append(f"/bookings/{booking['id']}")
        payments.append(guest("POST", f"{paths[-1]}/payments", wanted))

    def is_so(path, *wanted):
        found = organizer("GET", path)
        return (found["status"], found["extensions"]["payments"]["status"]) == wanted

    def balance():
        found = organizer("GET", "/payments/ledger?page_size=100")["results"]
        return sum((Decimal(entry["amount"]) for entry in found), Decimal(0))

    with httpx2.Client(trust_env=False, timeout=10) as buyer:
        for payment in payments:
            page = eventually(lambda payment=payment: buyer.get(payment["redirect_url"]).headers.get("location"))
            back = buyer.post(page, data={"action": "pay"}).headers["location"]
            assert buyer.get(back).status_code == 200
    for path in paths:
        eventually(lambda path=path: is_so(path, "confirmed", "paid"))

    asked = len(paypal.calls)
    organizer("POST", f"/payments/{payments[0]['id']}/refunds", {"reason": "They cannot come."})
    part = {"amount": "5.00", "reason": "A worse seat."}
    organizer("POST", f"/payments/{payments[1]['id']}/refunds", part)
    # The pauses between attempts grow, and nobody waits for the longest: after some more faults everything is well again.
    eventually(lambda: len(paypal.calls) >= asked + paypal.faults.every)
    paypal.faults.every = 0
    eventually(lambda: is_so(paths[0], "cancelled", "refunded"))
    eventually(lambda: is_so(paths[1], "confirmed", "partially_refunded"))
    assert sum(account.held for account in paypal.books().values()) == balance() == 45
    assert len(paypal.books()) == 3
    live.run("payments", "reconcile")  # which fails if there are differences
