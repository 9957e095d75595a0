"""A server process, its worker and PayPal, which talk over sockets, while calls fail and notices come twice."""

import httpx2
import pytest
from turnout.testing.live import Live
from turnout_payments.testing.visitors import Visitor, eventually, page_of

from turnout_paypal.fake import BUSY, ERROR, LOST, FakePayPal

pytestmark = pytest.mark.slow


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


def test_buyers_pay_and_get_back_while_one_call_in_five_fails(live, paypal):
    paypal.faults.every, paypal.faults.kinds = 5, (LOST, ERROR, BUSY)
    paypal.courier.copies, paypal.courier.spread = 2, 0.5
    organizer = Visitor(live, "olga", is_organizer=True)
    event = organizer.sell()
    bookings, payments = [], []
    for guest in [Visitor(live, name) for name in ("ada", "grace", "joan")]:
        bookings.append(guest.book(event, quantity=2))
        payments.append(guest.begin(bookings[-1], "paypal"))

    def is_so(number, *wanted):
        return organizer.status(bookings[number]) == wanted

    with httpx2.Client(trust_env=False, timeout=10) as buyer:
        for payment in payments:
            back = buyer.post(page_of(buyer, payment), data={"action": "pay"}).headers["location"]
            assert buyer.get(back).status_code == 200
    for number in range(3):
        eventually(lambda number=number: is_so(number, "confirmed", "paid"))

    asked = len(paypal.calls)
    organizer.post(f"/payments/{payments[0]['id']}/refunds", {"reason": "They cannot come."})
    part = {"amount": "5.00", "reason": "A worse seat."}
    organizer.post(f"/payments/{payments[1]['id']}/refunds", part)
    # The pauses between attempts grow, and nobody waits for the longest: after some more faults everything is well again.
    eventually(lambda: len(paypal.calls) >= asked + paypal.faults.every)
    paypal.faults.every = 0
    eventually(lambda: is_so(0, "cancelled", "refunded"))
    eventually(lambda: is_so(1, "confirmed", "partially_refunded"))
    assert sum(account.held for account in paypal.books().values()) == organizer.balance() == 45
    assert len(paypal.books()) == 3
    live.run("payments", "reconcile")  # which fails if there are differences
