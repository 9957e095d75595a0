"""What the door announces, and what webhooks are told of it."""

import pytest
from tests.unit.bookings import listening

from turnout.check_ins.hooks import CheckInUndone, TicketCheckedIn, TicketEvent
from turnout.errors import Conflict
from turnout.system import system_request
from turnout.webhooks.event_types import EventTypes
from turnout.webhooks.representations import tell_of_ticket


class Full(Conflict):
    code = "full"
    title = "The room is full"


@pytest.fixture
def application(workshop, database):
    return workshop.application(database, listening.includeme)


@pytest.fixture(autouse=True)
def heard():
    listening.refusing.clear()
    listening.heard.clear()
    yield listening.heard
    listening.refusing.clear()


@pytest.fixture
def told(heard):
    def told():
        found = [event for event in heard if isinstance(event, TicketEvent)]
        heard.clear()
        return found

    return told


def test_what_is_done_is_announced_once(door, book, event, owner, told):
    booking = book(event)
    ticket = booking["tickets"][0]
    what = (ticket["id"], booking["id"], event.id, owner.id)

    door.check_in(ticket["secret"])
    door.check_in(ticket["secret"], status=409)
    assert told() == [TicketCheckedIn(*what)]
    door.undo(ticket["id"])
    door.undo(ticket["id"])
    assert told() == [CheckInUndone(*what)]


def test_it_is_heard_in_order_with_what_else_happens_to_the_booking():
    assert TicketCheckedIn(1, 2, 3, None).stream == CheckInUndone(1, 2, 3, None).stream == "booking:2"


@pytest.mark.parametrize("kind", [TicketCheckedIn, CheckInUndone])
def test_a_subscriber_refuses_and_nothing_is_changed(door, book, event, row, kind):
    (ticket,) = book(event)["tickets"]
    if kind is CheckInUndone:
        door.check_in(ticket["secret"])
    before = row(ticket).checked_in_at
    listening.refusing[kind] = Full()

    answer = door.undo(ticket["id"], status=409) if before else door.check_in(ticket["secret"], status=409)

    assert answer["code"] == "full"
    assert row(ticket).checked_in_at == before


def test_webhooks_are_told_what_the_door_sees_and_no_secret(application, door, book, event, owner, session):
    (ticket,) = book(event)["tickets"]
    seen = door.check_in(ticket["secret"])
    session.commit()

    with system_request(application.router) as request:
        kinds = request.registry.injectables[EventTypes](request)
        kind = kinds["ticket.checked_in"]
        given = {name: give(request) for name, give in kind.injected.items()}
        happened = TicketCheckedIn(ticket["id"], seen["booking_id"], event.id, owner.id)
        told = kind.represent(happened, **given)
        gone = kind.represent(TicketCheckedIn(10**9, 1, event.id, owner.id), **given)

    assert kind.represent is kinds["ticket.check_in_undone"].represent is tell_of_ticket
    assert kinds["ticket.check_in_undone"].event is CheckInUndone
    assert told.organizer_id == owner.id
    assert set(told.data) == set(seen)
    assert (told.data["ticket_id"], told.data["name"]) == (ticket["id"], "Ada Marsh")
    assert ticket["secret"] not in str(told.data)
    assert gone is None
