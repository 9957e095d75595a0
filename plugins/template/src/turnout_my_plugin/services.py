"""What can be done: the rules live here, and know nothing of HTTP.

A service names what it needs in its constructor and is given it; it raises the errors of `turnout.plugin`, which Turnout
answers as problem+json.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from turnout.events.models import Event
from turnout.events.services import EventCatalog
from turnout.plugin import Actor, Clock, Session, Settings, delete_some

from turnout_my_plugin.models import Tally


class TallyService:
    """Keeps a tally for each event."""

    def __init__(self, session: Session, clock: Clock, settings: Settings, events: EventCatalog) -> None:
        self.session = session
        self.clock = clock
        self.settings = settings
        self.events = events

    def get(self, event_id: int, *, actor: Actor) -> dict[str, Any]:
        """Return the tally of an event. Raises `NotFound`, also for an event that is not the actor's to see."""
        self.events.get(event_id, actor=actor)
        tally = self.session.get(Tally, event_id)
        return {
            "event_id": event_id,
            "confirmed": tally.confirmed if tally else 0,
            "updated_at": tally.updated_at if tally else None,
        }

    def of_events(self, event_ids: Sequence[int]) -> dict[int, int]:
        """Return how many places were confirmed, for many events at once; those without a tally are left out."""
        query = select(Tally.event_id, Tally.confirmed).where(Tally.event_id.in_(event_ids))
        return {row.event_id: row.confirmed for row in self.session.execute(query)}

    def count(self, event_id: int, places: int) -> None:
        """Add places that were confirmed."""
        if self.session.get(Event, event_id) is None:
            return  # deleted meanwhile
        # Added by the database, not here: of two jobs that count at the same moment, none is lost. Where both are the
        # first, one fails on the primary key, and is tried again.
        counted = self.session.execute(
            update(Tally)
            .where(Tally.event_id == event_id)
            .values(confirmed=Tally.confirmed + places, updated_at=self.clock.now())
            .returning(Tally.event_id)
        )
        if counted.first() is None:
            self.session.add(Tally(event_id=event_id, confirmed=places, updated_at=self.clock.now()))

    def forget_old(self) -> bool:
        """Forget tallies of events that ended long ago, some at a time; tell whether there may be more."""
        before = self.clock.now() - timedelta(days=self.settings["my_plugin.keep_days"])
        return delete_some(self.session, Tally, Tally.event_id.in_(select(Event.id).where(Event.ends_at < before)))
