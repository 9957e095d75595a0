"""People are told at each step what becomes of their entry, each once; so are webhooks."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from sqlalchemy import func, select
from turnout.bookings.models import PENDING, Booking
from turnout.messages.models import Message
from turnout.webhooks.sending import Sender

from turnout_waitlist.services import notices


def test_joining_and_being_offered(full, cancel, join, told):
    join()
    ada = join(2)
    told_both = told()
    assert [subject for _, subject, _ in told_both] == ["On the waiting list: Fado night"] * 2
    assert "2 places (General admission), number 2 in line." in told_both[1][2]
    assert "Hello Ada Lovelace" in told_both[1][2]
    cancel(*full)
    (_, _, _), (to, subject, text) = told()
    assert (to, subject) == (ada.user.email, "Places for you: Fado night")
    # The clock says 12:00 UTC, and the event is in Lisbon in winter.
    assert "until Tuesday, 2 March 2027,\n12:00, Western European Standard Time (Europe/Lisbon)." in text
    assert told() == []


def test_accepting(full, cancel, join, accept, told):
    ada = join()
    cancel(full[0])
    told()
    code = accept(ada)["booking"]["code"]
    accept(ada)
    [(to, subject, text)] = told()
    assert (to, subject) == (ada.user.email, "You have places: Fado night")
    assert f"Your booking is {code}." in text
    assert "held until" not in text


def test_accepting_what_is_to_be_confirmed(full, cancel, join, accept, told, session, clock):
    ada = join()
    cancel(full[0])
    made = accept(ada)["booking"]["id"]
    booking = session.get(Booking, made)
    booking.status, booking.expires_at = PENDING, clock.now().replace(hour=12, minute=15)
    session.flush()
    assert "It is held until Monday, 1 March 2027, 12:15" in told()[-1][2]


def test_letting_an_offer_lapse(full, cancel, join, told, clock):
    ada, other = join(), join()
    cancel(full[0])
    told()
    clock.move(hours=24)
    assert {(to, subject) for to, subject, _ in told()} == {
        (ada.user.email, "The offer has expired: Fado night"),
        (other.user.email, "Places for you: Fado night"),
    }


def test_an_offer_that_could_not_be_told_in_time_is_not_told(full, cancel, join, told, clock):
    join()
    cancel(full[0])
    clock.move(hours=24)
    assert "Places for you: Fado night" not in {subject for _, subject, _ in told()}


def test_leaving_and_being_taken_off(full, join, own, entry, event, told):
    leaver, removed = join(), join()
    told()
    leaver.delete(f"/events/{event.id}/waitlist/mine")
    own.delete(f"/events/{event.id}/waitlist/{entry(removed).id}")
    said = {to: text for to, _, text in told()}
    assert "You left it." in said[leaver.user.email]
    assert "The organizer has taken you off it." in said[removed.user.email]


@pytest.mark.parametrize("part", [1, 2, 3, 200])
def test_all_are_told_of_an_event_that_is_cancelled(full, join, own, event, told, monkeypatch, part):
    monkeypatch.setattr(notices, "PART", part)
    gone, *people = [join() for _ in range(4)]
    gone.delete(f"/events/{event.id}/waitlist/mine")
    told()
    own.post(f"/events/{event.id}/cancel", {})
    said = told()
    assert sorted(to for to, _, _ in said) == sorted(one.user.email for one in people)
    assert all("The event will not be held." in text for _, _, text in said)


def test_all_are_told_that_it_begins(full, join, event, told, clock):
    join()
    told()
    clock.set(event.starts_at)
    assert "no place came free in time" in told()[-1][2]


def test_who_is_gone_is_told_nothing(full, join, staff, session, outbox):
    ada = join()
    ada.user.username = "goner"
    session.flush()
    staff.post("/users/bulk-delete", {"prefix": "goner"})
    outbox.run()
    assert not outbox.dead
    assert session.scalar(select(func.count()).where(Message.kind.like("waitlist%"))) == 0


def test_who_does_not_want_messages_gets_none(full, join, told, api, make):
    ada = api.as_(make.user())
    choice = {"kind": "waitlist_joined", "channel": "email", "wanted": False}
    ada.put("/users/me/messages", {"choices": [choice]})
    join(client=ada)
    assert told() == []


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


def test_webhooks_are_told(full, cancel, join, accept, own, application, monkeypatch, receiver, outbox, entry, event):
    monkeypatch.setitem(application.registry.settings, "webhooks.allow_private_addresses", True)
    monkeypatch.setattr(application.registry, "webhook_sender", Sender("tests", private=True))
    url, received = receiver
    types = ["waitlist.joined", "waitlist.offered", "waitlist.accepted", "waitlist.expired", "waitlist.left"]
    own.post("/webhooks", {"url": url, "event_types": types}, status=201)

    ada, leaver = join(), join()
    outbox.run()
    cancel(full[0])
    outbox.run()
    accept(ada)
    leaver.delete(f"/events/{event.id}/waitlist/mine")
    outbox.run()

    mine = [(one["type"], one["data"]["status"]) for one in received if one["data"]["id"] == entry(ada).id]
    assert mine == [
        ("waitlist.joined", "waiting"),
        ("waitlist.offered", "offered"),
        ("waitlist.accepted", "accepted"),
    ]
    assert [one["type"] for one in received if one["data"]["id"] == entry(leaver).id][-1] == "waitlist.left"
    assert received[0]["data"]["user_id"] == ada.user.id
