"""A server is killed in the middle of a rush."""

import threading
from uuid import uuid4

import httpx2
import pytest
from tests.concurrency.crowd import at_once

PROCESSES = 2
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("crowds")]


def test_nothing_that_was_answered_is_lost_and_nothing_is_booked_twice(house):
    """Kill -9, restart; who got no answer asks again with the same key."""
    event = house.event(capacity=100_000, bookings_per_attendee=None, ticket_types=[{"capacity": 100_000}])
    crowd = house.people(12)
    falling = house.servers[0]
    answered, unanswered, errors = {}, [], []
    some, stop = threading.Semaphore(0), threading.Event()

    def pour(person):
        while not stop.is_set():
            key = str(uuid4())
            try:
                answer = person.book(event, key=key)
            except httpx2.TransportError:
                unanswered.append((person, key))
                return
            if answer.status_code == 201:
                answered[key] = answer.json()["id"]
            else:
                errors.append(answer.text)
            some.release()

    def cut():
        for _ in range(40):
            some.acquire(timeout=30)
        falling.kill()
        for _ in range(10):
            some.acquire(timeout=30)
        stop.set()

    at_once(*(lambda person=person: pour(person) for person in crowd), cut)
    assert errors == []
    assert unanswered
    assert set(answered.values()) <= set(house.bookings(event))
    falling.start()
    house.turnout_check()

    for person, key in unanswered:
        answer = person.book(event, key=key)
        assert answer.status_code == 201, answer.text
        answered[key] = answer.json()["id"]

    kept = house.bookings(event)
    assert sorted(answered.values()) == sorted(kept)
    assert set(kept.values()) == {"confirmed"}
    assert house.taken(event) == len(kept)
    house.check()
