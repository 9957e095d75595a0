"""Telling a crowd: in parts, each of them once, and others in between."""

import pytest
from sqlalchemy import func, select

from turnout.messages.models import Message
from turnout.messages.services import guests
from turnout.system import transact


@pytest.fixture
def crowd(make, book, event, outbox, mailbox):
    """Seven bookings, told in parts of three."""
    for _ in range(7):
        book(make.user(), event)
    outbox.run()
    mailbox.take()


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(guests, "PART", 3)


def test_everybody_is_told_once(api, crowd, event, organizer, outbox, mailbox):
    api.as_(organizer).post(f"/events/{event.id}/cancel")

    outbox.run()

    told = [mail["To"] for mail in mailbox.take()]
    assert len(told) == len(set(told)) == 7


def test_a_part_that_is_done_again_tells_nobody_again(api, crowd, event, organizer, outbox, session):
    told = []
    occasion = guests.Occasion("event_cancelled", event.id, {}, name="x")

    def tell(request):
        service = request.find_service(guests.GuestService)
        told.append([service.tell_some(occasion, after) for after in (0, 0)])

    _transact(outbox, tell)

    assert told[0][0] == told[0][1] is not None
    of_kind = select(func.count()).where(Message.kind == "event_cancelled")
    assert session.scalar(of_kind) == 3


def test_between_the_parts_others_have_their_turn(api, make, book, crowd, event, organizer, outbox, session):
    """What is put while a crowd is told waits for one part of it, not for all."""
    api.as_(organizer).post(f"/events/{event.id}/cancel")
    other = make.event(organizer=organizer)
    order = []
    transport = outbox.application.registry.message_channels["email"].transport
    send = transport.send

    class Booking:
        def send(self, mail, outgoing):
            if not order:
                book(make.user(), other)
            order.append(outgoing.kind)
            send(mail, outgoing)

    outbox.application.registry.message_channels["email"].transport = Booking()
    try:
        outbox.run()
    finally:
        outbox.application.registry.message_channels["email"].transport = transport

    assert order.count("event_cancelled") == 7
    assert order.index("booking_confirmed") < 7


def _transact(outbox, function):
    outbox.session.commit()
    transact(outbox.application.registry, function)
    outbox.session.expire_all()
