"""What messages say, as text."""

from turnout.api.answers import dumps
from turnout.webhooks.event_types import TEST, Told
from turnout.webhooks.models import Webhook
from turnout.webhooks.services import Message
from turnout.webhooks.signing import new_message_id


def message_of(event_type: str, at: str, told: Told) -> Message:
    """Return a new message about what happened at the moment `at`, its payload as Standard Webhooks recommends."""
    payload = dumps({"type": event_type, "timestamp": at, "data": told.data}).decode()
    return Message(new_message_id(), event_type, payload, told.organizer_id)


def test_message(webhook: Webhook, at: str) -> Message:
    """Return a message that tells the receiver of a webhook nothing but that it is reached."""
    return message_of(TEST, at, Told({"webhook_id": webhook.id, "description": webhook.description}, webhook.user_id))
