"""What several people do to one event at one moment."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy.orm import Session

from turnout.events.hooks import EventCancelled
from turnout.testing.clients import Api
from turnout.testing.factories import Make

pytestmark = pytest.mark.slow
PEOPLE = 4


@pytest.fixture
def crowd(committing):
    """Clients of one member of staff, each with a session of its own, and the path of an event."""
    with Session(committing.engine, expire_on_commit=False) as session:
        make = Make(session, committing.registry.clock)
        staff, event = make.staff(), make.event(price=10, capacity=5)
        headers = {"Authorization": f"Bearer {Api(committing, session).token(staff)}"}
        session.commit()
        path = f"/events/{event.id}"
    sessions = [Session(committing.engine) for _ in range(PEOPLE)]
    yield [Api(committing, session, headers) for session in sessions], path
    for session in sessions:
        session.close()


def at_once(clients, action):
    """Let each client do `action` at the same moment; return what it returned."""
    barrier = Barrier(len(clients))

    def run(number):
        barrier.wait()
        return action(clients[number], number)

    with ThreadPoolExecutor(len(clients)) as pool:
        return list(pool.map(run, range(len(clients))))


def test_of_those_who_saw_the_same_one_changes_it(crowd):
    clients, path = crowd
    for method in ("PATCH", "PUT", "DELETE"):
        body = {"title": "X", "starts_at": "2027-05-01T19:30:00Z", "ends_at": "2027-05-01T20:30:00Z"}
        seen = clients[0].get(path).headers["ETag"]

        def change(client, number, method=method, body=body, seen=seen):
            said = b"" if method == "DELETE" else json.dumps(body | {"title": f"By {number}"}).encode()
            headers = client.headers | {"If-Match": seen, "Content-Type": "application/json"}
            return client.browser.request(
                "/api/v1" + path, method=method, headers=headers, expect_errors=True, body=said
            ).status_int

        answered = Counter(at_once(clients, change))
        assert answered == {204: 1, 404: PEOPLE - 1} if method == "DELETE" else answered == {200: 1, 412: PEOPLE - 1}


def test_the_lowest_price_is_right_after_a_rush_of_changes(crowd, committing):
    clients, path = crowd
    types = path + "/ticket-types"
    ids = [clients[0].post(types, {"name": f"Type {n}", "price": 20 + n}).json["id"] for n in range(PEOPLE)]

    def change(client, number):
        for price in (3 + number, 40 + number, 7 + number):
            client.patch(f"{types}/{ids[number]}", {"price": price})
        return client.get(f"{types}/{ids[number]}").json["price"]

    assert at_once(clients, change) == [f"{7 + number}.00" for number in range(PEOPLE)]
    assert clients[0].get(path).json["price"] == "7.00"


def test_transitions_at_one_moment_happen_once(crowd, committing):
    clients, path = crowd
    seen = []
    committing.registry.registerHandler(seen.append, (EventCancelled,))

    states = at_once(clients, lambda client, _number: client.post(path + "/cancel").json["status"])

    assert states == ["cancelled"] * PEOPLE
    assert len(seen) == 1
