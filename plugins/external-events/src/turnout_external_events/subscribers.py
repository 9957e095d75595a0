"""What events from elsewhere have to say when something happens to events."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update
from turnout.events.hooks import EventChanged, EventPublished, EventsDeleting, OfferChanged
from turnout.events.models import Event
from turnout.plugin import Session, Told

from turnout_external_events.extension import read
from turnout_external_events.hooks import ChangedElsewhere
from turnout_external_events.models import Origin
from turnout_external_events.services.deletions import Deletions
from turnout_external_events.services.merging import NOT_HELD
from turnout_external_events.services.selling import note_price, require_terms

CHANGES = frozenset({"PUT", "PATCH"})


def hear_of_price(changed: OfferChanged) -> None:
    """Note that what an event costs is somebody's word now, be it the organizer's or its source's."""
    query = (
        select(Origin, Event.price)
        .join(Event, Event.id == Origin.event_id)
        .where(Event.id == changed.event_id, Origin.is_leading, ~Origin.is_price_known)
    )
    row = changed.request.db.execute(query).first()
    if row is not None and (row.price or _said(changed.request) == row.price):
        note_price(row.Origin)


def _said(request: Any) -> Any:
    """Return the price that a change over REST names: only so is 0 told from what nobody has said."""
    body = getattr(request, "validated", {}).get("body")
    return body.get("price") if request.method in CHANGES and isinstance(body, Mapping) else None


def require_what_is_sold(changed: EventChanged) -> None:
    """Let nothing that came from elsewhere be sold here while nobody knows how many places there are, or what one costs."""
    if changed.fields & {"is_bookable", "capacity"}:
        require_terms(changed.event_id, changed.request.db)


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


def keep_deleted(deleting: EventsDeleting) -> None:
    """Remember what organizers delete, so that their searches do not import it again."""
    deleting.request.find_service(Deletions).note(deleting.event_ids)


def tell_of_change(changed: ChangedElsewhere, session: Session) -> Told | None:
    """Say to webhooks what happened at the source of an event."""
    organizer_id = session.scalar(select(Event.organizer_id).where(Event.id == changed.event_id))
    origin = read([changed.event_id], session).get(changed.event_id)
    return None if origin is None else Told({"event_id": changed.event_id, **origin}, organizer_id)
