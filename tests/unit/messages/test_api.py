"""Notices and preferences over REST."""

import pytest
from sqlalchemy import func, select
from tests.unit.messages.conftest import html, text

from turnout.messages.models import MessagePreference, Notice

KINDS = [
    "booking_confirmed", "booking_changed", "booking_cancelled", "booking_expired", "event_changed", "event_cancelled", "event_reminder",
    "organizer_notice",
]  # fmt: skip


def test_everybody_with_an_active_booking_is_told(api, make, book, event, organizer, ada, outbox, mailbox):
    guest = make.attendee(email="grace@example.com")
    book(ada, event)
    book(ada, event, attendee_id=guest.id)
    left = make.user()
    api.as_(left).delete(f"/bookings/{book(left, event)['id']}")
    outbox.run()
    mailbox.take()

    answer = api.as_(organizer).post(
        f"/events/{event.id}/notify", {"message": "Doors open at <seven>.\n\nBring a coat.", "subject": "Doors"}
    )
    outbox.run()

    assert answer.status_int == 200
    assert answer.json == {"status": "queued", "users_notified": 2, "event_id": event.id}
    mails = mailbox.take()
    assert {mail["Subject"] for mail in mails} == {"Doors"}
    assert {mail["To"].addresses[0].addr_spec for mail in mails} == {ada.email, "grace@example.com"}
    assert "Doors open at <seven>.\n\nBring a coat." in text(mails[0])
    assert "<p>Doors open at &lt;seven&gt;.</p>" in html(mails[0])
    assert "Inês Prado has this to say about Fado night" in text(mails[0])


def test_the_subject_is_the_title_unless_one_is_given(api, book, event, organizer, ada, outbox, mailbox):
    book(ada, event)
    outbox.run()
    mailbox.take()

    api.as_(organizer).post(f"/events/{event.id}/notify", {"message": "Soon!"})
    outbox.run()

    assert mailbox.one()["Subject"] == "Fado night"


def test_it_is_kept(api, event, organizer, session, clock):
    api.as_(organizer).post(f"/events/{event.id}/notify", {"message": "Soon!"})

    notice = session.scalars(select(Notice)).one()
    assert (notice.event_id, notice.author_id, notice.subject, notice.body, notice.created_at) == (
        event.id, organizer.id, "Fado night", "Soon!", clock.now(),
    )  # fmt: skip


def test_a_guest_with_two_bookings_is_one_and_told_once(api, make, book, organizer, ada, outbox, mailbox):
    event = make.event(organizer=organizer, bookings_per_attendee=2)
    for _ in range(2):
        book(ada, event)
    outbox.run()
    mailbox.take()

    answer = api.as_(organizer).post(f"/events/{event.id}/notify", {"message": "Soon!"}).json
    outbox.run()

    assert answer["users_notified"] == 1
    mailbox.one()


def test_who_does_not_want_it_is_not_counted_and_not_told(api, make, book, event, organizer, ada, outbox, mailbox):
    choose(api, ada, ("organizer_notice", "email", False))
    book(ada, event)
    book(make.user(), event)
    outbox.run()
    mailbox.take()

    answer = api.as_(organizer).post(f"/events/{event.id}/notify", {"message": "Soon!"}).json
    outbox.run()

    assert answer["users_notified"] == 1
    assert mailbox.one()["To"].addresses[0].addr_spec != ada.email


def test_the_same_request_sent_twice_tells_once(api, book, event, organizer, ada, outbox, mailbox):
    book(ada, event)
    outbox.run()
    mailbox.take()

    for _ in range(2):
        headers = {"Idempotency-Key": "notice-1"}
        api.as_(organizer).post(f"/events/{event.id}/notify", {"message": "Soon!"}, headers=headers)
    outbox.run()

    mailbox.one()


def test_staff_may(api, make, event):
    api.as_(make.staff()).post(f"/events/{event.id}/notify", {"message": "Soon!"}, status=200)


def test_others_may_not(api, make, event, ada, outbox, session):
    draft = make.event(status="draft")
    said = {"message": "Soon!"}

    api.post(f"/events/{event.id}/notify", said, status=401)
    api.as_(ada).post(f"/events/{event.id}/notify", said, status=403)
    api.as_(make.organizer()).post(f"/events/{event.id}/notify", said, status=403)
    api.as_(make.organizer()).post(f"/events/{draft.id}/notify", said, status=404)
    api.as_(make.organizer()).post("/events/999999/notify", said, status=404)

    assert session.scalar(select(func.count()).select_from(Notice)) == 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"message": ""},
        {"message": "  "},
        {"message": "x" * 5001},
        {"message": 5},
        {"message": "x", "subject": "x" * 201},
        {"message": "x", "to": "everybody"},
    ],
)
def test_nonsense_is_refused(api, event, organizer, body):
    answer = api.as_(organizer).post(f"/events/{event.id}/notify", body, status=400)

    assert answer.content_type == "application/problem+json"


def choose(api, user, *choices, **options):
    body = {"choices": [dict(zip(("kind", "channel", "wanted"), choice, strict=True)) for choice in choices]}
    return api.as_(user).put("/users/me/messages", body, **options)


def test_by_default_everything_comes_by_email(api, ada, application):
    shown = api.as_(ada).get("/users/me/messages").json

    assert [kind["name"] for kind in shown["kinds"]][: len(KINDS)] == KINDS
    assert shown["channels"] == [{"name": "email", "title": "Email"}]
    assert {choice["wanted"] for choice in shown["choices"]} == {True}
    assert [choice["kind"] for choice in shown["choices"]] == [kind["name"] for kind in shown["kinds"]]


def test_what_differs_is_kept_and_nothing_else(api, ada, session):
    choose(api, ada, ("event_reminder", "email", False), ("event_changed", "email", True))

    rows = session.scalars(select(MessagePreference)).all()
    assert [(row.user_id, row.kind, row.channel, row.wanted) for row in rows] == [
        (ada.id, "event_reminder", "email", False)
    ]
    shown = api.as_(ada).get("/users/me/messages").json["choices"]
    assert [choice["kind"] for choice in shown if not choice["wanted"]] == ["event_reminder"]


def test_what_was_read_can_be_sent_back(api, ada):
    client = api.as_(ada)
    choose(api, ada, ("event_reminder", "email", False))
    shown = client.get("/users/me/messages")

    again = client.put("/users/me/messages", {"choices": shown.json["choices"]})

    assert again.json == shown.json
    assert again.headers["ETag"] == shown.headers["ETag"]


def test_what_is_not_named_is_as_by_default(api, ada, session):
    choose(api, ada, ("event_reminder", "email", False))

    choose(api, ada)

    assert session.scalars(select(MessagePreference)).all() == []


def test_they_are_honoured(api, ada, book, event, outbox, mailbox):
    choose(api, ada, ("booking_confirmed", "email", False))
    book(ada, event)

    outbox.run()

    assert mailbox.take() == []


def test_they_are_each_users_own(api, make, ada, book, event, outbox, mailbox):
    choose(api, make.user(), ("booking_confirmed", "email", False))
    book(ada, event)

    outbox.run()

    mailbox.one()
    api.get("/users/me/messages", status=401)
    api.put("/users/me/messages", {"choices": []}, status=401)


@pytest.mark.parametrize(
    ("choice", "field", "message"),
    [
        (("tea", "email", True), "choices.0.kind", "there is no such kind of message; there are: booking_confirmed,"),
        (("event_reminder", "pigeon", True), "choices.0.channel", "there is no such channel; there are: email"),
    ],
)
def test_what_there_is_not_cannot_be_chosen(api, ada, choice, field, message):
    (error,) = choose(api, ada, choice, status=400).json["errors"]

    assert error["field"] == field
    assert error["message"].startswith(message)


def test_nothing_is_chosen_twice(api, ada):
    twice = [("event_reminder", "email", False), ("event_reminder", "email", True)]

    assert choose(api, ada, *twice, status=400).json["errors"] == [{"field": "choices.1", "message": "is there twice"}]


def test_of_two_who_change_the_same_version_one_is_told(api, ada):
    seen = api.as_(ada).get("/users/me/messages").headers["ETag"]
    choose(api, ada, ("event_reminder", "email", False), headers={"If-Match": seen})

    choose(api, ada, ("event_changed", "email", False), headers={"If-Match": seen}, status=412)

    shown = api.as_(ada).get("/users/me/messages").json["choices"]
    assert [choice["kind"] for choice in shown if not choice["wanted"]] == ["event_reminder"]


def test_what_was_chosen_of_a_plugin_that_is_absent_is_kept(api, make, session):
    ada = make.user()
    session.add(MessagePreference(user_id=ada.id, kind="review_invitation", channel="sms", wanted=False))
    chosen = api.as_(ada).get("/users/me/messages").json["choices"]
    api.as_(ada).put("/users/me/messages", {"choices": chosen})
    [kept] = session.scalars(select(MessagePreference).where(MessagePreference.user_id == ada.id))
    assert (kept.kind, kept.channel, kept.wanted) == ("review_invitation", "sms", False)
