"""What the plugin adds to the JSON of events."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from turnout.testing.clients import Api
from turnout.testing.factories import Make
from turnout.testing.outbox import Steps

Statements = Callable[[], AbstractContextManager[list[str]]]


def test_an_event_says_how_many_places_were_confirmed(api: Api, make: Make, outbox: Steps) -> None:
    event, other = make.event(), make.event()
    api.as_(make.user()).post("/bookings", {"event_id": event.id, "quantity": 3})
    outbox.run()
    assert api.get(f"/events/{event.id}").json["extensions"]["my_plugin"] == {"confirmed": 3}
    listed = {shown["id"]: shown["extensions"] for shown in api.get("/events").json["results"]}
    assert listed[event.id]["my_plugin"] == {"confirmed": 3}
    assert listed[other.id]["my_plugin"] == {"confirmed": 0}


def test_a_list_of_many_events_costs_one_query(api: Api, make: Make, statements: Statements) -> None:
    for _ in range(5):
        make.event()
    with statements() as seen:
        api.get("/events")
    assert sum("my_plugin_tallies" in statement for statement in seen) == 1
