"""Asking how full it is."""

from typing import Any

from acme_cloakroom.pegs import Cloakroom
from turnout.events.services import EventCatalog
from turnout.plugin import NotFound, Request, Schema, Service, fields


class FreePegs(Schema):
    """How full the cloakroom is."""

    free = fields.whole(description="How many coats it still has room for")


cloakroom = Service("cloakroom", "/events/{id}/cloakroom", "Cloakroom")


@cloakroom.get(permission="cloakroom:read", answer=FreePegs, refuses=(NotFound,))
def read_cloakroom(request: Request) -> dict[str, Any]:
    """See how many pegs are free at an event."""
    event_id = int(request.matchdict["id"])
    request.find_service(EventCatalog).get(event_id, actor=request.actor)
    return {"free": request.find_service(Cloakroom).free([event_id])[event_id]}
