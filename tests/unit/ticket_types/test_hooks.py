"""That what is sold has changed is announced once, whoever changes it, while nobody else can claim."""

import pytest
from sqlalchemy import select

from turnout.events.hooks import OfferChanged
from turnout.pools.models import Pool

heard = []


def hear(event):
    heard.append((event.event_id, event.request.db.scalar(select(Pool.id).limit(1)) is not None))


@pytest.fixture
def application(workshop, database):
    return workshop.application(database, includeme)


def includeme(config):
    config.add_subscriber(hear, OfferChanged)


@pytest.fixture
def event(make):
    found = make.event(capacity=10)
    heard.clear()
    return found


@pytest.fixture
def staff(api):
    return api.as_role("staff")


def test_a_new_type(staff, event):
    staff.post(f"/events/{event.id}/ticket-types", {"name": "Balcony", "price": "5.00"}, status=201)
    assert heard == [(event.id, True)]


def test_another_limit(staff, event, session):
    kind = staff.get(f"/events/{event.id}/ticket-types").json["results"][0]
    staff.patch(f"/events/{event.id}/ticket-types/{kind['id']}", {"capacity": 5})
    assert heard == [(event.id, True)]


def test_one_that_is_removed(staff, event):
    made = staff.post(f"/events/{event.id}/ticket-types", {"name": "Balcony", "price": "5.00"}, status=201).json
    heard.clear()
    staff.delete(f"/events/{event.id}/ticket-types/{made['id']}", status=204)
    assert heard == [(event.id, True)]


def test_the_events_capacity(staff, event):
    staff.patch(f"/events/{event.id}", {"capacity": 12, "price": "5.00"})
    assert heard == [(event.id, True), (event.id, True)]  # the price is its only type's


def test_a_refused_change_is_none(staff, event):
    kind = staff.get(f"/events/{event.id}/ticket-types").json["results"][0]
    staff.post("/bookings", {"event_id": event.id, "quantity": 2}, status=201)
    staff.patch(f"/events/{event.id}/ticket-types/{kind['id']}", {"capacity": 1}, status=409)
    assert heard == []
