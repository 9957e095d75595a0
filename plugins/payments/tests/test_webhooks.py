"""Webhooks are told of payments: the organizer's, and not others'."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from turnout.webhooks.sending import Sender

TYPES = ["payment.paid", "payment.refunded", "payment.problem"]


@pytest.fixture
def receiver():
    """A receiver of webhooks: its address, and what it has received."""
    received = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", received
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def subscribe(api, application, monkeypatch, receiver):
    """Return what lets a user be told."""
    monkeypatch.setitem(application.registry.settings, "webhooks.allow_private_addresses", True)
    monkeypatch.setattr(application.registry, "webhook_sender", Sender("tests", private=True))

    def subscribe(user):
        api.as_(user).post("/webhooks", {"url": receiver[0], "event_types": TYPES}, status=201)
        return receiver[1]

    return subscribe


def test_the_organizer_is_told_of_all_that_happens(subscribe, organizer, booking, pay, staff, bank, outbox):
    told = subscribe(organizer)
    payment = pay(booking)
    staff.post(f"/payments/{payment.id}/refunds", {"reason": "Rain", "amount": "1.00", "keep_booking": True})
    outbox.run()
    bank.refuses_refunds = "No."
    staff.post(f"/payments/{payment.id}/refunds", {"reason": "Rain", "keep_booking": True})
    outbox.run()

    assert [one["type"] for one in told] == TYPES
    paid, refunded, problem = (one["data"] for one in told)
    assert (paid["id"], paid["status"], paid["amount_paid"]) == (payment.id, "paid", "21.00")
    assert (refunded["amount_refunded"], refunded["refunds"][0]["status"]) == ("1.00", "done")
    assert problem["problem"] == "refund_failed"
    # Whoever has the address of a payment may pay it, and see what became of it.
    assert not any("redirect_url" in one["data"] for one in told)
    assert payment.token not in json.dumps(told)


def test_another_is_not(subscribe, make, booking, pay):
    told = subscribe(make.organizer())
    pay(booking)

    assert told == []
