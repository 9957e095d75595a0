"""Telling organizers of what happened elsewhere to an event that people have booked here."""

from sqlalchemy import select
from turnout.events.models import Event
from turnout.messages.services import MessageService, Recipient
from turnout.plugin import Session
from turnout.pools.models import Pool
from turnout.users.models import User

from turnout_external_events.models import Origin
from turnout_external_events.services.merging import looks

CHANGED_ELSEWHERE = "event_changed_elsewhere"
KINDS = {CHANGED_ELSEWHERE: "That an event of yours is cancelled, or gone, where it came from"}


class Telling:
    """Sends the messages about events from elsewhere."""

    def __init__(self, session: Session, messages: MessageService) -> None:
        self.session = session
        self.messages = messages

    def tell(self, event_id: int, status: str) -> None:
        """Tell the organizer that an event is `status` at its source, once for each time that this happens."""
        query = (
            select(Event.title, Pool.taken, Origin.refreshed_at, Origin.url, User)
            .join(Pool, Pool.id == Event.pool_id)
            .join(Origin, Origin.event_id == Event.id)
            .join(User, User.id == Event.organizer_id)
            .where(Event.id == event_id, Origin.is_leading)
        )
        row = self.session.execute(query).first()
        if row is None:
            return
        context = {"event": row.title, "said": looks(status), "places": row.taken, "url": row.url or ""}
        self.messages.send(
            CHANGED_ELSEWHERE,
            [Recipient.of_user(row.User)],
            context,
            key=f"{CHANGED_ELSEWHERE}:{event_id}:{status}:{row.refreshed_at:%Y%m%d%H%M%S}",
            event_id=event_id,
        )
