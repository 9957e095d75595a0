"""What events from elsewhere have to say when something happens to events."""

from sqlalchemy import select, update
from turnout.events.hooks import EventChanged, EventPublished
from turnout.events.models import Event
from turnout.plugin import Invalid, Session, Told
from turnout.pools.models import Pool

from turnout_external_events.extension import read
from turnout_external_events.hooks import ChangedElsewhere
from turnout_external_events.models import Origin
from turnout_external_events.services.merging import NOT_HELD


def require_capacity(changed: EventChanged) -> None:
    """Let nothing that came from elsewhere be sold here without a limit: nobody knows how many places there are."""
    if not changed.fields & {"is_bookable", "capacity"}:
        return
    query = (
        select(Origin.id)
        .join(Event, Event.id == Origin.event_id)
        .join(Pool, Pool.id == Event.pool_id)
        .where(Event.id == changed.event_id, Event.is_bookable, Pool.capacity.is_(None))
    )
    if changed.request.db.scalar(query.limit(1)) is not None:
        raise Invalid({"capacity": "say how many places are sold here: the event came from elsewhere"})


def look_again(published: EventPublished) -> None:
    """Let somebody decide about an event that is published here, and is not held where it came from."""
    if published.was_postponed:
        return  # whoever did that has decided
    published.request.db.execute(
        update(Origin)
        .where(Origin.event_id == published.event_id, Origin.is_leading, Origin.status.in_(NOT_HELD))
        .values(needs_look=True)
        .execution_options(synchronize_session=False)
    )


def tell_of_change(changed: ChangedElsewhere, session: Session) -> Told | None:
    """Say to webhooks what happened at the source of an event."""
    organizer_id = session.scalar(select(Event.organizer_id).where(Event.id == changed.event_id))
    origin = read([changed.event_id], session).get(changed.event_id)
    return None if origin is None else Told({"event_id": changed.event_id, **origin}, organizer_id)
