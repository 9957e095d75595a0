"""Background work of waiting lists."""

from datetime import timedelta

from sqlalchemy.orm import Session
from turnout.outbox.services import Outbox
from turnout.plugin import Clock, Settings, Told, delete_some

from turnout_waitlist.hooks import Accepted, EntryEvent, Joined, Left, ListEnded, Offered, OfferLapsed
from turnout_waitlist.models import WaitlistEntry
from turnout_waitlist.services import (
    ACCEPTED,
    JOINED,
    LAPSED,
    MOST_LOOKED_AT,
    OFFER,
    OVER,
    OfferService,
    WaitlistCatalog,
    WaitlistNotices,
    WaitlistRegister,
)

TOLD_BY: dict[type[EntryEvent], str] = {
    Joined: JOINED,
    Offered: OFFER,
    Accepted: ACCEPTED,
    OfferLapsed: LAPSED,
    Left: OVER,
}


def look_after_lists(register: WaitlistRegister, outbox: Outbox) -> None:
    """Let those lists be looked after for which time has changed something: a task for each event."""
    event_ids = register.take_due()
    for event_id in event_ids:
        outbox.put(look_after_list, {"event_id": event_id})
    if len(event_ids) == MOST_LOOKED_AT:
        outbox.put(look_after_lists)


def look_after_list(event_id: int, offers: OfferService) -> None:
    """Let an event's offers expire that are due, and offer on; nobody waits any more for what has begun."""
    if offers.claims.lock(event_id):
        offers.look_after(event_id)


def tell_of_entry(event: EntryEvent, notices: WaitlistNotices) -> None:
    """Tell whoever waits, or waited, what became of it."""
    notices.tell(TOLD_BY[type(event)], event.entry_id)


def tell_of_end(event: ListEnded, outbox: Outbox) -> None:
    """Let all who waited for an event hear that nobody waits any more."""
    outbox.put(tell_some, {"event_id": event.event_id, "reason": event.reason})


def tell_some(event_id: int, reason: str, notices: WaitlistNotices, outbox: Outbox, after: int = 0) -> None:
    """Tell some of those who waited, and put what tells the next."""
    last = notices.tell_some(event_id, reason, after)
    if last is not None:
        outbox.put(tell_some, {"event_id": event_id, "reason": reason, "after": last})


def purge_entries(session: Session, clock: Clock, settings: Settings, outbox: Outbox) -> None:
    """Delete entries that were decided long ago, some in each transaction."""
    before = clock.now() - timedelta(days=settings["waitlist.keep_days"])
    if delete_some(session, WaitlistEntry, WaitlistEntry.decided_at <= before):
        outbox.put(purge_entries)


def tell_webhooks(event: EntryEvent, catalog: WaitlistCatalog) -> Told | None:
    """Say to webhooks what is known of an entry; nothing if it is not there any more."""
    entry = catalog.entry(event.entry_id)
    return None if entry is None else Told({**entry, "user_id": event.user_id}, catalog.organizer_of(event.event_id))
