"""An event with its organizer, guests with tickets, and the door."""

import pytest
from sqlalchemy import select

from turnout.bookings.models import Ticket


@pytest.fixture
def owner(make):
    """An organizer."""
    return make.organizer(first_name="Olga", last_name="Owner")


@pytest.fixture
def event(make, owner):
    """Their event."""
    return make.event(organizer=owner, ticket_types=[{}, {"name": "Box"}], bookings_per_attendee=None)


@pytest.fixture
def book(api, make):
    """Book over the API, for a new user called "Ada Marsh" unless somebody else is named; return the answer's JSON."""

    def book(event, user=None, **wanted):
        user = user or make.user(first_name="Ada", last_name="Marsh")
        return api.as_(user).post("/bookings", {"event_id": event.id} | wanted, status=201).json

    return book


@pytest.fixture
def door(api, owner, event):
    """The door of the event, kept by its organizer: check in by secret or id, undo, look at the list."""
    return Door(api.as_(owner), event)


class Door:
    def __init__(self, client, event):
        self.client = client
        self.path = f"/events/{event.id}/check-ins"

    def check_in(self, ticket, *, status=200, headers=None):
        """Check in by a ticket's secret, or by its id for a whole number."""
        body = {"ticket_id": ticket} if isinstance(ticket, int) else {"secret": ticket}
        return self.client.post(self.path, body, status=status, headers=headers).json

    def undo(self, ticket_id, *, status=200):
        return self.client.delete(f"{self.path}/{ticket_id}", status=status).json

    def list(self, **query):
        return self.client.get(self.path, **query).json

    def counts(self):
        counts = self.list()["counts"]
        return counts["expected"], counts["checked_in"]


@pytest.fixture
def row(session):
    """Read a ticket as it is in the database."""
    return lambda ticket: session.scalars(
        select(Ticket).where(Ticket.id == ticket["id"]).execution_options(populate_existing=True)
    ).one()
