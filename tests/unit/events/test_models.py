from datetime import timedelta

import pytest
from sqlalchemy import insert, inspect
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from turnout.events.models import Event, event_tags


@pytest.mark.parametrize(
    "wrong",
    [
        {"ends_at": timedelta(days=-30)},
        {"status": "sold"},
        {"max_tickets_per_booking": 0},
        {"bookings_per_attendee": 0},
        {"venue_id": 999},
        {"category_id": 999},
        {"organizer_id": 999},
        {"title": None},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_the_database_itself_refuses_what_cannot_be(make, session, clock, wrong):
    event = make.event()
    for name, value in wrong.items():
        setattr(event, name, clock.now() + value if isinstance(value, timedelta) else value)

    with pytest.raises(IntegrityError):
        session.flush()


def test_two_events_never_share_their_places(make, session):
    one, other = make.event(), make.event()
    other.pool_id = one.pool_id

    with pytest.raises(IntegrityError):
        session.flush()


def test_an_event_has_a_tag_once(make, session):
    tag = make.tag()
    event = make.event(tags=[tag])

    with pytest.raises(IntegrityError):
        session.execute(insert(event_tags).values(event_id=event.id, tag_id=tag.id))


def test_nobody_overwrites_what_they_have_not_seen(make, session):
    event = make.event()
    session.execute(Event.__table__.update().values(version=2))
    event.title = "Lost"

    with pytest.raises(StaleDataError):
        session.flush()


def test_every_public_ordering_has_an_index_of_its_own(connection):
    found = {index["name"]: index["column_names"] for index in inspect(connection).get_indexes("events")}

    for column in ("starts_at", "created_at", "title", "price"):
        assert found[f"ix_events_public_{column}"] == [column, "id"]
