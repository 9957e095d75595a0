"""Webhooks and what was sent to them, in the admin UI."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from turnout.admin.actions import Done, Made, action
from turnout.admin.panels import ATTENTION, WHOLE, Badge, Block, Facts, Link, Note, Table, panel
from turnout.admin.sections import TALK, AdminSection, Column
from turnout.clock import Clock
from turnout.paging import Paging, Slice
from turnout.schema import iso
from turnout.security.actors import Actor
from turnout.versions import Versioned
from turnout.webhooks import schemas
from turnout.webhooks.models import Delivery, Webhook
from turnout.webhooks.payloads import test_message
from turnout.webhooks.services import DeliveryService, WebhookService
from turnout.webhooks.services.webhooks import represent

LATEST = 10
_SENT = tuple(node.name for node in schemas.WholeDelivery().children)


class WebhookSection(AdminSection):
    """Where programs of others are told of what happens."""

    name, title, singular = "webhooks", "Webhooks", "webhook"
    icon, group, order = "webhook", TALK, 20
    description = "Addresses of other programs that are told, signed, of what happens here."
    permissions = {"read": "webhooks:read", "create": "webhooks:manage", "update": "webhooks:manage"}
    query, view, form = schemas.WebhookQuery, schemas.WebhookView, schemas.NewWebhook
    columns = ("url", "description", Column("owner", "Owner", to="users", id="user_id"), "event_types", "state")
    facts = (
        "url",
        "description",
        Column("owner", "Owner", to="users", id="user_id"),
        "event_types",
        "state",
        "disabled_at",
        "failing_since",
        "previous_secret_until",
        "created_at",
        "updated_at",
    )
    label_by = "url"
    pickers = {"user": "users"}

    def __init__(self, webhooks: WebhookService, deliveries: DeliveryService, clock: Clock) -> None:
        self.webhooks = webhooks
        self.deliveries = deliveries
        self.clock = clock

    def find(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        user_id = filters.get("user") if actor.is_staff else actor.user_id
        found = self.webhooks.find(paging, user_id=user_id)
        return found.shown(lambda row: _shown(row.Webhook, row.username))

    def get(self, row_id: int, *, actor: Actor) -> Versioned:
        webhook = self.webhooks.get(row_id, actor=actor)
        return _shown(webhook, self.webhooks.owner_of(webhook))

    def create(self, values: Mapping[str, Any], *, actor: Actor) -> Made:
        webhook, secret = self.webhooks.create(values, actor=actor)
        return Made(webhook.id, secret)

    def update(
        self, row_id: int, values: Mapping[str, Any], *, actor: Actor, expected: Collection[int] | None = None
    ) -> None:
        self.webhooks.update(row_id, values, actor=actor, expected=expected)

    @action("Send a test", permission="webhooks:manage", icon="send", when=lambda webhook: webhook["is_active"])
    def test(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> str:
        webhook = self.webhooks.get(row_id, actor=actor)
        self.deliveries.test(webhook, test_message(webhook, iso(self.clock.now())))
        return "A test is on its way; what became of it stands below in a moment."

    @action("Switch on", permission="webhooks:manage", icon="power", when=lambda webhook: not webhook["is_active"])
    def switch_on(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> None:
        self.webhooks.update(row_id, {"is_active": True}, actor=actor, expected=expected)

    @action("Switch off", permission="webhooks:manage", icon="power", when=lambda webhook: webhook["is_active"])
    def switch_off(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> None:
        """Send nothing any more. What waits is not sent, but can be sent again later."""
        self.webhooks.update(row_id, {"is_active": False}, actor=actor, expected=expected)

    @switch_off.consequences
    def foresee_switch_off(self, webhook: Mapping[str, Any], *, actor: Actor) -> list[str]:
        return ["What waits to be sent now is not sent. It can be sent again, one by one, once it is switched on."]

    @action("New secret", permission="webhooks:manage", icon="key", form=schemas.Rotation, destructive=True)
    def rotate_secret(
        self, row_id: int, values: Mapping[str, Any], *, actor: Actor, expected: Collection[int] | None = None
    ) -> Done:
        """Replace the secret that signs messages. Only its owner gets it to see."""
        _, secret = self.webhooks.rotate_secret(row_id, actor=actor, keep_old=values["keep_old"], expected=expected)
        return Done("The webhook has a new secret.", secret)

    @rotate_secret.consequences
    def foresee_rotate_secret(
        self, webhook: Mapping[str, Any], values: Mapping[str, Any], *, actor: Actor
    ) -> list[str]:
        if values["keep_old"]:
            return ["Messages are signed with the old secret too, for 24 hours: the receiver has that long."]
        return ["The old secret is good no more at once: until the receiver has the new one, it refuses every message."]

    @action("Delete", permission="webhooks:manage", icon="trash", destructive=True)
    def delete(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> None:
        self.webhooks.delete(row_id, actor=actor, expected=expected)

    @delete.consequences
    def foresee_delete(self, webhook: Mapping[str, Any], *, actor: Actor) -> list[str]:
        return ["Nothing is sent there any more, and the log of what was sent is gone."]

    @panel("Latest deliveries", width=WHOLE)
    def latest(self, webhook: Mapping[str, Any], *, actor: Actor) -> Iterable[Block]:
        """Show what was sent lately, and what became of it."""
        of_it = {"webhook": webhook["id"]}
        found = self.deliveries.everywhere(of_it, Paging(1, LATEST), actor=actor)
        yield Table(
            ("What", "State", "Tries", "Answer", "When"),
            [_line(row.Delivery) for row in found.rows],
            empty="Nothing was sent yet. “Send a test” shows whether it works.",
            more=Link("All deliveries", DeliverySection.name, filters=of_it) if found.has_next else None,
        )

    @panel("Webhooks", on=ATTENTION, permission="webhooks:read", order=30)
    def attention(self, *, actor: Actor) -> Iterable[Block]:
        """Tell of webhooks that were switched off because their receivers fail."""
        for webhook in self.webhooks.switched_off():
            why = "its receiver is gone" if webhook.disabled_reason == "gone" else "nothing got through for days"
            text = f"The webhook to {webhook.url} was switched off: {why}."
            yield Note(text, "warning", Link("See it", self.name, webhook.id))


class DeliverySection(AdminSection):
    """What was sent to webhooks."""

    name, title, singular = "deliveries", "Deliveries", "delivery"
    icon, group, order = "mail-forward", TALK, 30
    description = "What was sent to webhooks, and what their receivers answered."
    permissions = {"read": "webhooks:read"}
    query, view = schemas.AnyDeliveryQuery, schemas.WholeDelivery
    columns = (
        "event_type",
        Column("url", "To", to="webhooks", id="webhook_id"),
        "status",
        Column("attempts", "Tries"),
        Column("answer", "Answer"),
        Column("created_at", "When"),
    )
    facts = (
        Column("url", "To", to="webhooks", id="webhook_id"),
        "status",
        Column("attempts", "Tries"),
        Column("answer", "Answer"),
        "message_id",
        "created_at",
        "last_attempt_at",
        "next_attempt_at",
    )
    pickers = {"webhook": "webhooks"}
    empty = "Nothing was sent yet"

    def __init__(self, deliveries: DeliveryService) -> None:
        self.deliveries = deliveries

    def find(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        found = self.deliveries.everywhere(filters, paging, actor=actor)
        return found.shown(lambda row: _sent(row.Delivery, row.Webhook))

    def get(self, row_id: int, *, actor: Actor) -> Versioned:
        return Versioned(_sent(*self.deliveries.anywhere(row_id, actor=actor)), 1)

    def label(self, row: Mapping[str, Any]) -> str:
        return f"{row['event_type']} ({row['id']})"

    @action("Send again", permission="webhooks:manage", icon="refresh", bulk=True)
    def replay(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> str:
        delivery, webhook = self.deliveries.anywhere(row_id, actor=actor)
        self.deliveries.replay(webhook, delivery.id, actor=actor)
        return "It is sent again, as a delivery of its own."

    @panel("What was said", width=WHOLE)
    def contents(self, delivery: Mapping[str, Any], *, actor: Actor) -> Iterable[Block]:
        """Show what was sent, and the beginning of what was answered."""
        yield Facts({"Sent": delivery["payload"], "Answered": delivery["last_response"]})


def _shown(webhook: Webhook, owner: str) -> Versioned:
    reasons = {"by_hand": "off", "gone": "off: gone", "failing": "off: failing"}
    state = reasons.get(webhook.disabled_reason or "", "on")
    colour = "green" if state == "on" else "secondary" if state == "off" else "red"
    shown = represent(webhook)
    return Versioned({**shown, "owner": owner, "state": Badge(state, colour)}, shown.version)


def _sent(delivery: Delivery, webhook: Webhook) -> dict[str, Any]:
    shown = {name: getattr(delivery, name) for name in _SENT}
    return shown | {"url": webhook.url, "answer": _answer(delivery)}


def _answer(delivery: Delivery) -> str | None:
    return delivery.last_error or (None if delivery.last_status is None else str(delivery.last_status))


def _line(delivery: Delivery) -> tuple[Any, ...]:
    what = Link(delivery.event_type, DeliverySection.name, delivery.id)
    return what, Badge(delivery.status, ""), delivery.attempts, _answer(delivery), delivery.created_at
