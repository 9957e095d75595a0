"""From what happens to what is received, and what becomes of what is not."""

from collections import defaultdict

import pytest
from tests.unit.receivers import is_signed


def test_what_happens_is_received_signed(api, publish, ada, hook, receiver, outbox, log, clock):
    webhook = hook(ada, "event.published")
    event = publish(ada)
    outbox.run()

    (received,) = receiver.received
    assert received.path == "/hooks"
    assert received.headers["content-type"] == "application/json"
    assert received.headers["user-agent"].startswith("Turnout/")
    assert received.headers["webhook-timestamp"] == str(int(clock.now().timestamp()))
    assert is_signed(webhook["secret"], received.headers, received.body)
    assert not is_signed(webhook["secret"], received.headers, received.body + b" ")
    assert received.json["type"] == "event.published"
    assert received.json["timestamp"] == "2027-03-01T12:00:00Z"
    assert received.json["data"] == api.as_(ada).get(f"/events/{event.id}").json

    (delivery,) = log(ada, webhook)
    assert delivery["message_id"] == received.id
    assert delivery["payload"].encode() == received.body
    assert (delivery["status"], delivery["attempts"], delivery["last_status"]) == ("delivered", 1, 200)
    assert delivery["last_response"] == "thank you"
    assert delivery["next_attempt_at"] is None
    assert outbox.waiting == []


def test_a_booking_is_told_without_what_opens_the_door(api, make, ada, hook, receiver, outbox):
    hook(ada, "booking.confirmed")
    guest = make.user()
    booking = api.as_(guest).post("/bookings", {"event_id": make.event(organizer=ada).id, "quantity": 2}).json
    outbox.run()

    (received,) = receiver.received
    assert received.json["type"] == "booking.confirmed"
    secrets = [ticket.pop("secret") for ticket in booking["tickets"]]
    assert received.json["data"] == booking
    assert len(secrets) == 2
    assert not any(secret.encode() in received.body for secret in secrets)


def test_of_one_booking_everything_is_told_in_order(api, make, ada, hook, receiver, outbox, clock):
    hook(ada, "*")
    guest, event = make.user(), make.event(organizer=ada)
    body = {"event_id": event.id, "status": "pending"}
    held = api.as_(guest).post("/bookings", body).json
    api.as_(guest).patch(f"/bookings/{held['id']}", {"quantity": 3})
    api.as_(guest).post(f"/bookings/{held['id']}/confirm")
    api.as_(guest).delete(f"/bookings/{held['id']}")
    api.as_(guest).post("/bookings", body)
    clock.move(hours=1)
    outbox.run()
    told = defaultdict(list)
    for received in receiver.received:
        told[received.json["data"]["id"]].append(received.json["type"])
    assert list(told.values()) == [
        ["booking.held", "booking.resized", "booking.confirmed", "booking.cancelled"],
        ["booking.held", "booking.expired"],
    ]
    assert len({received.id for received in receiver.received}) == 6


def test_of_an_event_everything_is_told(api, ada, hook, receiver, outbox):
    hook(ada, "*")
    ada_s = api.as_(ada)
    start, end = "2027-05-01T19:30:00Z", "2027-05-01T22:30:00Z"
    new = {"title": "Evening", "starts_at": start, "ends_at": end, "location": "Lisbon", "timezone": "Europe/Lisbon"}
    path = f"/events/{ada_s.post('/events', new).json['id']}"
    ada_s.patch(path, {"title": "Late evening"})
    for verb in ("publish", "postpone", "cancel", "archive"):
        ada_s.post(f"{path}/{verb}")
    outbox.run()
    assert [received.json["type"] for received in receiver.received] == [
        "event.created",
        "event.changed",
        "event.published",
        "event.postponed",
        "event.cancelled",
        "event.archived",
    ]
    assert receiver.received[1].json["data"]["title"] == "Late evening"


def test_organizers_hear_of_their_own_events_and_staff_of_all(api, publish, make, ada, hook, receive, outbox):
    own, others, of_staff, of_superuser = (receive() for _ in range(4))
    hook(ada, url=own.url)
    hook(make.organizer(), url=others.url)
    hook(make.staff(), url=of_staff.url)
    hook(make.superuser(is_staff=False), url=of_superuser.url)
    event = publish(ada)
    api.as_(make.user()).post("/bookings", {"event_id": event.id})
    outbox.run()
    assert [len(one.received) for one in (own, others, of_staff, of_superuser)] == [2, 0, 2, 2]
    assert {received.id for received in own.received} == {received.id for received in of_staff.received}


def test_only_what_was_asked_for_is_told(api, publish, make, ada, hook, receiver, receive, outbox, log):
    hook(ada, "event.published", "booking.cancelled")
    off = receive()
    silent = hook(ada, url=off.url, is_active=False)
    event = publish(ada)
    api.as_(make.user()).post("/bookings", {"event_id": event.id})
    outbox.run()
    assert [received.json["type"] for received in receiver.received] == ["event.published"]
    assert off.received == log(ada, silent) == []


def test_what_was_rolled_back_is_not_told(api, make, ada, hook, receiver, outbox):
    hook(ada)
    event = make.event(organizer=ada, capacity=1)
    api.as_(make.user()).post("/bookings", {"event_id": event.id, "quantity": 2}, status=409)
    outbox.run()
    assert receiver.received == []


def test_what_is_deleted_meanwhile_is_not_told(api, make, ada, hook, receiver, outbox):
    hook(ada)
    path = f"/events/{make.event(organizer=ada, status='draft').id}"
    api.as_(ada).patch(path, {"title": "Soon to go"})
    api.as_(ada).delete(path)
    outbox.run()
    assert receiver.received == []
    assert outbox.waiting == outbox.dead == []


@pytest.mark.parametrize("taken", [{"is_organizer": False}, {"is_active": False}])
def test_who_loses_the_role_or_the_account_hears_no_more(api, publish, make, ada, hook, receiver, outbox, clock, taken):
    webhook = hook(ada)
    receiver.answer(500)
    event = publish(ada)
    outbox.run()
    assert len(receiver.received) == 1

    for name, value in taken.items():
        setattr(ada, name, value)
    api.as_(make.staff()).patch(f"/events/{event.id}", {"title": "Another"})
    clock.move(hours=1)
    outbox.run()
    assert len(receiver.received) == 1
    (delivery,) = api.as_(make.staff()).get(f"/webhooks/{webhook['id']}/deliveries").json["results"]
    assert delivery["status"] == "failed"
    assert delivery["last_error"] == "The webhook's owner may not be told of this any more."


def test_who_was_staff_hears_no_more_of_others_events(api, publish, make, ada, hook, receiver, outbox, clock, log):
    grace = make.staff(is_organizer=True)
    webhook = hook(grace)
    receiver.answer(500)
    publish(ada)
    outbox.run()
    path = f"/webhooks/{webhook['id']}/deliveries"
    (others,) = api.as_(grace).get(path).json["results"]
    grace.is_staff = False
    own = publish(grace)
    clock.move(hours=1)
    outbox.run()
    assert [received.json["data"]["id"] for received in receiver.received[1:]] == [own.id]
    # ... nor reads what was said of them while it was theirs to know.
    assert [entry["event_type"] for entry in log(grace, webhook)] == ["event.published"]
    api.as_(grace).get(f"{path}/{others['id']}", status=404)
    api.as_(grace).post(f"{path}/{others['id']}/replay", status=404)


def test_a_deleted_user_takes_webhooks_along(api, make, hook, receiver, outbox):
    doomed = make.organizer(username="load-test-1")
    webhook = hook(doomed)
    api.as_(doomed).post(f"/webhooks/{webhook['id']}/test")
    staff = api.as_(make.staff())
    staff.post("/users/bulk-delete", {"prefix": "load-test-"})
    outbox.run()
    assert receiver.received == []
    staff.get(f"/webhooks/{webhook['id']}", status=404)
    assert outbox.dead == []
