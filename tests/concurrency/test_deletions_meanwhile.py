"""Users are deleted while they book: no place is lost."""

import pytest
from tests.concurrency.crowd import at_once, outcomes

PROCESSES = 2
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("crowds")]


def test_users_are_deleted_while_they_book(house):
    [staff] = house.people(1, is_staff=True)
    event = house.event(capacity=1000, bookings_per_attendee=None)
    for number in range(8):
        prefix = f"leaver{number}x"
        leavers = [person for index in range(4) for person in house.people(1, username=f"{prefix}{index}")]
        *answers, deleted = at_once(
            *(lambda person=person: person.book(event) for person in leavers for _ in range(2)),
            lambda prefix=prefix: staff.send("POST", "/users/bulk-delete", {"prefix": prefix}),
        )
        assert set(outcomes([deleted])) <= {200, (503, "busy")}
        assert all(answer.status_code < 500 or answer.status_code == 503 for answer in answers)
    house.check()
    house.turnout_check()
