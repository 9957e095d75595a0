"""Webhooks are told of reviews."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from turnout.webhooks.sending import Sender


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
def subscribed(api, application, monkeypatch, organizer, receiver):
    monkeypatch.setitem(application.registry.settings, "webhooks.allow_private_addresses", True)
    monkeypatch.setattr(application.registry, "webhook_sender", Sender("tests", private=True))
    url, received = receiver
    api.as_(organizer).post("/webhooks", {"url": url, "event_types": ["review.written"]}, status=201)
    return received


def test_the_organizer_is_told(subscribed, ada, review, outbox):
    made = review(ada, 4, "<i>Good</i>")
    outbox.run()

    (told,) = subscribed
    assert (told["type"], told["data"]) == ("review.written", made)


def test_another_is_not(subscribed, make, attend, review, outbox, clock):
    event = make.event()
    guest = attend(at=event)
    clock.set(event.ends_at)
    review(guest, at=event)
    outbox.run()

    assert subscribed == []


@pytest.mark.parametrize("way", ["deleted", "reported"])
def test_what_is_not_to_be_seen_any_more_is_not_told(subscribed, ada, staff, review, outbox, way):
    made = review(ada)
    if way == "deleted":
        ada.delete(f"/reviews/{made['id']}")
    else:
        staff.post(f"/reviews/{made['id']}/report", {"reason": "spam"})
    outbox.run()

    assert subscribed == []
    assert outbox.dead == []
