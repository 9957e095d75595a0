import pytest

from turnout.errors import Conflict
from turnout.events import hooks
from turnout.events.models import Event
from turnout.events.services import EventService


@pytest.fixture
def subscribe(application):
    registered = []

    def add(kind, listener):
        application.registry.registerHandler(listener, (kind,))
        registered.append((listener, (kind,)))

    yield add
    for listener, required in registered:
        application.registry.unregisterHandler(listener, required)


def test_a_subscriber_has_the_request_and_its_services(api, make, subscribe):
    seen = []
    subscribe(
        hooks.EventPublished,
        lambda event: seen.append(event.request.find_service(EventService).session.get(Event, event.event_id)),
    )
    event = make.event(status="draft")

    api.as_(make.staff()).post(f"/events/{event.id}/publish")

    assert [found.status for found in seen] == ["published"]


@pytest.mark.parametrize("kind", [hooks.EventCreated, hooks.EventChanged, hooks.EventPublished, hooks.EventCancelled])
def test_a_subscriber_can_refuse(api, make, subscribe, kind):
    def refuse(_event):
        raise Conflict("Not today.")

    subscribe(kind, refuse)
    staff = make.staff()
    event = make.event(status="draft", title="Before")
    client, path = api.as_(staff), f"/events/{event.id}"
    new = {"title": "X", "starts_at": event.starts_at.isoformat(), "ends_at": event.ends_at.isoformat()}
    attempts = {
        hooks.EventCreated: ("POST", "/events", new),
        hooks.EventChanged: ("PATCH", path, {"title": "After"}),
        hooks.EventPublished: ("POST", path + "/publish", None),
        hooks.EventCancelled: ("POST", path + "/cancel", None),
    }

    assert client.request(*attempts[kind], status=409).json["detail"] == "Not today."

    assert client.get(path).json.items() >= {"title": "Before", "status": "draft"}.items()
    assert client.get("/events", status="draft").json["count"] == 1
