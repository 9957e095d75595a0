"""Delivering one message: read, render and send outside any transaction, then note what became of it."""

from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson
import structlog
from sqlalchemy import update
from sqlalchemy.orm import Session

from turnout.clock import Clock
from turnout.injection import ReadSession, Settings
from turnout.messages.channels import Outgoing, Senders
from turnout.messages.errors import Undeliverable
from turnout.messages.kinds import Draft, Kind, Kinds
from turnout.messages.models import FAILED, QUEUED, SENT, Message

log = structlog.get_logger()


def deliver(
    message_id: int,
    reading: ReadSession,
    session: Session,
    clock: Clock,
    settings: Settings,
    senders: Senders,
    kinds: Kinds,
) -> None:
    """Deliver a message that is still queued. Raises what its channel raises for trouble that passes."""
    with reading:
        message = reading.get(Message, message_id)
        if message is None or message.status != QUEUED:
            return
        kind, send = kinds.get(message.kind), senders.get(message.channel)
        is_late = message.expires_at is not None and message.expires_at <= clock.now()
        outgoing = None if kind is None or is_late else compose(message, kind, reading, settings)
    # From here on nothing is open in the database: what is outside may take its time.
    problem = ""
    if send is None or kind is None:
        problem = "what it belongs to is not installed any more"
    elif outgoing is None:
        problem = "it could not be delivered in time"
    else:
        try:
            send(outgoing)
        except Undeliverable as error:
            problem = str(error)
    subject = outgoing.subject if outgoing else ""
    if problem:
        log.warning("message failed", message=message_id, kind=message.kind, channel=message.channel, error=problem)
        _note(session, message_id, FAILED, error=problem, subject=subject)
    else:
        _note(session, message_id, SENT, sent_at=clock.now(), subject=subject)


def compose(message: Message, kind: Kind, session: Session, settings: Settings) -> Outgoing:
    """Return a message as it is sent."""
    context: dict[str, Any] = orjson.loads(message.context)
    enclosed = kind.enclose(Draft(context, message.booking_id, message.created_at, session, settings))
    rendered = kind.templates.render({"name": message.name} | context | dict(enclosed.context))
    return Outgoing(
        id=message.id,
        reference=_reference(message.key, message.created_at),
        kind=kind.name,
        name=message.name,
        address=message.address,
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        attachments=enclosed.attachments,
        created_at=message.created_at,
    )


def _reference(key: str, created_at: datetime) -> str:
    """Return the same for the same message, and another for any other, also one of another installation."""
    return sha256(f"{key} {created_at.isoformat()}".encode()).hexdigest()[:32]


def _note(session: Session, message_id: int, status: str, **values: Any) -> None:
    session.execute(
        update(Message)
        .where(Message.id == message_id, Message.status == QUEUED)
        .values(status=status, **values)
        .execution_options(synchronize_session=False)
    )
