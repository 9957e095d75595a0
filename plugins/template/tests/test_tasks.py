"""Background work: ``outbox.run()`` does what is due, and ``clock`` says what time it is."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from turnout.events.models import Event
from turnout.testing.clients import Api
from turnout.testing.clocks import ManualClock
from turnout.testing.factories import Make
from turnout.testing.outbox import Steps

from turnout_my_plugin.models import Tally


@pytest.fixture
def confirmed(api: Api) -> Callable[[Event], int]:
    """Look up how many places the plugin says were confirmed."""
    return lambda event: api.get(f"/events/{event.id}/my-plugin").json["confirmed"]


def test_places_are_counted_when_a_booking_is_confirmed(
    api: Api, make: Make, outbox: Steps, confirmed: Callable[[Event], int]
) -> None:
    event, other = make.event(), make.event()
    for quantity in (1, 3):
        api.as_(make.user()).post("/bookings", {"event_id": event.id, "quantity": quantity})
    assert confirmed(event) == 0
    outbox.run()
    assert (confirmed(event), confirmed(other)) == (4, 0)


def test_a_hold_is_counted_when_it_is_confirmed(
    api: Api, make: Make, outbox: Steps, confirmed: Callable[[Event], int]
) -> None:
    event, guest = make.event(), api.as_(make.user())
    held = guest.post("/bookings", {"event_id": event.id, "status": "pending"}).json
    outbox.run()
    assert confirmed(event) == 0
    guest.post(f"/bookings/{held['id']}/confirm")
    outbox.run()
    assert confirmed(event) == 1


def test_an_event_that_is_deleted_meanwhile_is_no_trouble(api: Api, make: Make, outbox: Steps) -> None:
    organizer = make.organizer(username="trial-1")
    event_id = make.event(organizer=organizer).id
    api.as_(organizer).post("/bookings", {"event_id": event_id})
    api.as_(make.staff()).post("/users/bulk-delete", {"prefix": "trial-"})
    api.get(f"/events/{event_id}", status=404)
    outbox.run()
    assert not outbox.waiting
    assert not outbox.dead


def test_a_tally_is_forgotten_after_so_many_days(
    api: Api, make: Make, outbox: Steps, clock: ManualClock, session: Session
) -> None:
    event, later = make.event(), make.event(ends_at=clock.now() + timedelta(days=20))
    for each in (event, later):
        api.as_(make.user()).post("/bookings", {"event_id": each.id})
    outbox.run()
    clock.set(event.ends_at + timedelta(days=365))  # my_plugin.keep_days, where nobody has set it
    outbox.run()
    assert len(session.scalars(select(Tally)).all()) == 2
    clock.move(hours=1, seconds=1)
    outbox.run()
    assert [tally.event_id for tally in session.scalars(select(Tally))] == [later.id]
