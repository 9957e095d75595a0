"""Background work of messages: who is told when something happens."""

from datetime import datetime, timedelta
from typing import Any

from cattrs.preconf.orjson import make_converter
from sqlalchemy import exists, literal_column, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from turnout.bookings.hooks import BookingCancelled, BookingConfirmed, BookingEvent, BookingExpired, BookingResized
from turnout.clock import Clock
from turnout.db import AnySelect, delete_some
from turnout.events.hooks import EventCancelled, EventChanged, EventHappening, EventPostponed, EventPublished
from turnout.events.models import CANCELLED, POSTPONED, PUBLISHED, Event
from turnout.injection import Settings
from turnout.messages.hooks import NoticeGiven
from turnout.messages.models import Message, Notice, Reminder
from turnout.messages.services import GuestService, Occasion
from turnout.outbox.services import Outbox

CONFIRMED_KIND, CANCELLED_KIND, EXPIRED_KIND = "booking_confirmed", "booking_cancelled", "booking_expired"
CHANGED_KIND = "booking_changed"
EVENT_CHANGED, EVENT_CANCELLED = "event_changed", "event_cancelled"
EVENT_REMINDER, ORGANIZER_NOTICE = "event_reminder", "organizer_notice"

GUESTS_CARE_FOR = frozenset({"title", "starts_at", "ends_at", "timezone", "venue_id", "location"})
ON_AGAIN = "on_again"
MOST_REMINDED = 100
"""For how many events one transaction starts reminders."""
LONGEST_REMINDER = timedelta(hours=720)

_OF_BOOKINGS: dict[type[BookingEvent], str] = {
    BookingConfirmed: CONFIRMED_KIND,
    BookingCancelled: CANCELLED_KIND,
    BookingExpired: EXPIRED_KIND,
}
_converter = make_converter()
_INSERTS = {
    dialect.__name__.rsplit(".", 1)[-1]: dialect.insert(Reminder).on_conflict_do_nothing()
    for dialect in (postgresql, sqlite)
}


def tell_of_booking(event: BookingEvent, guests: GuestService) -> None:
    """Tell whoever a booking was made for what became of it."""
    if isinstance(event, BookingResized):
        guests.tell_of_change(CHANGED_KIND, event.booking_id)
    else:
        guests.tell_of_booking(_OF_BOOKINGS[type(event)], event.booking_id)


def tell_of_event(event: EventHappening, outbox: Outbox) -> None:
    """Let the guests of an event hear what happened to it, if they care."""
    occasion = _occasion(event)
    if occasion is not None:
        _put(outbox, occasion)


def _occasion(event: EventHappening) -> Occasion | None:
    if isinstance(event, EventCancelled):
        return Occasion(EVENT_CANCELLED, event.event_id, {}, status=CANCELLED)
    if isinstance(event, EventPostponed):
        return Occasion(EVENT_CHANGED, event.event_id, {"changed": [POSTPONED]}, status=POSTPONED)
    if isinstance(event, EventPublished) and event.was_postponed:
        return Occasion(EVENT_CHANGED, event.event_id, {"changed": [ON_AGAIN]}, status=PUBLISHED)
    if isinstance(event, EventChanged) and event.fields & GUESTS_CARE_FOR:
        # What changes while an event is postponed is told when it is published again.
        changed = sorted(event.fields & GUESTS_CARE_FOR)
        return Occasion(EVENT_CHANGED, event.event_id, {"changed": changed}, status=PUBLISHED)
    return None


def tell_of_notice(event: NoticeGiven, session: Session, outbox: Outbox) -> None:
    """Let the guests of an event hear what its organizer has to say."""
    notice = session.get(Notice, event.notice_id)
    if notice is not None:
        said = {"notice": {"subject": notice.subject, "body": notice.body}}
        _put(outbox, Occasion(ORGANIZER_NOTICE, event.event_id, said, once=True))


def _put(outbox: Outbox, occasion: Occasion, after: int = 0) -> None:
    arguments = {"occasion": _converter.unstructure(occasion), "after": after}
    outbox.put(tell_guests, arguments, stream=f"event:{occasion.event_id}")


def tell_guests(occasion: dict[str, Any], guests: GuestService, outbox: Outbox, after: int) -> None:
    """Tell some of an event's guests, and put what tells the next: behind the messages that this made.

    So however many there are, nothing else in the queue waits for more than a part of them.
    """
    found = _converter.structure(occasion, Occasion)
    last = guests.tell_some(found, after)
    if last is not None:
        _put(outbox, found, last)


def due_for_reminder(now: datetime) -> AnySelect:
    """Return the statement for events whose guests are to be reminded now, and have not been."""
    is_reminded = exists().where(Reminder.event_id == Event.id, Reminder.starts_at == Event.starts_at)
    return (
        select(Event.id, Event.starts_at, Event.remind_at)
        .where(
            Event.status == literal_column(f"'{PUBLISHED}'"),
            Event.remind_at <= now,
            Event.remind_at > now - LONGEST_REMINDER,  # else all that ever was would be looked at
            Event.starts_at > now,
            ~is_reminded,
        )
        .order_by(Event.remind_at, Event.id)
        .limit(MOST_REMINDED)
    )


def remind(session: Session, clock: Clock, outbox: Outbox) -> None:
    """Start reminding the guests of events that begin soon; of each start once. Who booked later knows it anyway."""
    now = clock.now()
    due = session.execute(due_for_reminder(now)).all()
    if not due:
        return
    rows = [{"event_id": event_id, "starts_at": starts_at, "created_at": now} for event_id, starts_at, _ in due]
    connection = session.connection()
    connection.execute(_INSERTS[connection.dialect.name], rows)
    for event_id, starts_at, remind_at in due:
        occasion = Occasion(
            EVENT_REMINDER,
            event_id,
            {},
            once=True,
            status=PUBLISHED,
            starts_at=starts_at,
            booked_before=remind_at,
            expires_at=starts_at,
        )
        _put(outbox, occasion)
    if len(due) == MOST_REMINDED:
        outbox.put(remind)


def purge_messages(session: Session, clock: Clock, settings: Settings, outbox: Outbox) -> None:
    """Delete messages of long ago, some in each transaction."""
    before = clock.now() - timedelta(days=settings["messages.keep_days"])
    if delete_some(session, Message, Message.created_at <= before):
        outbox.put(purge_messages)
