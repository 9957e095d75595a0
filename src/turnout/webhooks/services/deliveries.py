"""Deliveries: who is to be told, what becomes of each try, and when the next one is."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.orm import Session

from turnout.clock import Clock
from turnout.errors import NotFound
from turnout.injection import Announce
from turnout.paging import Ordering, Paging, Slice, fetch
from turnout.security.actors import Actor
from turnout.users.models import User
from turnout.webhooks.errors import AlreadyWaiting, WebhookOff
from turnout.webhooks.hooks import DeliveryDue, WebhookDisabled
from turnout.webhooks.models import (
    DELIVERED,
    EVERYTHING,
    FAILED,
    FAILING,
    GONE,
    MOST_OF_ERROR,
    WAITING,
    Delivery,
    Webhook,
)
from turnout.webhooks.sending import Answer
from turnout.webhooks.services.webhooks import SWITCHED_OFF, fail_waiting

_MINUTE, _HOUR = 60, 3600
PAUSES = tuple(
    timedelta(seconds=seconds)
    for seconds in (
        5,
        5 * _MINUTE,
        30 * _MINUTE,
        2 * _HOUR,
        5 * _HOUR,
        10 * _HOUR,
        14 * _HOUR,
        20 * _HOUR,
        24 * _HOUR,
    )
)
"""The pauses between tries, as Standard Webhooks recommends; a little more than three days altogether."""
JITTER = 0.1
"""By what part of it a pause is made longer at most, so that what failed together is not tried together."""
LONGEST_SILENCE = timedelta(minutes=15)
"""For how long nothing is sent to a receiver that keeps failing. Tried for each message, it would hold up others."""
PATIENCE = timedelta(days=3)
"""After how long without any success a webhook is switched off."""

NOT_ALLOWED = "The webhook's owner may not be told of this any more."
PAUSED = "Not tried, because the receiver had just failed."


@dataclass(frozen=True, slots=True)
class Message:
    """What webhooks are told; see `turnout.webhooks.models.Delivery`."""

    id: str
    event_type: str
    payload: str
    organizer_id: int | None


@dataclass(frozen=True, slots=True)
class Parcel:
    """A delivery as it is just before a try: the message, where it goes, and whether it may."""

    delivery_id: int
    webhook_id: int
    message_id: str
    payload: str
    url: str
    secrets: Sequence[bytes]
    failures: int
    paused_until: datetime | None
    is_active: bool
    is_allowed: bool


def read_parcel(session: Session, delivery_id: int, now: datetime) -> Parcel | None:
    """Return a delivery that waits, or None if it does not, or is no more."""
    query = (
        select(Delivery, Webhook, User.is_active & or_(_is_staff(), _is_organizer(Delivery.organizer_id)))
        .join(Webhook, Webhook.id == Delivery.webhook_id)
        .join(User, User.id == Webhook.user_id)
        .where(Delivery.id == delivery_id, Delivery.status == WAITING)
    )
    row = session.execute(query).first()
    if row is None:
        return None
    delivery, webhook, is_allowed = row
    secrets = [webhook.secret]
    previous, until = webhook.previous_secret, webhook.previous_secret_until
    if previous is not None and until is not None and until > now:
        secrets.append(previous)
    return Parcel(
        delivery.id,
        webhook.id,
        delivery.message_id,
        delivery.payload,
        webhook.url,
        secrets,
        webhook.failures,
        webhook.paused_until,
        webhook.is_active,
        bool(is_allowed),
    )


def _is_staff() -> Any:
    return or_(User.is_staff, User.is_superuser)


def _is_organizer(organizer_id: Any) -> Any:
    """Return the condition that the event is the user's own, and that they still are an organizer."""
    return User.is_organizer & (User.id == organizer_id)


class DeliveryService:
    """Writes deliveries, and notes what becomes of them. What it writes is tried after the commit."""

    def __init__(self, session: Session, clock: Clock, announce: Announce) -> None:
        self.session = session
        self.clock = clock
        self.announce = announce

    def has_receivers(self) -> bool:
        """Tell whether there is any webhook that is switched on."""
        return self.session.scalar(select(Webhook.id).where(Webhook.is_active).limit(1)) is not None

    def write(self, message: Message) -> int:
        """Write a delivery for each webhook that wants the message and may have it; return how many."""
        query = (
            select(Webhook.id, Webhook.event_types)
            .join(User, User.id == Webhook.user_id)
            .where(Webhook.is_active, User.is_active)
            .where(or_(_is_staff(), _is_organizer(message.organizer_id)))
            .order_by(Webhook.id)
        )
        wanting = [
            webhook_id
            for webhook_id, wanted in self.session.execute(query)
            if message.event_type in wanted or EVERYTHING in wanted
        ]
        for webhook_id in wanting:
            self._add(webhook_id, message)
        return len(wanting)

    def _add(self, webhook_id: int, message: Message, *, step: int = 0, by_hand: bool = False) -> Delivery:
        now = self.clock.now()
        delivery = Delivery(
            webhook_id=webhook_id,
            message_id=message.id,
            event_type=message.event_type,
            organizer_id=message.organizer_id,
            payload=message.payload,
            next_attempt_at=now,
            created_at=now,
        )
        self.session.add(delivery)
        self.session.flush()
        self.announce(DeliveryDue(delivery.id, webhook_id, step, by_hand))
        return delivery

    def test(self, webhook: Webhook, message: Message) -> Delivery:
        """Send a message to a webhook by hand, once. Raises `WebhookOff`, `AlreadyWaiting`."""
        self._refuse_off(webhook)
        waits = select(Delivery.id).where(
            Delivery.webhook_id == webhook.id, Delivery.status == WAITING, Delivery.event_type == message.event_type
        )
        if self.session.scalar(waits.limit(1)) is not None:
            raise AlreadyWaiting("A test is about to be sent already.")
        return self._add(webhook.id, message, step=len(PAUSES), by_hand=True)

    def replay(self, webhook: Webhook, delivery_id: int, *, actor: Actor) -> Delivery:
        """Send the message of a delivery again, whatever became of it. Raises `NotFound`, `WebhookOff`, `AlreadyWaiting`."""
        old = self.get(webhook, delivery_id, actor=actor)
        self._refuse_off(webhook)
        waits = select(Delivery.id).where(
            Delivery.webhook_id == webhook.id,
            Delivery.status == WAITING,
            Delivery.message_id == old.message_id,
            Delivery.id > old.id,
        )
        if self.session.scalar(waits.limit(1)) is not None:
            raise AlreadyWaiting("This message is about to be sent again already.")
        message = Message(old.message_id, old.event_type, old.payload, old.organizer_id)
        return self._add(webhook.id, message, by_hand=True)

    @staticmethod
    def _refuse_off(webhook: Webhook) -> None:
        if not webhook.is_active:
            raise WebhookOff("The webhook is switched off; switch it on first.", reason=webhook.disabled_reason)

    def get(self, webhook: Webhook, delivery_id: int, *, actor: Actor) -> Delivery:
        """Return a delivery of a webhook. Raises `NotFound`, also for what the actor may not know of any more."""
        delivery = self.session.get(Delivery, delivery_id, populate_existing=True)
        if delivery is None or delivery.webhook_id != webhook.id or not actor.owns(delivery.organizer_id):
            raise NotFound("There is no such delivery.")
        return delivery

    def find(self, webhook: Webhook, status: str | None, paging: Paging, *, actor: Actor) -> Slice:
        """Return the deliveries of a webhook, newest first."""
        query = select(Delivery).where(Delivery.webhook_id == webhook.id)
        if not actor.is_staff:
            query = query.where(Delivery.organizer_id == actor.user_id)
        if status is not None:
            query = query.where(Delivery.status == status)
        return fetch(self.session, query, Ordering("-id", Delivery.id, Delivery.id, descending=True), paging)

    def everywhere(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        """Return the deliveries of all webhooks that are the actor's to see, newest first, with these webhooks.

        `filters` may name a `webhook` and a `status`.
        """
        query = _of(select().select_from(Delivery), actor)
        if filters.get("webhook") is not None:
            query = query.where(Delivery.webhook_id == filters["webhook"])
        if filters.get("status") is not None:
            query = query.where(Delivery.status == filters["status"])
        shown = select(Delivery, Webhook).join(Webhook, Webhook.id == Delivery.webhook_id)
        return fetch(
            self.session, query, Ordering("-id", Delivery.id, Delivery.id, descending=True), paging, shown=shown
        )

    def anywhere(self, delivery_id: int, *, actor: Actor) -> tuple[Delivery, Webhook]:
        """Return a delivery with its webhook, whichever that is. Raises `NotFound`, also for one that is not the actor's."""
        query = select(Delivery, Webhook).join(Webhook, Webhook.id == Delivery.webhook_id)
        row = self.session.execute(_of(query, actor).where(Delivery.id == delivery_id)).first()
        if row is None:
            raise NotFound("There is no such delivery.")
        return row.Delivery, row.Webhook

    def record(self, parcel: Parcel, answer: Answer, due: DeliveryDue) -> timedelta | None:
        """Note what became of a try; return the pause before the next one, if there is one.

        A webhook whose receiver answers 410, or with which nothing has succeeded for `PATIENCE`, is switched off. What
        somebody tried by hand is no part of that: whoever mends a receiver tests it, and a failed test is not tried again.
        """
        tried = {
            "attempts": Delivery.attempts + 1,
            "last_attempt_at": self.clock.now(),
            "last_status": answer.status,
            "last_response": answer.text,
            "last_error": answer.error[:MOST_OF_ERROR],
        }
        if answer.is_success:
            self._note_success(parcel)
            self._change(parcel, status=DELIVERED, next_attempt_at=None, **tried)
            return None
        # The webhook before its deliveries, as whoever switches it off has them: nobody waits for each other for ever.
        failing_since = self.clock.now() if due.by_hand else self._note_failure(parcel, answer)
        pause = self._pause(parcel, due.step, tried, at_least=answer.retry_after)
        if answer.is_gone:
            self._switch_off(parcel, GONE, failing_since)
        elif failing_since <= self.clock.now() - PATIENCE:
            self._switch_off(parcel, FAILING, failing_since)
        else:
            return pause
        return None

    def postpone(self, parcel: Parcel, until: datetime) -> timedelta:
        """Let a delivery wait, without a try, until its receiver is tried again; return how long."""
        pause = until - self.clock.now() + LONGEST_SILENCE * random.uniform(0, JITTER)
        self._change(parcel, next_attempt_at=self.clock.now() + pause, last_error=PAUSED)
        return pause

    def give_up(self, parcel: Parcel) -> None:
        """Note that a delivery will not be tried, because the webhook is off or its owner may not know of it any more."""
        why = NOT_ALLOWED if parcel.is_active else SWITCHED_OFF
        self._change(parcel, status=FAILED, next_attempt_at=None, last_error=why)

    def _pause(self, parcel: Parcel, step: int, noted: dict[str, Any], *, at_least: timedelta) -> timedelta | None:
        if step >= len(PAUSES):
            self._change(parcel, status=FAILED, next_attempt_at=None, **noted)
            return None
        pause = max(PAUSES[step], at_least) * (1 + random.uniform(0, JITTER))
        self._change(parcel, next_attempt_at=self.clock.now() + pause, **noted)
        return pause

    def _change(self, parcel: Parcel, **values: Any) -> None:
        query = update(Delivery).where(Delivery.id == parcel.delivery_id)
        if values.get("status") != DELIVERED:
            # Switched off while it was tried, it is not to wait again; what got through is delivered nevertheless.
            query = query.where(Delivery.status == WAITING)
        self.session.execute(query.values(values).execution_options(synchronize_session=False))

    def _note_success(self, parcel: Parcel) -> None:
        if parcel.failures:
            self.session.execute(
                update(Webhook)
                .where(Webhook.id == parcel.webhook_id)
                .values(failures=0, failing_since=None, paused_until=None)
                .execution_options(synchronize_session=False)
            )

    def _note_failure(self, parcel: Parcel, answer: Answer) -> datetime:
        """Count a failure, and let the receiver be; return since when there are only failures."""
        now = self.clock.now()
        silence = max(min(PAUSES[min(parcel.failures, len(PAUSES) - 1)], LONGEST_SILENCE), answer.retry_after)
        since = self.session.scalar(
            update(Webhook)
            .where(Webhook.id == parcel.webhook_id)
            .values(
                failures=Webhook.failures + 1,
                failing_since=func.coalesce(Webhook.failing_since, now, type_=Webhook.failing_since.type),
                paused_until=now + silence,
            )
            .returning(Webhook.failing_since)
            .execution_options(synchronize_session=False)
        )
        return since or now  # it may have been deleted meanwhile

    def _switch_off(self, parcel: Parcel, reason: str, failing_since: datetime) -> None:
        now = self.clock.now()
        switched: Any = self.session.execute(
            update(Webhook)
            .where(Webhook.id == parcel.webhook_id, Webhook.is_active)
            .values(
                is_active=False, disabled_reason=reason, disabled_at=now, updated_at=now, version=Webhook.version + 1
            )
            .execution_options(synchronize_session=False)
        )
        fail_waiting(self.session, parcel.webhook_id, SWITCHED_OFF)
        if switched.rowcount:
            self.announce(WebhookDisabled(parcel.webhook_id, parcel.delivery_id, reason, failing_since, now))


def _of(query: Select[*tuple[Any, ...]], actor: Actor) -> Select[*tuple[Any, ...]]:
    """Leave of deliveries what the actor may know of: of their own webhooks what is about their own events; staff: all."""
    if actor.is_staff:
        return query
    own = select(Webhook.id).where(Webhook.user_id == actor.user_id)
    return query.where(Delivery.webhook_id.in_(own), Delivery.organizer_id == actor.user_id)
