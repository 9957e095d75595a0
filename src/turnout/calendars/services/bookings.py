"""The calendar of somebody's bookings, in one statement however many they are."""

from datetime import timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, aliased

from turnout.attendees.models import Attendee
from turnout.bookings.models import CANCELLED, CONFIRMED, PENDING, Booking
from turnout.calendars.services import entries
from turnout.calendars.services.entries import Appointment, Entry, booking_entry, write
from turnout.clock import Clock
from turnout.db import AnyRow
from turnout.events.models import CANCELLED as EVENT_CANCELLED
from turnout.events.models import POSTPONED, Event
from turnout.injection import Settings
from turnout.security.actors import Actor
from turnout.users.models import User

MOST = 500
KEPT = timedelta(days=366)
"""How long what is over stays in the calendar."""
CANCELLED_KEPT = timedelta(days=30)
"""How long a calendar has to see that a booking was cancelled."""

_Organizer = aliased(User)


def status_of(booking_status: str, event_status: str) -> str | None:
    """Return what a booking is in a calendar; None: it is nothing there.

    Of a postponed event nobody knows when it will be, so it is taken out until it is published again.
    """
    if booking_status == CANCELLED or event_status in {EVENT_CANCELLED, POSTPONED}:
        return entries.CANCELLED
    return {CONFIRMED: entries.CONFIRMED, PENDING: entries.TENTATIVE}.get(booking_status)


class BookingCalendars:
    """Writes the calendar of somebody's bookings."""

    def __init__(self, session: Session, clock: Clock, settings: Settings) -> None:
        self.session = session
        self.clock = clock
        self.settings = settings

    def of_user(self, actor: Actor) -> bytes:
        """Return the calendar of what is booked for the actor, or was booked by them for others.

        Who sells places for their own events, or is staff, does not find everybody's there: only what is booked for them.
        """
        now = self.clock.now()
        mine = Attendee.user_id == actor.user_id
        if not actor.is_staff:
            mine = or_(mine, and_(Booking.user_id == actor.user_id, Event.organizer_id != actor.user_id))
        query = (
            select(
                Booking.code, Booking.quantity, Booking.status, Booking.version, Booking.updated_at,
                Event.title, Event.starts_at, Event.ends_at, Event.timezone, Event.place,
                Event.status.label("event_status"), Event.version.label("event_version"),
                Event.updated_at.label("event_updated_at"),
                _Organizer.username, _Organizer.first_name, _Organizer.last_name,
            )
            .join(Event, Event.id == Booking.event_id)
            .join(_Organizer, _Organizer.id == Event.organizer_id)
            .outerjoin(Attendee, Attendee.id == Booking.attendee_id)
            .where(
                mine,
                or_(
                    Booking.status == CONFIRMED,
                    and_(Booking.status == PENDING, Booking.expires_at > now),
                    and_(Booking.status == CANCELLED, Booking.updated_at > now - CANCELLED_KEPT),
                ),
                Event.ends_at > now - KEPT,
            )
            .order_by(Event.starts_at.desc(), Booking.id.desc())
            .limit(MOST)
        )  # fmt: skip
        found = [_entry(row) for row in self.session.execute(query)]
        return write(found, sender=self.settings["mail.sender"], name="My bookings")


def _entry(row: AnyRow) -> Entry:
    organizer = f"{row.first_name} {row.last_name}".strip() or row.username
    return booking_entry(
        row.code,
        row.quantity,
        # As in mails: both only ever rise, so whatever changes, calendars see that this is newer.
        sequence=row.event_version + row.version,
        stamp=max(row.updated_at, row.event_updated_at),
        status=status_of(row.status, row.event_status) or entries.CANCELLED,
        appointment=Appointment(row.title, row.starts_at, row.ends_at, row.timezone, row.place, organizer),
    )
