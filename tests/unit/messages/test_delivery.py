"""What becomes of a message: sent, failed, or tried again."""

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session
from tests.unit.messages.smtp import Box, serving

from turnout.messages.delivery import deliver
from turnout.messages.errors import Undeliverable
from turnout.messages.mail import SmtpTransport
from turnout.messages.models import FAILED, QUEUED, SENT, Message
from turnout.outbox.services import Outbox
from turnout.system import transact
from turnout.users.models import User


@pytest.fixture
def box(application):
    """A mail server that the application under test speaks to."""
    box = Box()
    email = application.registry.message_channels["email"]
    before = email.transport
    with serving(box) as settings:
        email.transport = SmtpTransport(settings)
        yield box
    email.transport = before


@pytest.fixture
def message(session):
    """The newest message."""
    return lambda: session.scalars(select(Message).order_by(Message.id.desc()).limit(1)).one()


@pytest.fixture
def booked(book, make):
    return book(make.user(email="ada@example.com"), make.event(title="Fado"))


def test_what_is_sent_is_noted(box, booked, outbox, message, clock):
    outbox.run()

    row = message()
    assert (row.status, row.sent_at, row.error, row.subject) == (SENT, clock.now(), "", "Your booking: Fado")
    assert (row.kind, row.channel, row.address, row.booking_id) == (
        "booking_confirmed", "email", "ada@example.com", booked["id"],
    )  # fmt: skip
    assert len(box.mails) == 1


def test_what_is_refused_for_good_has_failed_and_is_not_tried_again(box, booked, outbox, message, clock):
    box.answers["RCPT"] = "550 5.1.1 There is nobody of that name"

    outbox.run()

    row = message()
    assert (row.status, row.sent_at) == (FAILED, None)
    assert row.error == "the mail server refused it: 550 5.1.1 There is nobody of that name"
    assert (list(outbox.dead), list(outbox.waiting)) == ([], [])


def test_trouble_that_passes_only_delays(box, booked, outbox, message, clock):
    box.answers["DATA"], box.times["DATA"] = "451 4.3.0 Come back later", 2

    outbox.run()
    assert message().status == QUEUED
    assert "451" in outbox.waiting[0].error
    for _ in range(2):
        clock.move(minutes=2)
        outbox.run()

    assert message().status == SENT
    assert len(box.mails) == 1


def test_while_one_waits_those_after_it_wait_too(box, api, booked, outbox, session, clock):
    """Nobody reads that a booking is cancelled before they read that it is confirmed."""
    box.answers["RCPT"], box.times["RCPT"] = "451 4.3.0 Come back later", 1
    outbox.run()
    api.as_(session.get(User, booked["user_id"])).delete(f"/bookings/{booked['id']}")
    outbox.run()
    assert box.mails == []

    clock.move(minutes=2)
    outbox.run()

    assert [mail["Subject"] for mail in box.mails] == ["Your booking: Fado", "Cancelled: your booking for Fado"]


def test_one_that_is_sent_again_is_recognised_as_the_same(box, booked, outbox, session, message):
    """The worker dies after the server has the mail, and before that is noted."""
    outbox.run()
    message().status = QUEUED
    _put_again(outbox, message().id)
    outbox.run()

    first, second = box.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Date"] == second["Date"]


def _put_again(outbox, message_id):
    outbox.session.commit()
    transact(
        outbox.application.registry,
        lambda request: request.find_service(Outbox).put(deliver, {"message_id": message_id}),
    )


def test_one_that_was_sent_is_not_sent_again(box, booked, outbox, message):
    outbox.run()

    _put_again(outbox, message().id)
    outbox.run()

    assert len(box.mails) == 1
    assert (list(outbox.dead), list(outbox.waiting)) == ([], [])


def test_one_that_is_gone_is_nobodys_trouble(outbox):
    _put_again(outbox, 4711)

    outbox.run()

    assert (list(outbox.dead), list(outbox.waiting)) == ([], [])


@pytest.mark.parametrize("field", ["kind", "channel"])
def test_what_no_plugin_knows_any_more_has_failed(box, booked, outbox, session, message, field):
    outbox.run()
    row = message()
    row.status, row.sent_at = QUEUED, None
    setattr(row, field, "gone")
    _put_again(outbox, row.id)

    outbox.run()

    assert (message().status, message().error) == (FAILED, "what it belongs to is not installed any more")


def test_a_reminder_that_cannot_be_sent_before_the_start_is_not_sent_after_it(
    box, booked, outbox, session, message, clock
):
    outbox.run()
    box.mails.clear()
    box.answers["RCPT"] = "451 4.3.0 Come back later"
    clock.move(days=6)
    outbox.run()
    assert (message().kind, message().status) == ("event_reminder", QUEUED)
    box.answers.clear()
    clock.move(days=1)

    outbox.run()

    assert (message().status, message().error) == (FAILED, "it could not be delivered in time")
    assert box.mails == []


def test_no_transaction_is_open_while_others_are_waited_for(application, booked, outbox, session):
    """Neither the one that reads nor the one that writes has begun, and not ended, when the channel sends."""
    email = application.registry.message_channels["email"]
    opened, states = [], []
    send = email.transport.send

    class Watching:
        def send(self, mail, outgoing):
            states.extend(one.in_transaction() for one in opened)
            send(mail, outgoing)

    def note(one, *_):
        if one is not session:
            opened.append(one)

    event.listen(Session, "after_begin", note)
    before, email.transport = email.transport, Watching()
    try:
        outbox.run()
    finally:
        email.transport = before
        event.remove(Session, "after_begin", note)

    assert states
    assert not any(states)


def test_a_channel_may_refuse_for_good(application, booked, outbox, message):
    email = application.registry.message_channels["email"]
    before = email.transport

    class Refusing:
        def send(self, *_mail):
            raise Undeliverable("no such number")

    email.transport = Refusing()
    try:
        outbox.run()
    finally:
        email.transport = before

    assert (message().status, message().error) == (FAILED, "no such number")
