"""The same user answers twice at one moment, and this answer is the later one."""

import pytest
from sqlalchemy import event, func, insert, select

from turnout.bookings.models import Booking
from turnout.bookings.services import Booker
from turnout.rsvps import hooks
from turnout.rsvps.models import Interest
from turnout.rsvps.services import RsvpService
from turnout.security.actors import Actor
from turnout.system import system_request


class OvertakenBooker(Booker):
    """Before it books, the other request has booked the same."""

    def book(self, requests):
        super().book(requests)
        return super().book(requests)


@pytest.fixture
def ada(make):
    return make.user()


def test_going_is_the_booking_that_was_made_first(make, ada, application, session):
    shown = make.event(capacity=5)
    session.commit()
    with system_request(application.router) as request:
        service, usual = request.find_service(RsvpService), request.find_service(Booker)
        service.booker = OvertakenBooker(
            usual.session,
            usual.clock,
            usual.announce,
            application.registry.settings,
            usual.pools,
            usual.extensions,
        )
        said = service.go(shown.id, actor=Actor.of(ada.id))

    booking = session.scalars(select(Booking)).one()
    assert (said["id"], said["status"], booking.user_id) == (booking.id, "confirmed", ada.id)


def test_interest_is_noted_once(api, make, ada, application, connection, session):
    shown, client, announced, overtaken = make.event(), api.as_(ada), [], []

    def overtake(connection, _cursor, statement, *_):
        if statement.startswith("INSERT INTO interests") and not overtaken:
            overtaken.append(statement)
            first = {"user_id": ada.id, "event_id": shown.id, "created_at": application.registry.clock.now()}
            connection.execute(insert(Interest).values(first))

    event.listen(connection, "before_cursor_execute", overtake)
    application.registry.registerHandler(announced.append, (hooks.EventFollowed,))
    try:
        client.post(f"/events/{shown.id}/rsvp", {"status": "interested"}, status=200)
    finally:
        application.registry.unregisterHandler(announced.append, (hooks.EventFollowed,))

    assert len(overtaken) == 1
    assert announced == []
    assert session.scalar(select(func.count()).select_from(Interest)) == 1
