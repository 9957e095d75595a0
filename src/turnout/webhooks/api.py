"""Webhooks over REST."""

from typing import Any

from pyramid.request import Request

from turnout.api.etags import expected_versions
from turnout.api.pages import page, paging_of
from turnout.api.service import Service
from turnout.errors import Denied, Invalid, NotFound, VersionMismatch
from turnout.schema import Schema, iso
from turnout.versions import Versioned
from turnout.webhooks import schemas
from turnout.webhooks.errors import AlreadyWaiting, TooManyWebhooks, WebhookOff
from turnout.webhooks.models import Delivery, Webhook
from turnout.webhooks.payloads import test_message
from turnout.webhooks.services import DeliveryService, WebhookService
from turnout.webhooks.services.webhooks import represent

TAG = "Webhooks"
DELIVERY = "/webhooks/{webhook_id}/deliveries/{id}"

webhooks = Service("webhooks", "/webhooks", TAG)
webhook = Service("webhook", "/webhooks/{id}", TAG)
rotate_secret = Service("webhook-rotate-secret", "/webhooks/{id}/rotate-secret", TAG)
test = Service("webhook-test", "/webhooks/{id}/test", TAG)
deliveries = Service("webhook-deliveries", "/webhooks/{id}/deliveries", TAG)
delivery = Service("webhook-delivery", "/webhooks/{id}/deliveries/{delivery_id}", TAG)
replay = Service("webhook-replay", "/webhooks/{id}/deliveries/{delivery_id}/replay", TAG)
SERVICES = (webhooks, webhook, rotate_secret, test, deliveries, delivery, replay)


def _own(request: Request) -> Webhook:
    return request.find_service(WebhookService).get(int(request.matchdict["id"]), actor=request.actor)


def _shown(row: Delivery, schema: type[Schema] = schemas.WholeDelivery) -> dict[str, Any]:
    return {node.name: getattr(row, node.name) for node in schema().children}


@webhooks.get(permission="webhooks:read", query=schemas.WebhookQuery, answer=schemas.WebhookPage)
def list_webhooks(request: Request) -> dict[str, Any]:
    """List one's own webhooks; staff: everybody's."""
    paging, actor = paging_of(request), request.actor
    user_id = request.validated["query"]["user"] if actor.is_staff else actor.user_id
    found = request.find_service(WebhookService).find(paging, user_id=user_id)
    return page(request, found, lambda row: represent(row[0]))


@webhooks.post(
    permission="webhooks:manage",
    body=schemas.NewWebhook,
    answer=schemas.CreatedWebhook,
    status=201,
    location="/webhooks/{id}",
    versioned=True,
    refuses=(Invalid, TooManyWebhooks),
    secret=True,
)
def create_webhook(request: Request) -> dict[str, Any]:
    """Make a webhook; its secret is shown in this answer and never again.

    Organizers are told of their own events and the bookings of these, staff of all.
    """
    made, secret = request.find_service(WebhookService).create(request.validated["body"], actor=request.actor)
    return Versioned(represent(made) | {"secret": secret}, made.version)


@webhook.get(permission="webhooks:read", answer=schemas.WebhookView, versioned=True, refuses=(NotFound,))
def read_webhook(request: Request) -> dict[str, Any]:
    """Read a webhook."""
    return represent(_own(request))


@webhook.patch(
    permission="webhooks:manage",
    body=schemas.WebhookUpdate,
    partial=True,
    answer=schemas.WebhookView,
    versioned=True,
    refuses=(Invalid, NotFound, VersionMismatch),
)
def change_webhook(request: Request) -> dict[str, Any]:
    """Change a webhook, or switch it off and on."""
    changed = request.find_service(WebhookService).update(
        int(request.matchdict["id"]),
        request.validated["body"],
        actor=request.actor,
        expected=expected_versions(request),
    )
    return represent(changed)


@webhook.delete(permission="webhooks:manage", versioned=True, refuses=(NotFound, VersionMismatch))
def delete_webhook(request: Request) -> None:
    """Delete a webhook, with the log of its deliveries."""
    request.find_service(WebhookService).delete(
        int(request.matchdict["id"]), actor=request.actor, expected=expected_versions(request)
    )


@rotate_secret.post(
    permission="webhooks:manage",
    body=schemas.Rotation,
    answer=schemas.CreatedWebhook,
    versioned=True,
    refuses=(Denied, NotFound, VersionMismatch),
    secret=True,
)
def rotate_webhook_secret(request: Request) -> dict[str, Any]:
    """Give a webhook a new secret, shown in this answer and never again.

    For 24 hours messages are signed with both, unless `keep_old` is false.
    """
    changed, secret = request.find_service(WebhookService).rotate_secret(
        int(request.matchdict["id"]),
        actor=request.actor,
        keep_old=request.validated["body"]["keep_old"],
        expected=expected_versions(request),
    )
    return Versioned(represent(changed) | {"secret": secret}, changed.version)


@test.post(
    permission="webhooks:manage",
    answer=schemas.WholeDelivery,
    status=201,
    location=DELIVERY,
    refuses=(NotFound, WebhookOff, AlreadyWaiting),
)
def test_webhook(request: Request) -> dict[str, Any]:
    """Send a message of the type `webhook.test`, once, and return its delivery, which will tell what became of it."""
    own = _own(request)
    message = test_message(own, iso(request.registry.clock.now()))
    return _shown(request.find_service(DeliveryService).test(own, message))


@deliveries.get(
    permission="webhooks:read", query=schemas.DeliveryQuery, answer=schemas.DeliveryPage, refuses=(NotFound,)
)
def list_deliveries(request: Request) -> dict[str, Any]:
    """List what was sent to a webhook, newest first."""
    paging = paging_of(request)
    found = request.find_service(DeliveryService).find(
        _own(request), request.validated["query"]["status"], paging, actor=request.actor
    )
    return page(request, found, lambda row: _shown(row[0], schemas.DeliveryView))


@delivery.get(permission="webhooks:read", answer=schemas.WholeDelivery, refuses=(NotFound,))
def read_delivery(request: Request) -> dict[str, Any]:
    """Read what became of a message, what it said and what was answered."""
    found = request.find_service(DeliveryService).get(
        _own(request), int(request.matchdict["delivery_id"]), actor=request.actor
    )
    return _shown(found)


@replay.post(
    permission="webhooks:manage",
    answer=schemas.WholeDelivery,
    status=201,
    location=DELIVERY,
    refuses=(NotFound, WebhookOff, AlreadyWaiting),
)
def replay_delivery(request: Request) -> dict[str, Any]:
    """Send a message again, as a delivery of its own with the same `webhook-id`."""
    sent = request.find_service(DeliveryService).replay(
        _own(request), int(request.matchdict["delivery_id"]), actor=request.actor
    )
    return _shown(sent)
