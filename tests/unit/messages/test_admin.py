"""Messages in the admin UI."""

import pytest
from sqlalchemy import select, update

from turnout.audit.models import AuditEntry
from turnout.messages.errors import NotFailed
from turnout.messages.models import FAILED, QUEUED, SENT, Message
from turnout.messages.services import MessageRegister
from turnout.security.actors import Actor


@pytest.fixture
def staff(browser):
    return browser.as_role("staff")


@pytest.fixture
def message_id(book, ada, event, outbox, mailbox, session):
    """Return the message by which Ada was told of her booking."""
    book(ada, event)
    outbox.run()
    mailbox.take()
    return session.scalars(select(Message.id)).one()


@pytest.fixture
def failed(message_id, session):
    values = {"status": FAILED, "error": "the address does not exist", "sent_at": None}
    session.execute(update(Message).where(Message.id == message_id).values(values))
    return message_id


def test_staff_find_what_was_sent_to_whom(staff, message_id, ada, event):
    page = staff.get("/admin/messages")
    page.mustcontain("A booking is confirmed", "Ada Lovelace", "ada@example.com", "Fado night", "sent", "email")
    page = page.click("A booking is confirmed", href=f"/{message_id}$")
    page.mustcontain("Ada Lovelace", "Fado night")


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("status=sent", 1),
        ("status=failed", 0),
        ("event={event}", 1),
        ("event=999999", 0),
        ("user={ada}", 1),
        ("user=999999", 0),
        ("kind=booking_confirmed", 1),
        ("kind=event_reminder", 0),
        ("channel=email", 1),
        ("channel=pigeon", 0),
    ],
)
def test_filters(staff, message_id, ada, event, query, count):
    page = staff.get("/admin/messages?" + query.format(event=event.id, ada=ada.id))
    assert page.text.count("ada@example.com") == count
    assert ("Nothing matches these filters" in page.text) == (count == 0)


def test_organizers_see_those_about_their_own_events(browser, message_id, organizer):
    own = browser.as_(organizer)
    own.get("/admin/messages").mustcontain("ada@example.com")
    own.get(f"/admin/messages/{message_id}").mustcontain("ada@example.com")
    other = browser.as_role("organizer")
    other.get("/admin/messages").mustcontain("Nobody was told anything yet", no="ada@example.com")
    other.get(f"/admin/messages/{message_id}", status=404)
    browser.as_role("user").get("/admin/messages", status=403)


def test_what_failed_is_tried_again(staff, failed, outbox, mailbox, session):
    staff.get(f"/admin/messages/{failed}").mustcontain("the address does not exist", "failed")
    staff.post(f"/admin/messages/{failed}/retry", status=303).follow().mustcontain("It is on its way again.")
    assert session.get(Message, failed).status == QUEUED
    staff.post(f"/admin/messages/{failed}/retry", status=409)
    outbox.run()
    assert mailbox.one()["To"] == "Ada Lovelace <ada@example.com>"
    [entry] = session.scalars(select(AuditEntry).where(AuditEntry.subject == "messages")).all()
    assert (entry.action, entry.before["status"], entry.after["status"]) == ("retry", FAILED, QUEUED)


def test_what_was_sent_is_not_sent_again(staff, message_id, outbox, mailbox):
    page = staff.get(f"/admin/messages/{message_id}")
    assert "Try again" not in page.text
    staff.post(f"/admin/messages/{message_id}/retry", status=409)
    staff.post("/admin/messages/some/retry", {"ids": str(message_id)}, status=303).follow().mustcontain("0 of 1 done")
    outbox.run()
    assert mailbox.take() == []


def test_the_service_itself_sends_nothing_twice(message_id, session, clock):
    """Two may press the button at the same moment: the statement decides."""
    with pytest.raises(NotFailed, match="The message is sent"):
        MessageRegister(session, clock, None, {}).retry(message_id, actor=Actor.of(1, is_staff=True))
    assert session.get(Message, message_id).status == SENT


def test_an_organizer_tries_again_what_is_about_their_own_events_only(browser, failed, organizer, session):
    browser.as_role("organizer").post(f"/admin/messages/{failed}/retry", status=404)
    assert session.get(Message, failed).status == FAILED
    browser.as_(organizer).post(f"/admin/messages/{failed}/retry", status=303)
    assert session.get(Message, failed).status == QUEUED


def test_the_dashboard_tells_staff_of_failures_of_this_week(staff, failed, clock):
    staff.get("/admin").mustcontain("A message of this week could not be delivered.", "/admin/messages?status=failed")
    clock.move(days=8)
    staff.get("/admin").mustcontain("Dashboard", no="could not be delivered")


def test_statements_do_not_grow(staff, message_id, book, make, event, outbox, statements):
    def sent():
        with statements() as seen:
            staff.get("/admin/messages")
        return len(seen)

    few = sent()
    for _ in range(5):
        book(make.user(), event)
    outbox.run()
    assert sent() == few


def test_without_the_token_nothing_is_tried_again(staff, failed, session):
    staff.post(f"/admin/messages/{failed}/retry", {"csrf_token": ""}, status=400)
    assert session.get(Message, failed).status == FAILED
