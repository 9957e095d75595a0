"""Telling people something: a row for each message, and the work of delivering it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from turnout.clock import Clock
from turnout.messages.channels import Channels, Recipient
from turnout.messages.delivery import deliver
from turnout.messages.kinds import Kind, Kinds
from turnout.messages.models import QUEUED, Message, MessagePreference
from turnout.outbox.services import Outbox
from turnout.users.models import User

_INSERTS = {
    dialect.__name__.rsplit(".", 1)[-1]: dialect.insert(Message)
    .on_conflict_do_nothing(index_elements=[Message.key])
    .returning(Message.id, Message.key)
    for dialect in (postgresql, sqlite)
}
LONGEST_KEY, LONGEST_STREAM = 100, 50


@dataclass(frozen=True, slots=True)
class Letter:
    """What one person is told. `key` and `stream` are as `MessageService.send` has them."""

    recipient: Recipient
    context: Mapping[str, Any]
    key: str
    stream: str | None = None
    booking_id: int | None = None


class MessageService:
    """Tells people something over the channels that they want it by, after the commit, each of them once."""

    def __init__(self, session: Session, clock: Clock, outbox: Outbox, channels: Channels, kinds: Kinds) -> None:
        self.session = session
        self.clock = clock
        self.outbox = outbox
        self.channels = channels
        self.kinds = kinds

    def send(
        self,
        kind: str,
        recipients: Iterable[Recipient],
        context: Mapping[str, Any],
        *,
        key: str,
        stream: str | None = None,
        event_id: int | None = None,
        booking_id: int | None = None,
        expires_at: datetime | None = None,
    ) -> int:
        """Send a message of a `kind` to all `recipients` who want it; return how many messages that made.

        `context` is what the templates are filled with: what JSON can say, moments and amounts. With one `key` (up to 100
        characters) everybody is told once, however often this is called. Messages of one `stream` (up to 50) arrive in
        order. What could not be delivered until `expires_at` is not delivered any more. Raises `KeyError` for an unknown
        kind, `TypeError` for a context that cannot be kept.
        """
        letters = [Letter(recipient, context, key, stream, booking_id) for recipient in recipients]
        return self.send_each(kind, letters, event_id=event_id, expires_at=expires_at)

    def send_each(
        self,
        kind: str,
        letters: Sequence[Letter],
        *,
        event_id: int | None = None,
        expires_at: datetime | None = None,
    ) -> int:
        """Do the same where everybody is told something of their own."""
        if any(len(letter.key) > LONGEST_KEY or len(letter.stream or "") > LONGEST_STREAM for letter in letters):
            raise ValueError(f"a key has at most {LONGEST_KEY} characters, a stream {LONGEST_STREAM}")
        found = self.kinds[kind]
        choices = self._choices(found, letters)
        rows, streams = [], {}
        for letter in letters:
            for channel, address in self._addresses(letter.recipient, choices, found):
                row = self._row(letter, channel, address)
                rows.append(row | {"kind": kind, "event_id": event_id, "expires_at": expires_at})
                # One channel's trouble is no reason for another's to wait.
                streams[row["key"]] = letter.stream and f"{letter.stream}:{channel}"
        return self._write(rows, streams) if rows else 0

    def _row(self, letter: Letter, channel: str, address: str) -> dict[str, Any]:
        return {
            "key": f"{letter.key}:{_who(letter.recipient)}:{channel}",
            "channel": channel,
            "user_id": letter.recipient.user_id,
            "attendee_id": letter.recipient.attendee_id,
            "booking_id": letter.booking_id,
            "name": letter.recipient.name[:201],
            "address": address,
            "context": orjson.dumps(letter.context, default=_said).decode(),
            "subject": "",
            "status": QUEUED,
            "error": "",
            "created_at": self.clock.now(),
        }

    def _write(self, rows: list[dict[str, Any]], streams: Mapping[str, str | None]) -> int:
        connection = self.session.connection()
        made = connection.execute(_INSERTS[connection.dialect.name], rows).all()
        ids = {row.key: row.id for row in made}
        for key, stream in streams.items():  # in the order in which they were given
            if key in ids:
                self.outbox.put(deliver, {"message_id": ids[key]}, key=f"message:{ids[key]}", stream=stream)
        return len(made)

    def _choices(self, kind: Kind, letters: Iterable[Letter]) -> dict[tuple[int, str], bool]:
        """Return what users have chosen for a kind, by user and channel."""
        user_ids = {letter.recipient.user_id for letter in letters if letter.recipient.user_id is not None}
        if not user_ids:
            return {}
        # Kept from being deleted, before our rows refer to them: whoever deletes users has them first, too, so that
        # neither waits for the other in a circle.
        kept = select(User.id).where(User.id.in_(user_ids)).order_by(User.id)
        self.session.execute(kept.with_for_update(read=True, key_share=True))
        query = select(MessagePreference.user_id, MessagePreference.channel, MessagePreference.wanted).where(
            MessagePreference.user_id.in_(user_ids), MessagePreference.kind == kind.name
        )
        return {(user_id, channel): wanted for user_id, channel, wanted in self.session.execute(query)}

    def _addresses(
        self, recipient: Recipient, choices: Mapping[tuple[int, str], bool], kind: Kind
    ) -> Iterable[tuple[str, str]]:
        for name, channel in self.channels.items():
            if not choices.get((recipient.user_id or 0, name), kind.wanted and channel.wanted):
                continue
            address = channel.address_of(recipient, self.session)
            if address:
                yield name, address


def _said(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"a message cannot be filled with {value!r}")


def _who(recipient: Recipient) -> str:
    if recipient.attendee_id is not None:
        return f"attendee:{recipient.attendee_id}"
    if recipient.user_id is not None:
        return f"user:{recipient.user_id}"
    return sha256(recipient.email.lower().encode()).hexdigest()[:32]
