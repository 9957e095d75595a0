"""A server process, its worker and Stripe, which talk over sockets, while calls fail, notices are lost in time, and power is cut."""

from decimal import Decimal

import httpx2
import pytest
from turnout.testing.live import Live
from turnout_payments.testing.visitors import Visitor, eventually, page_of

from turnout_stripe.fake import BUSY, ERROR, LOST, FakeStripe

pytestmark = pytest.mark.slow
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


@pytest.fixture
def event(live):
    organizer = Visitor(live, "olga", is_organizer=True)
    return organizer.sell() | {"organizer": organizer}


@pytest.fixture
def buyer():
    """A browser, which follows nothing by itself."""
    with httpx2.Client(trust_env=False, timeout=10) as client:
        yield client


def choose(buyer, page, action):
    return buyer.post(page, data={"action": action}).headers.get("location")


def ref_of(page):
    return page.rpartition("/")[2]


def require_agreement(live, stripe, organizer):
    """Assert that the ledger has what Stripe's books have, to the cent, and that whoever checks finds nothing wrong."""
    held = Decimal(sum(account.held for account in stripe.books().values())) / 100
    eventually(lambda: organizer.balance() == held)
    live.run("payments", "reconcile")  # which fails if there are differences


def test_a_day_on_which_one_call_in_five_fails_and_notices_come_twice_and_late(live, stripe, event, buyer):
    stripe.faults.every, stripe.faults.kinds = 5, (ERROR, LOST, BUSY)
    stripe.courier.copies, stripe.courier.spread = 2, 0.5
    organizer = event["organizer"]
    guests = [Visitor(live, f"guest{number}") for number in range(7)]
    bookings = [guest.book(event, quantity=2) for guest in guests]
    payments = [guest.begin(booking, "stripe") for guest, booking in zip(guests, bookings, strict=True)]
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
    choose(buyer, page_of(buyer, guests[6].begin(bookings[6], "stripe")), "pay")
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
    eventually(lambda: organizer.balance() == left)
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
    survive("POST /v1/checkout/sessions", lambda: made.append(ada.begin(booking, "stripe")))
    page = page_of(buyer, made[0])
    assert list(stripe.bank.sessions) == [ref_of(page)]

    survive("GET /v1/refunds", lambda: choose(buyer, page, "pay"))  # while it looks
    eventually(lambda: ada.status(booking) == ("confirmed", "paid"))

    refund = {"amount": "5.00", "reason": "A worse seat."}
    survive("POST /v1/refunds", lambda: organizer.post(f"/payments/{made[0]['id']}/refunds", refund))
    eventually(lambda: ada.status(booking) == ("confirmed", "partially_refunded"))
    assert [each.amount for each in stripe.bank.refunds.values()] == [500]
    require_agreement(live, stripe, organizer)
