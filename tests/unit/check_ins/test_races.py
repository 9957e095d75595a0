"""What happens at two doors at one moment, and at the door and the box office."""

from functools import partial

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from tests.concurrency.crowd import at_once

from turnout.bookings.models import Ticket
from turnout.check_ins.hooks import CheckInUndone, TicketCheckedIn
from turnout.testing.clients import Api
from turnout.testing.factories import Make

pytestmark = pytest.mark.slow
DOORS = 4
ROUNDS = 5


@pytest.fixture
def house(committing):
    """The doors, each with a session of its own, an event of theirs, and what was announced."""
    with Session(committing.engine, expire_on_commit=False) as session:
        make = Make(session, committing.registry.clock)
        staff, event = make.staff(), make.event(capacity=100, bookings_per_attendee=None)
        headers = {"Authorization": f"Bearer {Api(committing, session).token(staff)}"}
        session.commit()
    heard = []
    committing.registry.registerHandler(heard.append, (TicketCheckedIn,))
    committing.registry.registerHandler(heard.append, (CheckInUndone,))
    sessions = [Session(committing.engine) for _ in range(DOORS)]
    yield [Api(committing, session, headers) for session in sessions], event.id, heard
    for session in sessions:
        session.close()


def test_a_ticket_at_several_doors_lets_one_in(house, committing):
    doors, event_id, heard = house
    path = f"/events/{event_id}/check-ins"
    for _ in range(ROUNDS):
        (ticket,) = doors[0].post("/bookings", {"event_id": event_id}).json["tickets"]
        heard.clear()

        answers = at_once(*(partial(door.send, "POST", path, {"secret": ticket["secret"]}) for door in doors))

        assert sorted(answer.status_int for answer in answers) == [200] + [409] * (DOORS - 1)
        assert len(heard) == 1
        moments = {answer.json["checked_in_at"] for answer in answers}
        with Session(committing.engine) as session:
            kept = session.scalar(select(Ticket.checked_in_at).where(Ticket.id == ticket["id"]))
        assert moments == {kept.isoformat().replace("+00:00", "Z")}

        heard.clear()
        undone = at_once(*(partial(door.send, "DELETE", f"{path}/{ticket['id']}") for door in doors))
        assert [answer.status_int for answer in undone] == [200] * DOORS
        assert len(heard) == 1


def test_nobody_is_in_with_a_booking_that_is_cancelled_meanwhile(house, committing):
    doors, event_id, _ = house
    path = f"/events/{event_id}/check-ins"
    for _ in range(ROUNDS):
        booking = doors[0].post("/bookings", {"event_id": event_id, "quantity": 2}).json
        first, second = booking["tickets"]

        let_in, also, cancelled = at_once(
            partial(doors[0].send, "POST", path, {"secret": first["secret"]}),
            partial(doors[1].send, "POST", path, {"secret": second["secret"]}),
            partial(doors[2].send, "POST", f"/bookings/{booking['id']}/cancel"),
        )

        statuses = (let_in.status_int, also.status_int, cancelled.status_int)
        assert statuses in {(200, 200, 409), (409, 409, 200)}, [let_in.json, also.json, cancelled.json]
        with Session(committing.engine) as session:
            tickets = session.scalars(select(Ticket).where(Ticket.booking_id == booking["id"])).all()
        assert {(ticket.status, ticket.checked_in_at is None) for ticket in tickets} in (
            {("valid", False)},
            {("cancelled", True)},
        )
