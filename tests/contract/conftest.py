"""An application with a little of everything in it, for tests of the whole API."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from turnout.testing.applications import Application
from turnout.testing.clients import Api
from turnout.testing.clocks import ManualClock
from turnout.testing.factories import Make
from turnout.testing.fixtures import Workshop
from turnout.users.models import User


@dataclass
class World:
    """The application, the transaction that holds everything, and who there is."""

    application: Application
    connection: Connection
    api: Api
    users: dict[str, User]
    tokens: dict[str, str]


@pytest.fixture
def world(workshop: Workshop) -> Iterator[World]:
    """Fill an application on SQLite; what a test does to it is undone."""
    application = workshop.application("sqlite")
    application.registry.clock = ManualClock()
    with application.rolled_back() as connection:  # noqa: SIM117 - the session needs the connection first
        with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
            make = Make(session, application.registry.clock)
            users = {
                "plain": make.user(),
                "organizer": make.organizer(),
                "staff": make.staff(),
                "superuser": make.superuser(),
            }
            venue = make.venue()
            make.venue(country="JP", timezone="Asia/Tokyo", capacity=50)
            category = make.category()
            make.category()
            tag = make.tag()
            make.tag()
            make.attendee(user=users["plain"])
            make.attendee()
            organizer = users["organizer"]
            first = make.event(organizer=organizer, venue=venue, category=category, tags=[tag])
            make.event(organizer=organizer, price="25.00", ticket_types=[{}, {"name": "Box", "capacity": 5}])
            make.event(organizer=users["staff"], status="draft")
            make.event(
                organizer=organizer, capacity=1, taken=1, starts_at=application.registry.clock.now() + timedelta(days=1)
            )
            api = Api(application, session)
            api.as_(users["plain"]).post("/bookings", {"event_id": first.id, "quantity": 2}, status=201)
            tokens = {name: api.token(user) for name, user in users.items()}
            session.commit()
            yield World(application, connection, api, users, tokens)
