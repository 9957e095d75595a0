"""What becomes of messages that are not taken: tries, pauses, and the end of patience."""

from ipaddress import ip_address

import pytest
from tests.unit.receivers import is_signed

from turnout.webhooks.models import Webhook
from turnout.webhooks.sending import Sender
from turnout.webhooks.services import PAUSES


def tries(receiver, clock, outbox, moves):
    """Return after how many seconds the receiver heard something, moving the clock by so many each time."""
    heard = []
    start = clock.now()
    for seconds in moves:
        before = len(receiver.received)
        clock.move(seconds=seconds)
        outbox.run()
        if len(receiver.received) > before:
            heard.append((clock.now() - start).total_seconds())
    return heard


def test_a_failed_try_is_made_again_with_the_same_id_and_a_new_signature(
    api, publish, ada, hook, receiver, outbox, clock, log
):
    webhook = hook(ada)
    receiver.answer(500, 200, body=b"not now")
    publish(ada)
    outbox.run()
    (delivery,) = log(ada, webhook)
    assert (delivery["status"], delivery["attempts"], delivery["last_status"]) == ("waiting", 1, 500)
    assert delivery["last_response"] == "not now"
    assert delivery["next_attempt_at"] is not None
    assert api.as_(ada).get(f"/webhooks/{webhook['id']}").json["failing_since"] == "2027-03-01T12:00:00Z"

    clock.move(seconds=4)
    outbox.run()
    assert len(receiver.received) == 1

    clock.move(seconds=2)
    outbox.run()
    first, second = receiver.received
    assert (first.id, first.body) == (second.id, second.body)
    assert int(second.headers["webhook-timestamp"]) == int(first.headers["webhook-timestamp"]) + 6
    assert is_signed(webhook["secret"], second.headers, second.body)
    (delivery,) = log(ada, webhook)
    assert (delivery["status"], delivery["attempts"], delivery["last_error"]) == ("delivered", 2, "")
    assert api.as_(ada).get(f"/webhooks/{webhook['id']}").json["failing_since"] is None


def test_the_pauses_grow_for_about_three_days(publish, ada, hook, receiver, outbox, clock, session, log):
    webhook = hook(ada)
    receiver.answer(503, body=b"")
    publish(ada)
    outbox.run()
    for number, pause in enumerate(PAUSES, start=2):
        # This test is about a delivery: its webhook is kept from being switched off.
        session.get(Webhook, webhook["id"]).failing_since = clock.now()
        session.commit()
        clock.move(seconds=pause.total_seconds() - 1)
        outbox.run()
        assert len(receiver.received) == number - 1
        clock.move(seconds=pause.total_seconds() * 0.1 + 1)
        outbox.run()
        assert len(receiver.received) == number
    assert 3 * 86_400 < sum(pause.total_seconds() for pause in PAUSES) < 3.5 * 86_400
    (delivery,) = log(ada, webhook)
    assert (delivery["status"], delivery["attempts"], delivery["next_attempt_at"]) == ("failed", 10, None)
    clock.move(days=10)
    assert outbox.waiting == []
    assert len({received.id for received in receiver.received}) == 1


def test_retry_after_makes_a_pause_longer(publish, ada, hook, receiver, outbox, clock, log):
    webhook = hook(ada)
    receiver.answer(429, headers={"Retry-After": "600"})
    publish(ada)
    outbox.run()
    assert "2027-03-01T12:10:00" <= log(ada, webhook)[0]["next_attempt_at"] <= "2027-03-01T12:11:00Z"
    publish(ada)  # is left for later, too
    assert tries(receiver, clock, outbox, [300, 299, 62]) == [661]


def test_nobody_there_is_a_failure_with_a_reason(publish, ada, hook, receive, outbox, log):
    closed = receive()
    webhook = hook(ada, url=closed.url)
    closed.close()
    publish(ada)
    outbox.run()
    (delivery,) = log(ada, webhook)
    assert (delivery["status"], delivery["last_status"]) == ("waiting", None)
    assert delivery["last_error"] == "The receiver could not be connected to."


def test_a_receiver_that_just_failed_is_left_alone_for_a_while(publish, ada, hook, receiver, outbox, clock, log):
    webhook = hook(ada)
    receiver.answer(500)
    for _ in range(10):
        publish(ada)
    outbox.run()
    assert len(receiver.received) == 1
    assert [entry["attempts"] for entry in log(ada, webhook)] == [1] + [0] * 9
    assert log(ada, webhook)[1]["last_error"] == "Not tried, because the receiver had just failed."

    receiver.answer(200)
    clock.move(seconds=6)
    outbox.run()
    clock.move(minutes=6)
    outbox.run()
    assert {entry["status"] for entry in log(ada, webhook)} == {"delivered"}


def test_what_waits_loses_no_try_and_arrives_soon_after_the_receiver_is_well(
    publish, ada, hook, receiver, outbox, clock, log
):
    webhook = hook(ada)
    receiver.answer(500)
    for _ in range(6):
        publish(ada)
    for _ in range(24):
        outbox.run()
        clock.move(minutes=30)
    waiting = log(ada, webhook)
    assert {entry["status"] for entry in waiting} == {"waiting"}  # twelve hours: nobody has given up on anything

    receiver.answer(200)
    for _ in range(3):
        clock.move(minutes=10)
        outbox.run()
    untried = [entry for entry in log(ada, webhook) if entry["status"] != "delivered"]
    assert all(
        entry["attempts"] > 1 for entry in untried
    )  # only what has tries of its own behind it waits for its next


def test_after_three_days_of_failures_a_webhook_is_switched_off(api, publish, ada, hook, receiver, outbox, clock, log):
    webhook = hook(ada)
    receiver.answer(500)
    first = publish(ada)
    outbox.run()
    for _ in range(11):
        clock.move(hours=6)
        outbox.run()
    shown = api.as_(ada).get(f"/webhooks/{webhook['id']}").json
    assert (shown["is_active"], shown["failing_since"]) == (True, "2027-03-01T12:00:00Z")

    clock.move(hours=12)
    api.as_(ada).patch(f"/events/{first.id}", {"title": "Another"})
    outbox.run()
    shown = api.as_(ada).get(f"/webhooks/{webhook['id']}").json
    assert (shown["is_active"], shown["disabled_reason"]) == (False, "failing")
    assert {entry["status"] for entry in log(ada, webhook)} == {"failed"}
    heard = len(receiver.received)

    clock.move(days=5)
    publish(ada)
    outbox.run()
    assert len(receiver.received) == heard
    assert outbox.waiting == outbox.dead == []


def test_one_success_in_three_days_keeps_a_webhook_on(api, publish, ada, hook, receiver, outbox, clock):
    webhook = hook(ada)
    for _ in range(5):
        receiver.answer(500, 200)
        publish(ada)
        outbox.run()
        clock.move(days=1)
        outbox.run()
    assert api.as_(ada).get(f"/webhooks/{webhook['id']}").json["is_active"]


def test_gone_switches_a_webhook_off_at_once(api, publish, ada, hook, receiver, outbox, log):
    webhook = hook(ada)
    receiver.answer(410)
    for _ in range(3):
        publish(ada)
    outbox.run()
    assert len(receiver.received) == 1
    shown = api.as_(ada).get(f"/webhooks/{webhook['id']}").json
    assert (shown["is_active"], shown["disabled_reason"]) == (False, "gone")
    assert shown["disabled_at"] == "2027-03-01T12:00:00Z"
    entries = log(ada, webhook)
    assert [entry["status"] for entry in entries] == ["failed"] * 3
    assert entries[0]["last_status"] == 410
    assert entries[2]["last_error"] == "The webhook was switched off."
    assert outbox.waiting == outbox.dead == []


def test_what_a_switched_off_webhook_missed_is_replayed(api, publish, ada, hook, receiver, outbox, clock, log):
    webhook = hook(ada)
    path = f"/webhooks/{webhook['id']}"
    receiver.answer(500)
    publish(ada)
    outbox.run()
    api.as_(ada).patch(path, {"is_active": False})
    (missed,) = log(ada, webhook)
    assert (missed["status"], missed["last_error"]) == ("failed", "The webhook was switched off.")
    api.as_(ada).post(f"{path}/deliveries/{missed['id']}/replay", status=409)

    shown = api.as_(ada).patch(path, {"is_active": True}).json
    assert (shown["disabled_reason"], shown["disabled_at"], shown["failing_since"]) == (None, None, None)
    receiver.answer(200)
    replayed = api.as_(ada).post(f"{path}/deliveries/{missed['id']}/replay", status=201)
    assert replayed.json["message_id"] == missed["message_id"]
    assert replayed.json["id"] != missed["id"]
    outbox.run()
    assert receiver.received[0].id == receiver.received[1].id
    assert receiver.received[0].body == receiver.received[1].body
    assert api.as_(ada).get(replayed.headers["Location"]).json["status"] == "delivered"
    clock.move(days=1)
    outbox.run()
    assert len(receiver.received) == 2


def test_a_test_is_sent_once_and_at_once(api, publish, ada, hook, receiver, outbox, clock):
    webhook = hook(ada, "event.published", description="Box office")
    path = f"/webhooks/{webhook['id']}"
    receiver.answer(500)
    publish(ada)
    outbox.run()
    clock.move(seconds=1)

    # The receiver has just failed; what somebody asks for is tried nevertheless.
    sent = api.as_(ada).post(f"{path}/test", status=201)
    api.as_(ada).post(f"{path}/test", status=409)
    outbox.run()
    received = receiver.received[1]
    assert received.json == {
        "type": "webhook.test",
        "timestamp": "2027-03-01T12:00:01Z",
        "data": {"webhook_id": webhook["id"], "description": "Box office"},
    }
    assert is_signed(webhook["secret"], received.headers, received.body)
    shown = api.as_(ada).get(sent.headers["Location"]).json
    assert (shown["status"], shown["last_status"], shown["attempts"]) == ("failed", 500, 1)
    assert api.as_(ada).get(path).json["failing_since"] == "2027-03-01T12:00:00Z"

    receiver.answer(200)
    sent = api.as_(ada).post(f"{path}/test", status=201)
    outbox.run()
    assert api.as_(ada).get(sent.headers["Location"]).json["status"] == "delivered"
    assert api.as_(ada).get(path).json["failing_since"] is None


@pytest.mark.parametrize(("status", "became"), [(200, "delivered"), (500, "failed")])
def test_what_is_switched_off_while_it_is_tried_is_not_tried_again(
    api, publish, ada, hook, receiver, outbox, clock, log, status, became
):
    webhook = hook(ada)
    receiver.answer(status)
    receiver.before_answering = lambda: api.as_(ada).patch(f"/webhooks/{webhook['id']}", {"is_active": False})
    publish(ada)
    outbox.run()
    assert [entry["status"] for entry in log(ada, webhook)] == [became]
    assert [job for job in outbox.waiting if job.attempts] == []  # nothing stumbled over it
    clock.move(days=1)
    outbox.run()
    assert len(receiver.received) == 1


def test_a_failed_test_is_no_beginning_of_three_bad_days(api, publish, ada, hook, receiver, outbox, clock):
    webhook = hook(ada)
    path = f"/webhooks/{webhook['id']}"
    receiver.answer(500)
    api.as_(ada).post(f"{path}/test")
    outbox.run()
    assert api.as_(ada).get(path).json["failing_since"] is None
    clock.move(days=4)
    publish(ada)
    outbox.run()
    assert api.as_(ada).get(path).json["is_active"]
    receiver.answer(410)
    api.as_(ada).post(f"{path}/test")
    outbox.run()
    assert api.as_(ada).get(path).json["disabled_reason"] == "gone"


def test_a_long_reason_is_kept_as_far_as_there_is_room(publish, ada, hook, receive, authority, outbox, private, log):
    private.webhook_sender = Sender(
        "Turnout/tests", private=True, tls=authority.trusting, resolve=lambda _host, _port: [ip_address("127.0.0.1")]
    )
    receiver = receive(tls=authority.server("hooks.example.com"))
    host = ".".join(["a" * 60] * 4) + ".com"
    webhook = hook(ada, url=f"https://{host}:{receiver.port}/")
    publish(ada)
    outbox.run()
    (delivery,) = log(ada, webhook)
    assert delivery["last_error"].startswith("The receiver's certificate was refused: ")
    assert len(delivery["last_error"]) == 300


def test_a_new_secret_and_the_old_one_sign_for_a_day(api, ada, hook, receiver, outbox, clock):
    webhook = hook(ada)
    path = f"/webhooks/{webhook['id']}"
    rotated = api.as_(ada).post(f"{path}/rotate-secret", {}).json
    assert rotated["previous_secret_until"] == "2027-03-02T12:00:00Z"

    def signed_by():
        api.as_(ada).post(f"{path}/test")
        outbox.run()
        received = receiver.received[-1]
        return [is_signed(secret, received.headers, received.body) for secret in (webhook["secret"], rotated["secret"])]

    assert signed_by() == [True, True]
    assert len(receiver.received[-1].headers["webhook-signature"].split(" ")) == 2
    clock.move(hours=24, seconds=-1)
    assert signed_by() == [True, True]
    clock.move(seconds=1)
    assert signed_by() == [False, True]

    newest = api.as_(ada).post(f"{path}/rotate-secret", {"keep_old": False}).json
    assert newest["previous_secret_until"] is None
    assert signed_by() == [False, False]
    received = receiver.received[-1]
    assert is_signed(newest["secret"], received.headers, received.body)


def test_a_secret_that_cannot_be_read_any_more_is_told(api, ada, hook, receiver, outbox, application, monkeypatch, log):
    webhook = hook(ada)
    api.as_(ada).post(f"/webhooks/{webhook['id']}/test")
    right = application.registry.settings["turnout.secret"]
    monkeypatch.setitem(application.registry.settings, "turnout.secret", "another secret of the installation, for once")
    outbox.run()
    monkeypatch.setitem(application.registry.settings, "turnout.secret", right)
    assert receiver.received == []
    assert log(ada, webhook)[0]["last_error"] == "The webhook's secret cannot be read any more; give it a new one."


def test_old_deliveries_are_deleted_in_parts(api, ada, hook, outbox, clock, log, monkeypatch):
    monkeypatch.setattr("turnout.db.MOST_DELETED", 2)
    webhook = hook(ada)
    outbox.run()
    for _ in range(5):
        api.as_(ada).post(f"/webhooks/{webhook['id']}/test")
        outbox.run()
    clock.move(days=29)
    api.as_(ada).post(f"/webhooks/{webhook['id']}/test")
    outbox.run()
    assert len(log(ada, webhook)) == 6
    clock.move(days=1, hours=1)
    outbox.run()
    assert len(log(ada, webhook)) == 1


def words(mail):
    return " ".join(mail.get_body(("plain",)).get_content().split())


def test_the_owner_is_told_of_a_webhook_that_was_switched_off(api, publish, ada, hook, receiver, outbox, clock, mails):
    webhook = hook(ada, url=f"{receiver.url}?key=confidential", description="Box office")
    receiver.answer(502)
    publish(ada)
    outbox.run()
    for _ in range(5):
        clock.move(days=1)
        outbox.run()
    (mail,) = mails()
    assert mail["To"].addresses[0].addr_spec == ada.email
    assert mail["Subject"] == "Your webhook to 127.0.0.1 was switched off"
    for part in ("plain", "html"):
        said = mail.get_body((part,)).get_content()
        assert "Box office" in said
        assert f"/api/v1/webhooks/{webhook['id']}" in said
        assert "confidential" not in said
    assert "since Monday, 1 March 2027, 12:00 UTC" in words(mail)
    assert "The receiver answered with the status 502." in words(mail)

    # Again, when it happens again; and in other words, for another reason.
    api.as_(ada).patch(f"/webhooks/{webhook['id']}", {"is_active": True})
    receiver.answer(410)
    publish(ada)
    outbox.run()
    assert len(mails()) == 2
    assert '"410 Gone"' in words(mails()[1])
