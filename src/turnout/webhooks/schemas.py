"""Schemas of webhooks."""

from typing import Any

import colander

from turnout import schema as fields
from turnout.api.pages import PageQuery, page_of
from turnout.schema import Schema
from turnout.webhooks.models import LONGEST_URL, REASONS, STATUSES


def _event_types(**options: Any) -> colander.SchemaNode:
    node = fields.matching(
        r"^(?:\*|[a-z0-9_-]+(?:\.[a-z0-9_-]+)+)$",
        'must be like "booking.confirmed", or "*" for everything',
        100,
        name="event_type",
        description="Plugins add their own; one that is not known is refused with all that are",
        example="booking.confirmed",
    )
    return fields.many(node, 100, 1, **options)


class NewWebhook(Schema):
    """Where to tell of what."""

    url = fields.url(
        title="Address",
        description="Begins with https:// and is public, unless the installation allows others",
        example="https://example.com/hooks",
    )
    event_types = _event_types(description="What to tell of, such as booking.confirmed; * is everything")
    description = fields.text(200, 0, missing="")
    is_active = fields.flag(missing=True)


class WebhookUpdate(Schema):
    """What can be changed of a webhook."""

    url = fields.url(description="https:// and public, unless the installation allows others")
    event_types = _event_types(description="What to tell of")
    description = fields.text(200, 0)
    is_active = fields.flag(
        description="Switched on again it starts afresh; what waited is not sent, but can be replayed"
    )


class WebhookView(Schema):
    """A webhook, without its secret."""

    id = fields.identifier()
    user_id = fields.identifier(description="Whose it is")
    url = fields.text(LONGEST_URL)
    description = fields.text(200, 0)
    event_types = _event_types()
    is_active = fields.flag()
    disabled_reason = fields.choice(
        REASONS,
        optional=True,
        description="`gone`: the receiver answered 410; `failing`: nothing got through for three days",
    )
    disabled_at = fields.moment(optional=True)
    failing_since = fields.moment(optional=True, description="Since when no try has succeeded")
    previous_secret_until = fields.moment(
        optional=True, description="Until when messages are signed with the previous secret, too"
    )
    created_at = fields.moment()
    updated_at = fields.moment()


class CreatedWebhook(WebhookView):
    """A webhook with its secret, which is shown this once."""

    secret = fields.text(100, description="Verifies the signatures (Standard Webhooks)")


WebhookPage = page_of(WebhookView(name="webhook"))


class WebhookQuery(PageQuery):
    """Filters of the list of webhooks."""

    user = fields.identifier(missing=None, description="Whose; for staff")


class Rotation(Schema):
    """How a secret is replaced."""

    keep_old = fields.flag(missing=True, description="Sign with the old secret, too, for 24 hours")


class DeliveryView(Schema):
    """What became of a message."""

    id = fields.identifier()
    webhook_id = fields.identifier()
    message_id = fields.text(40, description="The header `webhook-id`; a message that is sent again has the same")
    event_type = fields.text(100)
    status = fields.choice(STATUSES)
    attempts = fields.whole()
    last_status = fields.whole(0, 999, optional=True, description="The receiver's last status, if it answered")
    last_error = fields.text(300, 0, description="Why the last try failed, if it was not for an answer")
    last_attempt_at = fields.moment(optional=True)
    next_attempt_at = fields.moment(optional=True)
    created_at = fields.moment()


class WholeDelivery(DeliveryView):
    """What became of a message, what it said and what was answered."""

    payload = fields.text(10_000_000, description="What was signed and sent, to the letter")
    last_response = fields.text(1024, 0, description="The beginning of the receiver's last answer, 1 KiB of it")


DeliveryPage = page_of(DeliveryView(name="delivery"))


class DeliveryQuery(PageQuery):
    """Filters of the list of deliveries."""

    status = fields.choice(STATUSES, missing=None)


class AnyDeliveryQuery(DeliveryQuery):
    """Filters of the list of the deliveries of all webhooks."""

    webhook = fields.identifier(missing=None)
