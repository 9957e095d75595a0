"""Whoever says which version they have seen overwrites nothing else, whatever they do."""

import re

import pytest

from turnout.api.service import WRITES, operations

STALE = {"If-Match": '"999-00000000"'}


def versioned_writes(application):
    """Return the operations that change a thing that is there already and has a version."""
    found = operations(application.registry)
    return [each for each in found if each.versioned and each.method in WRITES and each.status != 201]


@pytest.fixture
def things(make, api):
    """Return the ids of one thing of each kind, and what can be said of it."""
    event = make.event(ticket_types=[{"name": "Seat"}, {"name": "Standing"}])
    held = api.as_(make.user()).post("/bookings", {"event_id": event.id, "status": "pending"}, status=201).json
    named = {"name": "Another"}
    webhook = {"url": "https://example.com/hooks", "event_types": ["*"]}
    return {
        "attendees": (make.attendee().id, {"first_name": "Ada", "last_name": "New", "email": "new@example.com"}),
        "bookings": (held["id"], {"quantity": 2}),
        "categories": (make.category().id, named),
        "events": (event.id, {"title": "X", "starts_at": "2027-05-01T19:30:00Z", "ends_at": "2027-05-01T20:30:00Z"}),
        "tags": (make.tag().id, named),
        "ticket-types": (make.ticket_type(event, name="Third").id, named),
        "users": (make.user().id, {"is_organizer": True}),
        "messages": (None, {"choices": []}),
        "me": (None, {"email": "new@example.com", "first_name": "New"}),
        "venues": (make.venue().id, named | {"city": "Porto", "country": "PT"}),
        "webhooks": (api.as_(make.organizer()).post("/webhooks", webhook, status=201).json["id"], {}),
    }


def test_what_has_changed_since_is_left_alone(api, make, application, things):
    client, found = api.as_(make.superuser()), versioned_writes(application)
    assert len(found) > 20
    for operation in found:
        path = operation.path
        kinds = [kind for kind in path.split("/") if kind in things]
        for kind in kinds:
            path = re.sub(r"{\w+}", str(things[kind][0]), path, count=1)
        body = None if operation.body is None else things[kinds[-1]][1]
        client.request(operation.method, path, body, headers=STALE, status=412)
