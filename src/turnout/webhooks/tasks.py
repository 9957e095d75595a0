"""Background work of webhooks: from what happened to messages, from messages to tries, and the end of old ones."""

from datetime import datetime, timedelta

from cryptography.fernet import InvalidToken
from sqlalchemy.orm import Session

from turnout.clock import Clock
from turnout.db import delete_some
from turnout.injection import Announce, ReadSession, Settings
from turnout.messages.services import MessageService, Recipient
from turnout.outbox.services import Outbox
from turnout.outgoing.addresses import Target
from turnout.security.sealing import sealer
from turnout.users.models import User
from turnout.webhooks.event_types import Telling
from turnout.webhooks.hooks import DeliveryDue, WebhookDisabled
from turnout.webhooks.models import Delivery, Webhook
from turnout.webhooks.payloads import message_of
from turnout.webhooks.sending import Answer, Sender
from turnout.webhooks.services import DeliveryService, Parcel, read_parcel
from turnout.webhooks.services.webhooks import SEAL
from turnout.webhooks.signing import headers

DISABLED = "webhook_disabled"
"""The kind of message that tells of a webhook that was switched off."""
LOST_SECRET = "The webhook's secret cannot be read any more; give it a new one."  # noqa: S105 - says that there is none


def fan_out(event_type: str, event: str, at: str, tell: Telling, deliveries: DeliveryService) -> None:
    """Write a message about a domain event, and a delivery of it for each webhook that wants it."""
    if not deliveries.has_receivers():
        return  # most installations have none, and what nobody hears need not be said
    told = tell(event_type, event)
    if told is not None:
        deliveries.write(message_of(event_type, at, told))


def deliver(
    due: DeliveryDue,
    reading: ReadSession,
    clock: Clock,
    settings: Settings,
    sender: Sender,
    deliveries: DeliveryService,
    outbox: Outbox,
) -> None:
    """Try a delivery. Reads, then talks, then writes: no transaction is open while the receiver takes its time."""
    now = clock.now()
    with reading as session:
        parcel = read_parcel(session, due.delivery_id, now)
    if parcel is None:
        return
    if not (parcel.is_active and parcel.is_allowed):
        deliveries.give_up(parcel)
        return
    step, key = due.step, ""
    pause: timedelta | None
    if parcel.paused_until is not None and parcel.paused_until > now and not due.by_hand:
        pause = deliveries.postpone(parcel, parcel.paused_until)  # no try, and so no step of the schedule
    else:
        pause = deliveries.record(parcel, _send(parcel, sender, settings["turnout.secret"], now), due)
        step += 1
        key = f"delivery:{parcel.delivery_id}:{step}"
    if pause is not None:
        again = {"delivery_id": parcel.delivery_id, "webhook_id": parcel.webhook_id, "step": step}
        outbox.put(try_again, again, key=key or None, delay=pause)


def _send(parcel: Parcel, sender: Sender, secret: str, now: datetime) -> Answer:
    try:
        keys = [sealer(secret, SEAL).decrypt(sealed).decode() for sealed in parcel.secrets]
    except InvalidToken:
        return Answer(error=LOST_SECRET)  # the installation has another secret of its own now
    body = parcel.payload.encode()
    return sender.send(parcel.url, headers(parcel.message_id, now, body, keys), body, now)


def try_again(delivery_id: int, webhook_id: int, step: int, announce: Announce) -> None:
    """Let a delivery be tried, now that its pause is over; it takes its turn with what else goes to the webhook."""
    announce(DeliveryDue(delivery_id, webhook_id, step))


def tell_owner(event: WebhookDisabled, session: Session, messages: MessageService) -> None:
    """Tell a webhook's owner that it was switched off, and why. Of its address only the host: the rest may be secret."""
    webhook = session.get(Webhook, event.webhook_id)
    owner = session.get(User, webhook.user_id) if webhook else None
    if webhook is None or owner is None or not owner.is_active:
        return
    last = session.get(Delivery, event.delivery_id)
    context = {
        "webhook_id": webhook.id,
        "host": Target.of(webhook.url).host,
        "description": webhook.description,
        "reason": event.reason,
        "failing_since": event.failing_since,
        "trouble": _trouble(last) if last else "",
    }
    key = f"{DISABLED}:{webhook.id}:{int(event.at.timestamp())}"
    messages.send(DISABLED, [Recipient.of_user(owner)], context, key=key)


def _trouble(delivery: Delivery) -> str:
    answered = f"The receiver answered with the status {delivery.last_status}."
    return answered if delivery.last_status is not None else delivery.last_error


def purge_deliveries(session: Session, clock: Clock, settings: Settings, outbox: Outbox) -> None:
    """Delete deliveries that are too old for anybody to ask for them."""
    before = clock.now() - timedelta(days=settings["webhooks.keep_days"])
    if delete_some(session, Delivery, Delivery.created_at <= before):
        outbox.put(purge_deliveries)
