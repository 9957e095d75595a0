"""Looking after messages that were sent, or could not be."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from turnout.bookings.models import Booking
from turnout.clock import Clock
from turnout.errors import NotFound
from turnout.events.models import Event
from turnout.messages.delivery import deliver
from turnout.messages.errors import NotFailed
from turnout.messages.kinds import Kinds
from turnout.messages.models import FAILED, QUEUED, Message
from turnout.outbox.services import Outbox
from turnout.paging import Ordering, Paging, Slice, fetch
from turnout.security.actors import Actor

LATELY = timedelta(days=7)
"""For how long a message that failed is something to look after."""
NEWEST_FIRST = Ordering("-id", Message.id, Message.id, descending=True)
FILTERS = {
    "status": Message.status,
    "channel": Message.channel,
    "kind": Message.kind,
    "event": Message.event_id,
    "user": Message.user_id,
}


class MessageRegister:
    """Shows messages, and lets those that failed be tried again; to organizers those of their events."""

    def __init__(self, session: Session, clock: Clock, outbox: Outbox, kinds: Kinds) -> None:
        self.session = session
        self.clock = clock
        self.outbox = outbox
        self.kinds = kinds

    def find(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        """Return messages, newest first, filtered by what of `MessageQuery` is given."""
        query = _of(select().select_from(Message), actor)
        for name, column in FILTERS.items():
            if filters.get(name) is not None:
                query = query.where(column == filters[name])
        return fetch(self.session, query, NEWEST_FIRST, paging, shown=_shown()).shown(self._represent)

    def get(self, message_id: int, *, actor: Actor) -> dict[str, Any]:
        """Return a message. Raises `NotFound`, also for one that is not the actor's to see."""
        row = self.session.execute(_of(_shown(), actor).where(Message.id == message_id)).first()
        if row is None:
            raise NotFound("There is no such message.")
        return self._represent(row)

    def retry(self, message_id: int, *, actor: Actor) -> None:
        """Let a message that failed be delivered after all. Raises `NotFound`, `NotFailed`."""
        shown = self.get(message_id, actor=actor)
        queued: Any = self.session.execute(
            update(Message)
            .where(Message.id == message_id, Message.status == FAILED)
            .values(status=QUEUED, error="")
            .execution_options(synchronize_session=False)
        )
        if not queued.rowcount:
            raise NotFailed(f"The message is {shown['status']}; only what has failed is tried again.")
        self.outbox.put(deliver, {"message_id": message_id})

    def count_failed(self) -> int:
        """Count the messages that could not be delivered lately."""
        since = self.clock.now() - LATELY
        query = select(func.count()).where(Message.created_at >= since, Message.status == FAILED)
        return self.session.scalar(query) or 0

    def _represent(self, row: Any) -> dict[str, Any]:
        kind = self.kinds.get(row.kind)
        return {
            "id": row.id,
            "kind": row.kind,
            "title": kind.title if kind else row.kind.replace("_", " "),
            "channel": row.channel,
            "name": row.name,
            "address": row.address,
            "subject": row.subject,
            "status": row.status,
            "error": row.error,
            "user_id": row.user_id,
            "event_id": row.event_id,
            "event": row.event,
            "timezone": row.timezone,
            "booking_id": row.booking_id,
            "booking": row.booking,
            "created_at": row.created_at,
            "expires_at": row.expires_at,
            "sent_at": row.sent_at,
        }


def _shown() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Message.id, Message.kind, Message.channel, Message.name, Message.address, Message.subject, Message.status,
            Message.error, Message.user_id, Message.event_id, Message.booking_id, Message.created_at,
            Message.expires_at, Message.sent_at, Event.title.label("event"), Event.timezone,
            Booking.code.label("booking"),
        )
        .outerjoin(Event, Event.id == Message.event_id)
        .outerjoin(Booking, Booking.id == Message.booking_id)
    )  # fmt: skip


def _of(query: Select[*tuple[Any, ...]], actor: Actor) -> Select[*tuple[Any, ...]]:
    if actor.is_staff:
        return query
    return query.where(Message.event_id.in_(select(Event.id).where(Event.organizer_id == actor.user_id)))
