"""Who is told what when something happens: from the API to the mail."""

import pytest
from icalendar import Calendar
from sqlalchemy import func, select
from tests.unit.messages.conftest import attachments, calendar, html, text

from turnout.messages.models import Message


def test_a_confirmed_booking(book, ada, event, outbox, mailbox, api):
    booking = book(ada, event, tickets=[{"name": "Grace Hopper"}, {}])

    outbox.run()

    mail = mailbox.one()
    assert mail["To"] == "Ada Lovelace <ada@example.com>"
    assert mail["Subject"] == "Your booking: Fado night"
    said = text(mail)
    assert "Monday, 8 March 2027, 12:00 to 15:00, Western European Standard Time (Europe/Lisbon)" in said
    assert "Total:     €25.00" in said
    assert f"Booking:   {booking['code']}, 2 places" in said
    assert "Organizer: Inês Prado" in said
    for ticket in booking["tickets"]:
        assert ticket["secret"] in said
        assert ticket["secret"] in html(mail)
    assert "Ticket 1: General admission, Grace Hopper" in said
    assert "Grace Hopper" in html(mail)
    assert set(attachments(mail)) == {f"{booking['code']}.ics", "ticket-1.png", "ticket-2.png"}


def test_a_booking_that_is_held_is_told_of_when_it_is_confirmed(api, ada, event, outbox, mailbox):
    booking = api.as_(ada).post("/bookings", {"event_id": event.id, "status": "pending"}).json
    outbox.run()
    assert mailbox.take() == []

    api.as_(ada).post(f"/bookings/{booking['id']}/confirm")
    outbox.run()

    assert mailbox.one()["Subject"] == "Your booking: Fado night"


def test_a_cancelled_booking(api, ada, booked, outbox, mailbox):
    api.as_(ada).post(f"/bookings/{booked['id']}/cancel")

    outbox.run()

    mail = mailbox.one()
    assert mail["Subject"] == "Cancelled: your booking for Fado night"
    assert "not valid any more" in text(mail)
    assert "not valid any more" in html(mail)
    assert calendar(mail).method == "CANCEL"


def test_confirmed_and_cancelled_in_one_breath_arrive_in_order(api, book, ada, event, outbox, session):
    booking = book(ada, event)
    api.as_(ada).post(f"/bookings/{booking['id']}/cancel")

    outbox.run()

    rows = session.scalars(select(Message).order_by(Message.id)).all()
    assert [row.kind for row in rows] == ["booking_confirmed", "booking_cancelled"]
    assert {row.status for row in rows} == {"sent"}


def test_tickets_that_are_void_by_now_are_not_sent(api, book, ada, event, outbox, mailbox):
    booking = book(ada, event)
    api.as_(ada).post(f"/bookings/{booking['id']}/cancel")

    outbox.run()

    confirmed, _ = mailbox.take()
    assert booking["tickets"][0]["secret"] not in text(confirmed)
    assert "ticket-1.png" not in attachments(confirmed)


@pytest.mark.parametrize("quantity", [1, 3])
def test_a_booking_with_more_or_fewer_places(api, book, ada, event, outbox, mailbox, quantity):
    booking = book(ada, event, quantity=2)
    outbox.run()
    first = mailbox.one()

    changed = api.as_(ada).patch(f"/bookings/{booking['id']}", {"quantity": quantity}).json
    outbox.run()

    mail = mailbox.one()
    valid = {ticket["secret"] for ticket in changed["tickets"] if ticket["status"] == "valid"}
    void = {ticket["secret"] for ticket in changed["tickets"]} - valid
    assert mail["Subject"] == "Changed: your booking for Fado night"
    assert f"your booking has {quantity} place" in html(mail)
    assert all(secret in text(mail) and secret in html(mail) for secret in valid)
    assert not any(secret in text(mail) or secret in html(mail) for secret in void)
    assert len([name for name in attachments(mail) if name.startswith("ticket-")]) == quantity
    assert _entry(mail)["sequence"] > _entry(first)["sequence"]


def test_a_hold_with_more_places_is_told_of_when_it_is_confirmed(api, ada, event, outbox, mailbox):
    booking = api.as_(ada).post("/bookings", {"event_id": event.id, "status": "pending"}).json
    api.as_(ada).patch(f"/bookings/{booking['id']}", {"quantity": 2})

    outbox.run()

    assert mailbox.take() == []


def test_an_expired_booking(api, ada, event, outbox, mailbox, clock):
    api.as_(ada).post("/bookings", {"event_id": event.id, "status": "pending"})
    clock.move(minutes=16)

    outbox.run()

    mail = mailbox.one()
    assert mail["Subject"] == "Not confirmed in time: your booking for Fado night"
    assert "not confirmed in time" in html(mail)
    assert attachments(mail) == {}


def test_a_guest_without_an_account_is_told_at_their_own_address(book, make, event, ada, outbox, mailbox):
    guest = make.attendee(first_name="Grace", last_name="Hopper", email="grace@example.com")
    book(ada, event, attendee_id=guest.id)

    outbox.run()

    assert mailbox.one()["To"] == "Grace Hopper <grace@example.com>"


def test_a_guest_with_an_account_is_told_where_the_account_says_now(book, ada, event, outbox, mailbox, session):
    book(ada, event)
    ada.email = "ada.lovelace@example.com"
    session.flush()

    outbox.run()

    assert mailbox.one()["To"] == "Ada Lovelace <ada.lovelace@example.com>"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"title": "Fado evening"}, "its title"),
        ({"location": "Pier 4"}, "where it is"),
        ({"ends_at": "2027-03-08T23:00:00Z"}, "when it is"),
        ({"timezone": "Europe/Madrid"}, "when it is"),
        ({"starts_at": "2027-03-08T13:00:00Z", "title": "Fado evening"}, "its title and when it is"),
    ],
)
def test_a_changed_event(api, booked, event, organizer, outbox, mailbox, changes, words):
    api.as_(organizer).patch(f"/events/{event.id}", changes)

    outbox.run()

    mail = mailbox.one()
    assert mail["Subject"] == f"Changed: {changes.get('title', 'Fado night')}"
    assert f"Something is different now: {words}." in text(mail)
    assert f"Something is different now: {words}." in html(mail)
    assert calendar(mail).method == "PUBLISH"


@pytest.mark.parametrize(
    "changes", [{"description": "Longer"}, {"capacity": 50}, {"title": "Fado night"}, {"reminder_hours": 2}, {}]
)
def test_what_guests_do_not_care_for_is_not_told(api, booked, event, organizer, outbox, mailbox, changes):
    api.as_(organizer).patch(f"/events/{event.id}", changes)

    outbox.run()

    assert mailbox.take() == []


def test_a_postponed_event_until_it_is_on_again(api, booked, event, organizer, outbox, mailbox):
    client, path = api.as_(organizer), f"/events/{event.id}"
    client.post(path + "/postpone")
    outbox.run()
    postponed = mailbox.one()
    assert postponed["Subject"] == "Postponed: Fado night"
    assert "8 March" not in text(postponed)
    assert "8 March" not in html(postponed)
    assert "There is no new date yet" in html(postponed)
    assert calendar(postponed).method == "CANCEL"

    client.patch(path, {"starts_at": "2027-04-08T13:00:00Z", "ends_at": "2027-04-08T15:00:00Z"})
    outbox.run()
    assert mailbox.take() == []

    client.post(path + "/publish")
    outbox.run()
    again = mailbox.one()
    assert again["Subject"] == "On again: Fado night"
    assert "8 April" in text(again)
    assert calendar(again).method == "PUBLISH"
    assert _entry(again)["sequence"] > _entry(postponed)["sequence"]


def test_an_event_that_is_published_for_the_first_time_is_news_for_nobody(api, make, book, organizer, outbox, mailbox):
    draft = make.event(organizer=organizer, status="draft")
    api.as_(organizer).post(f"/events/{draft.id}/publish")

    outbox.run()

    assert mailbox.take() == []


def test_a_cancelled_event(api, booked, event, organizer, outbox, mailbox):
    api.as_(organizer).post(f"/events/{event.id}/cancel")

    outbox.run()

    mail = mailbox.one()
    assert mail["Subject"] == "Cancelled: Fado night"
    assert "will not take place" in html(mail)
    assert calendar(mail).method == "CANCEL"
    assert _entry(mail)["uid"] == f"turnout-booking-{booked['code']}"


def test_news_that_are_not_true_any_more_are_not_told(api, booked, event, organizer, outbox, mailbox):
    client, path = api.as_(organizer), f"/events/{event.id}"
    client.patch(path, {"title": "Fado evening"})
    client.post(path + "/postpone")
    client.post(path + "/cancel")

    outbox.run()

    assert [mail["Subject"] for mail in mailbox.take()] == ["Cancelled: Fado evening"]


def test_who_has_cancelled_hears_no_more_of_the_event(api, ada, booked, event, organizer, outbox, mailbox):
    api.as_(ada).post(f"/bookings/{booked['id']}/cancel")
    outbox.run()
    mailbox.take()

    api.as_(organizer).post(f"/events/{event.id}/cancel")
    outbox.run()

    assert mailbox.take() == []


def test_each_booking_has_its_own_entry_in_the_calendar(api, make, book, ada, organizer, outbox, mailbox):
    event = make.event(organizer=organizer, bookings_per_attendee=2)
    codes = {book(ada, event)["code"] for _ in range(2)}
    outbox.run()
    mailbox.take()

    api.as_(organizer).post(f"/events/{event.id}/cancel")
    outbox.run()

    assert {_entry(mail)["uid"] for mail in mailbox.take()} == {f"turnout-booking-{code}" for code in codes}


def _entry(mail):
    return calendar(mail).events[0]


def test_old_messages_are_forgotten_in_parts(booked, outbox, session, clock, monkeypatch):
    monkeypatch.setattr("turnout.db.MOST_DELETED", 1)
    row = session.scalars(select(Message)).one()
    session.add_all([_copy(row, 2), _copy(row, 3)])
    clock.move(days=89)
    outbox.run()
    assert session.scalar(select(func.count()).select_from(Message)) >= 3

    clock.move(days=1)
    outbox.run()

    assert session.scalar(select(func.count()).where(Message.kind == "booking_confirmed")) == 0


def _copy(row, number):
    values = {column.name: getattr(row, column.name) for column in Message.__table__.columns if column.name != "id"}
    return Message(**values | {"key": f"{row.key}:{number}"})


def test_deleted_users_take_their_messages_with_them(api, make, booked, ada, event, session):
    api.as_(ada).put("/users/me/messages", {"choices": []})
    ada.username = "load-test-1"
    session.flush()

    api.as_(make.staff()).post("/users/bulk-delete", {"prefix": "load-test-"})

    assert session.scalar(select(func.count()).select_from(Message)) == 0


def test_calendars_of_mail_are_calendars(book, ada, event, outbox, mailbox):
    booking = book(ada, event)
    outbox.run()

    part = attachments(mailbox.one())[f"{booking['code']}.ics"]

    assert part.get_content_type() == "text/calendar"
    assert part["Content-Type"].params["method"] == "PUBLISH"
    assert Calendar.from_ical(part.get_content()).errors == []
