"""Availability, and the state of the sale."""

from datetime import timedelta

import pytest

from turnout.pools.models import Pool


def test_availability_is_counted_from_the_pools(api, make):
    kinds = [{"name": "Few", "capacity": 5, "taken": 5, "price": 10}, {"name": "Many", "capacity": 200, "taken": 30}]
    event = make.event(capacity=100, taken=35, ticket_types=kinds)

    shown = api.get(f"/events/{event.id}/availability").json

    kinds = shown.pop("ticket_types")
    assert shown == {
        "event_id": event.id,
        "capacity": 100,
        "seats_taken": 35,
        "seats_available": 65,
        "is_sold_out": False,
    }
    told = [(kind["seats_taken"], kind["seats_available"], kind["is_sold_out"]) for kind in kinds]
    assert told == [(5, 0, True), (30, 65, False)]
    assert api.get(f"/events/{event.id}").json["ticket_types"] == kinds


def test_availability_may_be_kept_for_a_second(api, make, session):
    event = make.event(capacity=100, taken=35)
    path = f"/events/{event.id}/availability"

    first = api.get(path)
    assert first.headers["Cache-Control"] == "public, max-age=1"
    seen = {"If-None-Match": first.headers["ETag"]}
    assert api.get(path, status=304, headers=seen).body == b""
    session.get_one(Pool, event.pool_id).taken = 36
    assert api.get(path, status=200, headers=seen).json["seats_taken"] == 36


def test_availability_of_a_draft_is_its_organizers_alone(api, make):
    organizer = make.organizer()
    event = make.event(capacity=100, status="draft", organizer=organizer)
    path = f"/events/{event.id}/availability"

    assert api.get(path, status=404).headers["Cache-Control"] == "no-store"
    assert api.as_(organizer).get(path).headers["Cache-Control"] == "private, no-cache"


def test_availability_without_a_limit(api, make):
    event = make.event(capacity=None, taken=7)

    shown = api.get(f"/events/{event.id}/availability").json

    said = {"capacity": None, "seats_taken": 7, "seats_available": None, "is_sold_out": False}
    assert shown.items() >= said.items()
    assert shown["ticket_types"][0]["seats_taken"] is None


def test_an_event_is_sold_out_when_all_its_ticket_types_are(api, make):
    kinds = [{"name": "A", "capacity": 5, "taken": 5}, {"name": "B", "capacity": 7, "taken": 7}]
    event = make.event(capacity=None, taken=12, ticket_types=kinds)

    assert api.get(f"/events/{event.id}").json.items() >= {"is_sold_out": True, "sales_state": "sold_out"}.items()


@pytest.mark.parametrize(
    ("windows", "state"),
    [
        ([(None, None)], "on_sale"),
        ([(-1, 1)], "on_sale"),
        ([(0, None)], "on_sale"),
        ([(1, None)], "not_yet"),
        ([(None, 0)], "closed"),
        ([(-2, -1)], "closed"),
        ([(-2, -1), (1, 2)], "not_yet"),
        ([(-2, -1), (-1, None)], "on_sale"),
    ],
)
def test_the_state_of_the_sale_follows_the_sale_windows(api, make, clock, windows, state):
    def moment(days):
        return None if days is None else clock.now() + timedelta(days=days)

    kinds = [
        {"name": f"Type {n}", "sale_starts_at": moment(start), "sale_ends_at": moment(end)}
        for n, (start, end) in enumerate(windows)
    ]
    event = make.event(ticket_types=kinds)

    assert api.get(f"/events/{event.id}").json["sales_state"] == state


def test_a_sold_out_ticket_type_does_not_keep_the_sale_open(api, make, clock):
    kinds = [
        {"name": "Early", "capacity": 1, "taken": 1},
        {"name": "Late", "sale_starts_at": clock.now() + timedelta(days=1)},
    ]
    event = make.event(capacity=10, taken=1, ticket_types=kinds)

    assert api.get(f"/events/{event.id}").json["sales_state"] == "not_yet"
    clock.move(days=1)
    assert api.get(f"/events/{event.id}").json["sales_state"] == "on_sale"


def test_an_event_that_is_over_is_not_active(api, make, clock):
    event = make.event()
    clock.move(days=7, hours=2, minutes=59)
    assert api.get(f"/events/{event.id}").json.items() >= {"is_active": True, "sales_state": "on_sale"}.items()
    clock.move(minutes=1)
    assert api.get(f"/events/{event.id}").json.items() >= {"is_active": False, "sales_state": "ended"}.items()
