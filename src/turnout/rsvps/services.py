"""One-call answers to invitations: going is a booking, interested is following without a place."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from turnout.attendees.models import Attendee
from turnout.bookings.errors import DuplicateBooking, HoldExpired, NotOnSale, WrongBookingStatus
from turnout.bookings.models import ACTIVE, CONFIRMED, Booking
from turnout.bookings.services import Booker, BookingCatalog, BookingRequest, BookingService
from turnout.clock import Clock
from turnout.errors import Conflict, DomainError
from turnout.events.services import EventCatalog
from turnout.injection import Announce
from turnout.rsvps.hooks import EventFollowed
from turnout.rsvps.models import Interest
from turnout.security.actors import Actor

_INSERTS: Mapping[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


class RsvpService:
    """Answers an invitation for the signed-in user."""

    def __init__(
        self,
        session: Session,
        clock: Clock,
        announce: Announce,
        booker: Booker,
        bookings: BookingService,
        shown: BookingCatalog,
        events: EventCatalog,
    ) -> None:
        self.session = session
        self.clock = clock
        self.announce = announce
        self.booker = booker
        self.bookings = bookings
        self.shown = shown
        self.events = events

    def go(self, event_id: int, *, actor: Actor) -> dict[str, Any]:
        """Book a place unless the user has one; return the booking. Raises what booking refuses with."""
        self.events.get(event_id, actor=actor)
        self._stop_following(event_id, actor)
        standing = self._standing(event_id, actor)
        if standing is not None:
            return standing
        (outcome,) = self.booker.book([BookingRequest(event_id, actor)])
        if isinstance(outcome, DuplicateBooking):  # they answered twice at one moment, and the other was quicker
            outcome = self._standing(event_id, actor) or outcome
        if isinstance(outcome, DomainError):
            raise outcome
        return outcome

    def _standing(self, event_id: int, actor: Actor) -> dict[str, Any] | None:
        """Return the booking that the user has, confirmed unless it waits for something; or None."""
        active = self._active(event_id, actor)
        if not active:
            return None
        if active[0].status != CONFIRMED:
            self._confirm(active[0].id, actor)
        return self.shown.get(active[0].id, actor=actor)

    def _confirm(self, booking_id: int, actor: Actor) -> None:
        try:
            self.bookings.confirm(booking_id, actor=actor)
        except (HoldExpired, NotOnSale, WrongBookingStatus):
            raise
        except Conflict:
            return  # somebody waits for something, such as its money: until then it is held, as it was when it was made

    def follow(self, event_id: int, *, actor: Actor) -> None:
        """Follow an event without holding a place. Raises `Conflict` for somebody who holds one."""
        self.events.get(event_id, actor=actor)
        if self._active(event_id, actor):
            raise Conflict("You hold a place; answer cancelled first.")
        # Asked for twice at one moment, it is made once.
        insert = _INSERTS[self.session.get_bind().dialect.name](Interest)
        row = insert.values(user_id=actor.user_id, event_id=event_id, created_at=self.clock.now())
        if self.session.scalar(row.on_conflict_do_nothing().returning(Interest.event_id)) is not None:
            self.announce(EventFollowed(actor.user_id or 0, event_id))

    def decline(self, event_id: int, *, actor: Actor) -> None:
        """Give back whatever place the user has for themself, and stop following."""
        self.events.get(event_id, actor=actor)
        for booking in self._active(event_id, actor):
            self.bookings.cancel(booking.id, actor=actor)
        self._stop_following(event_id, actor)

    def _active(self, event_id: int, actor: Actor) -> list[Booking]:
        """Return the bookings with which the user holds places for themself; those made for others are none of this."""
        own = select(Attendee.id).where(Attendee.user_id == actor.user_id)
        query = select(Booking).where(
            Booking.event_id == event_id,
            Booking.attendee_id.in_(own),
            Booking.status.in_(ACTIVE),
            or_(Booking.expires_at.is_(None), Booking.expires_at > self.clock.now()),
        )
        return list(self.session.scalars(query.order_by(Booking.id)))

    def _stop_following(self, event_id: int, actor: Actor) -> None:
        self.session.execute(delete(Interest).where(Interest.user_id == actor.user_id, Interest.event_id == event_id))
