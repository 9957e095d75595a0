"""Messages over REST."""

from typing import Any

from pyramid.request import Request

from turnout.api.etags import expected_versions
from turnout.api.service import Service
from turnout.errors import Denied, Invalid, NotFound, VersionMismatch
from turnout.messages import schemas
from turnout.messages.services import NoticeService, PreferenceService

TAG = "Messages"

preferences = Service("message-preferences", "/users/me/messages", TAG)
notify = Service("event-notify", "/events/{id}/notify", TAG)
SERVICES = (preferences, notify)


@preferences.get(permission="messages:read", answer=schemas.MessageChoices, versioned=True)
def read_preferences(request: Request) -> dict[str, Any]:
    """Read which kinds of messages one gets, and how."""
    return request.find_service(PreferenceService).get(request.actor.user_id)


@preferences.put(
    permission="messages:update",
    body=schemas.ChosenMessages,
    answer=schemas.MessageChoices,
    versioned=True,
    refuses=(Invalid, VersionMismatch),
)
def replace_preferences(request: Request) -> dict[str, Any]:
    """Choose which kinds of messages one gets, and how."""
    return request.find_service(PreferenceService).replace(
        request.actor.user_id, request.validated["body"]["choices"], expected=expected_versions(request)
    )


@notify.post(
    permission="messages:send", body=schemas.NoticeInput, answer=schemas.NoticeView, refuses=(Denied, NotFound)
)
def notify_guests(request: Request) -> dict[str, Any]:
    """Tell everybody with an active booking for one's event something."""
    event_id, said = int(request.matchdict["id"]), request.validated["body"]
    count = request.find_service(NoticeService).give(event_id, said["message"], said["subject"], actor=request.actor)
    return {"status": "queued", "users_notified": count, "event_id": event_id}
