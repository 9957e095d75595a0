"""Looking after webhooks: their owners' part."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from turnout.clock import Clock
from turnout.errors import Denied, Invalid, NotFound
from turnout.injection import Settings
from turnout.outgoing.addresses import Target, require_allowed
from turnout.paging import Ordering, Paging, Slice, fetch
from turnout.security.actors import Actor
from turnout.security.sealing import sealer
from turnout.users.models import User
from turnout.versions import Versioned, require_version
from turnout.webhooks.errors import TooManyWebhooks
from turnout.webhooks.event_types import EventTypes
from turnout.webhooks.models import BY_HAND, EVERYTHING, FAILED, FAILING, GONE, WAITING, Delivery, Webhook
from turnout.webhooks.signing import new_secret

SEAL = "webhooks"
"""The purpose for which secrets are sealed."""
OVERLAP = timedelta(hours=24)
"""How long messages are signed with the secret before the present one, too."""
MOST_SHOWN = 10
SWITCHED_OFF = "The webhook was switched off."
_SHOWN = (
    "id", "user_id", "url", "description", "event_types", "is_active", "disabled_reason", "disabled_at",
    "failing_since", "previous_secret_until", "created_at", "updated_at",
)  # fmt: skip


def represent(webhook: Webhook) -> Versioned:
    """Return what its owner and staff see of a webhook."""
    return Versioned({name: getattr(webhook, name) for name in _SHOWN}, webhook.version)


def fail_waiting(session: Session, webhook_id: int, why: str) -> None:
    """Note that what waits to be sent to a webhook will not be. It can be replayed."""
    session.execute(
        update(Delivery)
        .where(Delivery.webhook_id == webhook_id, Delivery.status == WAITING)
        .values(status=FAILED, next_attempt_at=None, last_error=why)
        .execution_options(synchronize_session=False)
    )


class WebhookService:
    """Makes, changes, finds and deletes webhooks."""

    def __init__(self, session: Session, clock: Clock, settings: Settings, event_types: EventTypes) -> None:
        self.session = session
        self.clock = clock
        self.settings = settings
        self.event_types = event_types
        self.sealer = sealer(settings["turnout.secret"], SEAL)

    def get(self, webhook_id: int, *, actor: Actor) -> Webhook:
        """Return a webhook. Raises `NotFound`, also for one that is not the actor's to see."""
        webhook = self.session.get(Webhook, webhook_id, populate_existing=True)
        if webhook is None or not actor.owns(webhook.user_id):
            raise NotFound("There is no such webhook.")
        return webhook

    def find(self, paging: Paging, *, user_id: int | None) -> Slice:
        """Return webhooks with their owners' usernames, of one user or of all, in the order in which they were made."""
        query = select(Webhook, User.username).join(User, User.id == Webhook.user_id)
        if user_id is not None:
            query = query.where(Webhook.user_id == user_id)
        return fetch(self.session, query, Ordering("id", Webhook.id, Webhook.id), paging)

    def owner_of(self, webhook: Webhook) -> str:
        """Return the username of whoever a webhook belongs to."""
        return self.session.scalar(select(User.username).where(User.id == webhook.user_id)) or ""

    def switched_off(self) -> Sequence[Webhook]:
        """Return the webhooks, of whomever, that were switched off because their receivers fail; the first of them."""
        off_by_itself = Webhook.disabled_reason.in_((GONE, FAILING))
        return self.session.scalars(select(Webhook).where(off_by_itself).order_by(Webhook.id).limit(MOST_SHOWN)).all()

    def create(self, new: Mapping[str, Any], *, actor: Actor) -> tuple[Webhook, str]:
        """Make a webhook of the actor's; return it and its secret, which is shown only now.

        Raises `Invalid` and, where the actor has too many, `TooManyWebhooks`.
        """
        self._check(new)
        # Locked, so that two that are made at once are counted one after the other.
        self.session.execute(select(User.id).where(User.id == actor.user_id).with_for_update())
        count = self.session.scalar(select(func.count()).where(Webhook.user_id == actor.user_id)) or 0
        most = self.settings["webhooks.most_per_user"]
        if count >= most:
            raise TooManyWebhooks(f"You have {most} webhooks; delete one first, or let one serve for more.")
        secret = new_secret()
        now = self.clock.now()
        webhook = Webhook(
            **_storable(new),
            user_id=actor.user_id,
            secret=self.sealer.encrypt(secret.encode()),
            created_at=now,
            updated_at=now,
        )
        self._switch(webhook, is_active=new["is_active"])
        self.session.add(webhook)
        self.session.flush()
        return webhook, secret

    def update(
        self, webhook_id: int, changes: Mapping[str, Any], *, actor: Actor, expected: Collection[int] | None = None
    ) -> Webhook:
        """Change a webhook. Raises `Invalid`, `NotFound`, `VersionMismatch`.

        One that is switched on again starts afresh; what waits for one that is switched off is not sent any more.
        """
        self._check(changes)
        webhook = self._own(webhook_id, actor, expected)
        was_active, was_url = webhook.is_active, webhook.url
        for name, value in _storable(changes).items():
            setattr(webhook, name, value)
        if changes.get("is_active", was_active) != was_active:
            self._switch(webhook, is_active=changes["is_active"])
        elif webhook.url != was_url:
            webhook.failures, webhook.failing_since, webhook.paused_until = 0, None, None
        webhook.updated_at = self.clock.now()
        self.session.flush()
        if was_active and not webhook.is_active:
            fail_waiting(self.session, webhook.id, SWITCHED_OFF)
        return webhook

    def delete(self, webhook_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> None:
        """Delete a webhook and the log of its deliveries. Raises `NotFound`, `VersionMismatch`."""
        self.session.delete(self._own(webhook_id, actor, expected))
        self.session.flush()

    def rotate_secret(
        self, webhook_id: int, *, actor: Actor, keep_old: bool = True, expected: Collection[int] | None = None
    ) -> tuple[Webhook, str]:
        """Give a webhook a new secret, which is shown only now; for a day messages are signed with the old one, too.

        Unless `keep_old`: then the old one is worthless at once. Raises `NotFound`, `VersionMismatch`, and `Denied` for
        staff who do not own it: with the secret, anybody could write in our name.
        """
        webhook = self._own(webhook_id, actor, expected)
        if webhook.user_id != actor.user_id:
            raise Denied("Only its owner gets a new secret of a webhook.")
        secret = new_secret()
        now = self.clock.now()
        webhook.previous_secret = webhook.secret if keep_old else None
        webhook.previous_secret_until = now + OVERLAP if keep_old else None
        webhook.secret = self.sealer.encrypt(secret.encode())
        webhook.updated_at = now
        self.session.flush()
        return webhook, secret

    def _own(self, webhook_id: int, actor: Actor, expected: Collection[int] | None) -> Webhook:
        webhook = self.get(webhook_id, actor=actor)
        require_version(webhook.version, expected)
        return webhook

    def _check(self, given: Mapping[str, Any]) -> None:
        errors = {}
        if "url" in given:
            try:
                require_allowed(Target.of(given["url"]), private=self.settings["webhooks.allow_private_addresses"])
            except ValueError as error:
                errors["url"] = str(error)
        known = {*self.event_types, EVERYTHING}
        unknown = [name for name in given.get("event_types", ()) if name not in known]
        if unknown:
            errors["event_types"] = f"{unknown[0][:100]!r} is not known; known are: {', '.join(sorted(known))}"
        if errors:
            raise Invalid(errors)

    def _switch(self, webhook: Webhook, *, is_active: bool) -> None:
        webhook.is_active = is_active
        webhook.disabled_reason = None if is_active else BY_HAND
        webhook.disabled_at = None if is_active else self.clock.now()
        webhook.failures, webhook.failing_since, webhook.paused_until = 0, None, None


def _storable(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return `values` with each event type named once, and without what is no plain column."""
    found = {name: value for name, value in values.items() if name != "is_active"}
    if "event_types" in found:
        types: Sequence[str] = found["event_types"]
        found["event_types"] = list(dict.fromkeys(types))
    return found
