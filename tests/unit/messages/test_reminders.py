"""Reminders: once for each start of an event, to those who booked before."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from tests.unit.messages.conftest import html

from turnout.messages import tasks
from turnout.messages.models import Reminder
from turnout.outbox.services import Outbox
from turnout.system import transact


def test_once_when_it_is_time(booked, event, outbox, mailbox, clock, session):
    clock.set(event.remind_at - timedelta(minutes=1))
    outbox.run()
    assert mailbox.take() == []

    clock.move(minutes=1)
    outbox.run()
    mail = mailbox.one()
    assert mail["Subject"] == "Soon: Fado night"
    assert "is coming up" in html(mail)
    for _ in range(3):
        clock.move(minutes=2)
        outbox.run()
    assert mailbox.take() == []
    assert session.scalar(select(func.count()).select_from(Reminder)) == 1


def test_as_long_before_as_the_event_says(api, booked, event, organizer, outbox, mailbox, clock):
    api.as_(organizer).patch(f"/events/{event.id}", {"reminder_hours": 72})
    clock.set(event.starts_at - timedelta(hours=72))

    outbox.run()

    assert mailbox.one()["Subject"] == "Soon: Fado night"


def test_not_where_the_event_says_no(api, booked, event, organizer, outbox, mailbox, clock):
    api.as_(organizer).patch(f"/events/{event.id}", {"reminder_hours": None})
    clock.set(event.starts_at - timedelta(minutes=1))

    outbox.run()

    assert mailbox.take() == []


def test_again_when_the_event_has_moved(api, booked, event, organizer, outbox, mailbox, clock):
    clock.set(event.remind_at)
    outbox.run()
    assert mailbox.one()["Subject"] == "Soon: Fado night"
    moved = event.starts_at + timedelta(days=10)
    changes = {"starts_at": moved.isoformat(), "ends_at": (moved + timedelta(hours=2)).isoformat()}
    api.as_(organizer).patch(f"/events/{event.id}", changes)
    outbox.run()
    assert mailbox.one()["Subject"] == "Changed: Fado night"

    clock.set(moved - timedelta(hours=25))
    outbox.run()
    assert mailbox.take() == []
    clock.move(hours=1)
    outbox.run()

    assert mailbox.one()["Subject"] == "Soon: Fado night"


def test_who_books_later_just_has_the_confirmation(booked, make, book, event, outbox, mailbox, clock):
    clock.set(event.remind_at)
    book(make.user(), event)

    outbox.run()

    assert sorted(mail["Subject"] for mail in mailbox.take()) == ["Soon: Fado night", "Your booking: Fado night"]


@pytest.mark.parametrize("transition", ["postpone", "cancel"])
def test_not_of_what_is_off(api, booked, event, organizer, outbox, mailbox, clock, transition):
    api.as_(organizer).post(f"/events/{event.id}/{transition}")
    outbox.run()
    mailbox.take()
    clock.set(event.remind_at)

    outbox.run()

    assert mailbox.take() == []


def test_not_once_it_has_begun(booked, event, outbox, mailbox, clock):
    clock.set(event.starts_at)

    outbox.run()

    assert mailbox.take() == []


def test_not_of_a_start_that_is_moved_under_our_hands(booked, event, outbox, mailbox, clock, session):
    """Between the noting and the telling, the event moves."""
    clock.set(event.remind_at)
    session.commit()
    transact(
        outbox.application.registry,
        lambda request: tasks.remind(request.db, clock, request.find_service(Outbox)),
    )
    event.starts_at += timedelta(hours=1)
    event.remind_at += timedelta(hours=1)

    outbox.run()

    assert mailbox.take() == []
    assert list(outbox.waiting) == []


def test_more_events_than_one_transaction_takes(make, book, organizer, outbox, mailbox, clock, monkeypatch):
    monkeypatch.setattr(tasks, "MOST_REMINDED", 2)
    for _ in range(5):
        book(make.user(), make.event(organizer=organizer))
    outbox.run()
    mailbox.take()
    clock.move(days=6)

    outbox.run()

    assert len(mailbox.take()) == 5


def test_once_for_each_guest(make, book, ada, organizer, outbox, mailbox, clock):
    event = make.event(organizer=organizer, bookings_per_attendee=2)
    for _ in range(2):
        book(ada, event)
    outbox.run()
    mailbox.take()
    clock.set(event.remind_at)

    outbox.run()

    assert mailbox.one()["Subject"] == f"Soon: {event.title}"
