"""Guests are asked how it was: once, a day after the end, in the words of a mail that they can do without."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from turnout.events.models import ARCHIVED, CANCELLED, POSTPONED
from turnout.messages.models import Message
from turnout.outbox.services import Outbox
from turnout.system import transact

from turnout_reviews.models import Invitation
from turnout_reviews.tasks import ask_for_reviews, invite_guests

SUBJECT = "How was "


@pytest.fixture
def asked(mails, outbox):
    """Return what does all that is due, and returns whom a mail asks for a review."""

    def asked():
        outbox.run()
        return [mail["To"] for mail in mails(SUBJECT)]

    return asked


@pytest.fixture
def guest(attend, make):
    return attend(make.user(first_name="Ada", last_name="Lovelace", email="ada@example.com"))


ADA = "Ada Lovelace <ada@example.com>"


def test_a_day_after_the_end_and_once(guest, asked, event, clock, session):
    clock.set(event.ends_at + timedelta(hours=24, seconds=-1))
    assert asked() == []
    clock.move(minutes=10)
    assert asked() == [ADA]

    for _ in range(3):
        clock.move(hours=1)
        assert asked() == []
    assert session.scalar(select(func.count()).select_from(Invitation)) == 1


def test_what_the_mail_says(guest, mails, outbox, event, clock, session):
    event.title = "Fado & <b>friends</b>"
    session.flush()
    clock.set(event.ends_at + timedelta(hours=24))
    outbox.run()

    (mail,) = mails(SUBJECT)
    assert mail["Subject"] == "How was Fado & <b>friends</b>?"
    text = mail.get_body(("plain",)).get_content()
    html = mail.get_body(("html",)).get_content()
    assert "Hello Ada Lovelace" in text
    assert "Fado & <b>friends</b>, Monday, 8 March 2027, Town square, Lisbon." in text
    assert "It helps Inês Prado" in text
    assert "Fado &amp; &lt;b&gt;friends&lt;/b&gt;" in html
    assert "<b>" not in html


def test_when_is_a_setting(guest, asked, event, clock, application, monkeypatch):
    monkeypatch.setitem(application.registry.settings, "reviews.ask_after_hours", 0)
    clock.set(event.ends_at)

    assert asked() == [ADA]


def test_whether_is_a_setting(guest, asked, event, clock, application, monkeypatch, session):
    monkeypatch.setitem(application.registry.settings, "reviews.ask", False)
    clock.set(event.ends_at + timedelta(hours=24))

    assert asked() == []
    assert session.scalar(select(func.count()).select_from(Invitation)) == 0


@pytest.mark.parametrize(("status", "whom"), [(CANCELLED, []), (POSTPONED, []), (ARCHIVED, [ADA])])
def test_only_of_what_was_held(guest, asked, event, clock, session, status, whom):
    event.status = status
    session.flush()
    clock.set(event.ends_at + timedelta(hours=24))

    assert asked() == whom
    # What is postponed will have another end, after which it is time to ask.
    assert session.scalar(select(func.count()).select_from(Invitation)) == len(whom)


def test_not_if_it_is_cancelled_meanwhile(guest, asked, event, clock, session, application):
    clock.set(event.ends_at + timedelta(hours=24))
    session.commit()
    transact(
        application.registry, lambda request: request.find_service(Outbox).put(invite_guests, {"event_id": event.id})
    )
    event.status = CANCELLED
    session.flush()

    assert asked() == []


@pytest.mark.parametrize(("days", "whom"), [(6.9, [ADA]), (7, [])])
def test_not_of_what_ended_more_than_a_week_ago(guest, asked, event, clock, days, whom):
    clock.set(event.ends_at + timedelta(days=days))

    assert asked() == whom


def test_only_guests_who_can_and_have_not(api, make, attend, asked, event, clock, review, cancel_booking):
    reviewed, cancelled, disabled = make.user(), make.user(), make.user()
    for user in (reviewed, cancelled, disabled):
        attend(user)
    attend(status="pending")
    stranger = make.attendee()  # without an account, so nobody who could write a review
    clock.set(event.starts_at - timedelta(hours=1))
    api.as_role("staff").post("/bookings", {"event_id": event.id, "attendee_id": stranger.id}, status=201)
    cancel_booking(cancelled.id)
    disabled.is_active = False
    clock.set(event.ends_at)
    review(api.as_(reviewed))
    clock.move(hours=24)

    assert asked() == []


def test_a_guest_with_several_bookings_is_asked_once(make, attend, asked, session, clock):
    event = make.event(bookings_per_attendee=None)
    user = make.user(first_name="Ada", last_name="Lovelace", email="ada@example.com")
    attend(user, event)
    attend(user, event)
    clock.set(event.ends_at + timedelta(hours=24))

    assert asked() == [ADA]


def test_whoever_does_not_want_it_is_not_asked(guest, asked, event, clock):
    kinds = {kind["name"]: kind["title"] for kind in guest.get("/users/me/messages").json["kinds"]}
    assert kinds["review_request"] == "A question, after an event, how it was"
    guest.put("/users/me/messages", {"choices": [{"kind": "review_request", "channel": "email", "wanted": False}]})
    clock.set(event.ends_at + timedelta(hours=24))

    assert asked() == []


def test_however_often_it_is_tried_everybody_is_asked_once(guest, asked, event, clock, application, session):
    clock.set(event.ends_at + timedelta(hours=24))
    assert asked() == [ADA]
    session.commit()

    for task, arguments in ((invite_guests, {"event_id": event.id}), (ask_for_reviews, {})) * 2:
        transact(application.registry, lambda request, t=task, a=arguments: request.find_service(Outbox).put(t, a))

    assert asked() == []
    assert session.scalar(select(func.count(Message.id)).where(Message.kind == "review_request")) == 1


def test_large_events_in_parts(attend, make, asked, event, clock, outbox, monkeypatch, session):
    monkeypatch.setattr("turnout_reviews.services.invitations.PART", 2)
    for number in range(5):
        attend(make.user(first_name="Guest", last_name=str(number), email=f"guest-{number}@example.com"))
    clock.set(event.ends_at + timedelta(hours=24))

    assert sorted(asked()) == [f"Guest {number} <guest-{number}@example.com>" for number in range(5)]
    assert outbox.dead == []


def test_many_events_in_parts(attend, make, asked, clock, monkeypatch):
    monkeypatch.setattr("turnout_reviews.services.invitations.MOST_EVENTS", 2)
    events = [make.event() for _ in range(3)]
    for event in events:
        attend(at=event)
    clock.set(events[0].ends_at + timedelta(hours=24))

    assert len(asked()) == 3


def test_an_event_that_is_gone_is_no_trouble(outbox, application, session):
    session.commit()
    transact(
        application.registry, lambda request: request.find_service(Outbox).put(invite_guests, {"event_id": 999_999})
    )
    outbox.run()

    assert (outbox.dead, outbox.waiting) == ([], [])
