"""A server process, its worker and Stripe, which talk over sockets, while calls fail, notices are lost in time, and power is cut."""

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx2
import pytest
from turnout.testing.live import Live

from turnout_stripe.fake import BUSY, ERROR, LOST, FakeStripe

pytestmark = pytest.mark.slow
PASSWORD = "four invented words together"
PATIENCE = 120
WRONG = 2
"""How many calls go wrong before everything is well again: the pauses between attempts grow, and nobody waits for the longest."""


class PowerCut(FakeStripe):
    """A Stripe by whose answers the server dies: `cut` is done between what was done here and what the server hears of it."""

    at = None
    cut = None

    def answer(self, call):
        answer = super().answer(call)
        if self.at is not None and self.at in f"{call.method} {call.path}":
            self.at = None
            self.cut()
        return answer


@pytest.fixture
def stripe():
    with PowerCut() as fake:
        yield fake


@pytest.fixture
def live(fresh_database, tmp_path, plugins, stripe):
    quick = {"outbox.lease_seconds": "4", "outbox.poll_milliseconds": "50", "stripe.timeout_seconds": "5"}
    server = Live(fresh_database, tmp_path, {"turnout.plugins": plugins} | stripe.settings() | quick)
    stripe.courier.url = f"{server.url}/payments/webhooks/stripe"
    try:
        server.start()
        yield server
    finally:
        server.stop()


class Visitor:
    """Somebody who is signed in."""

    def __init__(self, live, name, **fields):
        self.live = live
        new = {"username": name, "email": f"{name}@example.com", "password": PASSWORD} | fields
        live.client.post("/users", json=new).raise_for_status()
        said = live.client.post("/auth/login", json={"username": name, "password": PASSWORD}).json()
        self.headers = {"Authorization": f"Bearer {said['access_token']}"}

    def get(self, path):
        return self.live.client.get(path, headers=self.headers).raise_for_status().json()

    def post(self, path, body):
        return self.live.client.post(path, json=body, headers=self.headers).raise_for_status().json()

    def book(self, event, quantity=1):
        return self.post("/bookings", {"event_id": event["id"], "quantity": quantity})["id"]

    def begin(self, booking_id):
        wanted = {"provider": "stripe", "return_url": "https://shop.example.com/thanks"}
        return self.post(f"/bookings/{booking_id}/payments", wanted)

    def status(self, booking_id):
        found = self.get(f"/bookings/{booking_id}")
        return found["status"], found["extensions"]["payments"]["status"]


def eventually(wanted, *, seconds=PATIENCE):
    """Wait until something is so; return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = wanted()
        if found:
            return found
        time.sleep(0.1)
    pytest.fail(f"It did not come to pass within {seconds} seconds.")


@pytest.fixture
def event(live):
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
    organizer = Visitor(live, "olga", is_organizer=True)
    return organizer.post("/events", new) | {"organizer": organizer}


@pytest.fixture
def buyer():
    """A browser, which follows nothing by itself."""
    with httpx2.Client(trust_env=False, timeout=10) as client:
        yield client


def page_of(buyer, payment):
    """Return the page at Stripe to which a buyer is sent, as soon as the worker has opened it."""
    return eventually(lambda: buyer.get(payment["redirect_url"]).headers.get("location"))


def choose(buyer, page, action):
    return buyer.post(page, data={"action": action}).headers.get("location")


def ref_of(page):
    return page.rpartition("/")[2]


def balance(organizer):
    found = organizer.get("/payments/ledger?page_size=100")["results"]
    return sum((Decimal(entry["amount"]) for entry in found), Decimal(0))


def require_agreement(live, stripe, organizer):
    """Assert that the ledger has what Stripe's books have, to the cent, and that whoever checks finds nothing wrong."""
    held = Decimal(sum(account.held for account in stripe.books().values())) / 100
    eventually(lambda: balance(organizer) == held)
    live.run("payments", "reconcile")  # which fails if there are differences


def test_a_day_on_which_one_call_in_five_fails_and_notices_come_twice_and_late(live, stripe, event, buyer):
    stripe.faults.every, stripe.faults.kinds = 5, (ERROR, LOST, BUSY)
    stripe.courier.copies, stripe.courier.spread = 2, 0.5
    organizer = event["organizer"]
    guests = [Visitor(live, f"guest{number}") for number in range(7)]
    bookings = [guest.book(event, quantity=2) for guest in guests]
    payments = [guest.begin(booking) for guest, booking in zip(guests, bookings, strict=True)]
    pages = [page_of(buyer, payment) for payment in payments]
    back = choose(buyer, pages[0], "pay")
    assert "checking" in buyer.get(back).text.lower()
    for page in pages[1:4]:
        choose(buyer, page, "pay")
    assert choose(buyer, pages[4], "decline") is None
    choose(buyer, pages[4], "pay")
    choose(buyer, pages[5], "pay_later")
    choose(buyer, pages[6], "pay_later")
    for guest, booking in zip(guests[5:], bookings[5:], strict=True):
        eventually(lambda guest=guest, booking=booking: guest.status(booking) == ("pending", "processing"))
    stripe.bank.arrive(ref_of(pages[5]))
    stripe.bank.fail(ref_of(pages[6]))
    eventually(lambda: guests[6].status(bookings[6]) == ("pending", "failed"))
    choose(buyer, page_of(buyer, guests[6].begin(bookings[6])), "pay")
    for guest, booking in zip(guests, bookings, strict=True):
        eventually(lambda guest=guest, booking=booking: guest.status(booking) == ("confirmed", "paid"))

    asked = len(stripe.calls)
    organizer.post(f"/payments/{payments[0]['id']}/refunds", {"reason": "They cannot come."})
    for amount in ("5.00", "7.25"):
        organizer.post(f"/payments/{payments[1]['id']}/refunds", {"amount": amount, "reason": "A worse seat."})
    stripe.bank.refund(stripe.bank.sessions[ref_of(pages[2])].payment_intent, 300)
    stripe.bank.dispute(ref_of(pages[3]))
    stripe.courier.settle()
    eventually(lambda: len(stripe.calls) >= asked + WRONG * stripe.faults.every)
    stripe.faults.every = 0
    eventually(lambda: guests[0].status(bookings[0]) == ("cancelled", "refunded"))
    left = 7 * 25 - 25 - Decimal("12.25") - 3 - 25
    eventually(lambda: balance(organizer) == left)
    require_agreement(live, stripe, organizer)
    assert len(stripe.books()) == 7


def test_the_power_is_cut_between_stripes_answer_and_our_commit(live, stripe, event, buyer):
    stripe.cut = live.kill
    organizer, ada = event["organizer"], Visitor(live, "ada")
    booking = ada.book(event)

    def survive(at, act):
        stripe.at = at
        act()
        eventually(lambda: live.process is None)
        live.start()

    made = []
    survive("POST /v1/checkout/sessions", lambda: made.append(ada.begin(booking)))
    page = page_of(buyer, made[0])
    assert list(stripe.bank.sessions) == [ref_of(page)]

    survive("GET /v1/refunds", lambda: choose(buyer, page, "pay"))  # while it looks
    eventually(lambda: ada.status(booking) == ("confirmed", "paid"))

    refund = {"amount": "5.00", "reason": "A worse seat."}
    survive("POST /v1/refunds", lambda: organizer.post(f"/payments/{made[0]['id']}/refunds", refund))
    eventually(lambda: ada.status(booking) == ("confirmed", "partially_refunded"))
    assert [each.amount for each in stripe.bank.refunds.values()] == [500]
    require_agreement(live, stripe, organizer)
