"""An event's waiting list as a whole: whether it is open, how many wait, and when to look at it next."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from turnout.events.models import Event
from turnout.plugin import Clock, Settings

from turnout_waitlist.models import ACTIVE, OFFERED, WAITING, WaitlistEntry, WaitlistEvent
from turnout_waitlist.services.sale import Sale

MOST_LOOKED_AT = 100
"""How many lists one transaction finds to look at."""
TRIED_AGAIN = timedelta(minutes=5)
"""After which time a list is looked at that somebody should have looked at."""
LOOKED_AT = timedelta(hours=1)
"""How often each list is looked at if nothing happens: this plugin may have been disabled while something did."""
_INSERTS: Mapping[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


class WaitlistRegister:
    """Keeps what is known of each event's waiting list as a whole."""

    def __init__(self, session: Session, clock: Clock, settings: Settings) -> None:
        self.session = session
        self.clock = clock
        self.offer_for = timedelta(hours=settings["waitlist.offer_hours"])

    def of_events(self, event_ids: Sequence[int]) -> dict[int, Mapping[str, Any]]:
        """Return what is shown of each event's list, in one statement."""
        query = (
            select(Event.id, Event.is_bookable, WaitlistEvent.is_open, WaitlistEvent.waiting, WaitlistEvent.offered)
            .outerjoin(WaitlistEvent, WaitlistEvent.event_id == Event.id)
            .where(Event.id.in_(event_ids))
        )
        return {
            one.id: {
                "is_open": one.is_bookable and one.is_open is not False,
                "waiting": one.waiting or 0,
                "offered": one.offered or 0,
            }
            for one in self.session.execute(query)
        }

    def is_open(self, event_id: int) -> bool:
        """Tell whether anybody may join."""
        found = self.session.scalar(select(WaitlistEvent.is_open).where(WaitlistEvent.event_id == event_id))
        return found is not False

    def open(self, event_id: int, *, is_open: bool) -> None:
        """Let people join, or let nobody join any more; who waits goes on waiting."""
        self._set(event_id, {"is_open": is_open})

    def note(self, sale: Sale) -> None:
        """Note how many wait for an event and have offers, and when its list is to be looked at next."""
        counted = select(WaitlistEntry.status, func.count(), func.min(WaitlistEntry.offer_expires_at)).where(
            WaitlistEntry.event_id == sale.event_id, WaitlistEntry.status.in_(ACTIVE)
        )
        rows = {row.status: row for row in self.session.execute(counted.group_by(WaitlistEntry.status))}
        waiting, offered = (rows[status][1] if status in rows else 0 for status in (WAITING, OFFERED))
        next_expiry = rows[OFFERED][2] if offered else None
        look_at = self._next(sale, next_expiry) if waiting or offered else None
        self._set(sale.event_id, {"waiting": waiting, "offered": offered, "look_at": look_at})

    def _next(self, sale: Sale, next_expiry: datetime | None) -> datetime:
        now = self.clock.now()
        moments = [*sale.moments(), sale.starts_at - self.offer_for, *([next_expiry] if next_expiry else [])]
        return min([moment for moment in moments if moment > now] + [now + LOOKED_AT])

    def take_due(self) -> Sequence[int]:
        """Return events, by their ids, whose lists are to be looked at now; some, if there are many.

        They come again after a while, should nobody look.
        """
        now = self.clock.now()
        due = (
            select(WaitlistEvent.event_id)
            .where(WaitlistEvent.look_at <= now)
            .order_by(WaitlistEvent.look_at, WaitlistEvent.event_id)
            .limit(MOST_LOOKED_AT)
            .with_for_update(skip_locked=True)
            .cte("due")
        )
        found = self.session.scalars(
            update(WaitlistEvent)
            .where(WaitlistEvent.event_id.in_(select(due.c.event_id)))
            .values(look_at=now + TRIED_AGAIN)
            .returning(WaitlistEvent.event_id)
            .execution_options(synchronize_session=False)
        )
        return sorted(found)

    def _set(self, event_id: int, values: Mapping[str, Any]) -> None:
        new = {"event_id": event_id, "look_at": None, "is_open": True, "waiting": 0, "offered": 0, **values}
        insert = _INSERTS[self.session.get_bind().dialect.name](WaitlistEvent).values(new)
        self.session.execute(insert.on_conflict_do_update(index_elements=[WaitlistEvent.event_id], set_=dict(values)))
