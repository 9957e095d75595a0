"""REST: each view says what it takes, who may call it and what it answers, and leaves the rest to a service."""

from typing import Any

from turnout.plugin import NotFound, Request, Service

from turnout_my_plugin import schemas
from turnout_my_plugin.services import TallyService

tally = Service(
    name="my_plugin",
    path="/events/{id}/my-plugin",
    tag="My plugin",
)


@tally.get(
    permission="my_plugin:read",
    answer=schemas.MyPluginView,
    refuses=(NotFound,),
)
def read_my_plugin(request: Request) -> dict[str, Any]:
    """See how many places of an event were confirmed."""
    return request.find_service(TallyService).get(int(request.matchdict["id"]), actor=request.actor)
