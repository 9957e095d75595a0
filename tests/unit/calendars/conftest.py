"""Who has calendars, and how their links are made."""

import pytest


@pytest.fixture
def ada(make):
    return make.user(first_name="Ada", last_name="Marsh")


@pytest.fixture
def organizer(make):
    return make.organizer(first_name="Inês", last_name="Prado")


@pytest.fixture
def event(make, organizer):
    return make.event(organizer=organizer, title="Fado")


@pytest.fixture
def book(api):
    """Return what books places for a user."""

    def go(user, event, **fields):
        return api.as_(user).post("/bookings", {"event_id": event.id} | fields, status=201).json

    return go


@pytest.fixture
def link(api):
    """Return what makes a user's calendar link."""
    return lambda user: api.as_(user).post("/users/me/calendar-link", status=201).json["url"]
