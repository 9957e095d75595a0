"""Keeping pegs, and giving them back."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, select

from acme_cloakroom.models import KeptPegs
from turnout.bookings.hooks import BookingCancelled, BookingConfirmed
from turnout.events.models import Event
from turnout.plugin import Clock, Session, Settings


class Cloakroom:
    """The cloakroom, for all events."""

    def __init__(self, session: Session, clock: Clock, settings: Settings) -> None:
        self.session = session
        self.clock = clock
        self.pegs = settings["cloakroom.pegs"]

    def free(self, event_ids: Sequence[int]) -> dict[int, int]:
        """Return how many pegs are free at each event."""
        kept = select(KeptPegs.event_id, func.sum(KeptPegs.pegs)).where(KeptPegs.event_id.in_(event_ids))
        taken = dict(self.session.execute(kept.group_by(KeptPegs.event_id)).tuples().all())
        return {event_id: max(self.pegs - taken.get(event_id, 0), 0) for event_id in event_ids}

    def keep(self, booking_id: int, event_id: int, pegs: int) -> None:
        """Keep pegs for a booking."""
        self.session.merge(KeptPegs(booking_id=booking_id, event_id=event_id, pegs=pegs, kept_at=self.clock.now()))
        self.session.flush()

    def give_back(self, booking_id: int) -> None:
        """Give the pegs of a booking back."""
        self.session.execute(delete(KeptPegs).where(KeptPegs.booking_id == booking_id))

    def tidy(self) -> None:
        """Give back what is kept for events that are over."""
        over = select(Event.id).where(Event.ends_at < self.clock.now())
        self.session.execute(delete(KeptPegs).where(KeptPegs.event_id.in_(over)))


def keep(event: BookingConfirmed, cloakroom: Cloakroom) -> None:
    """Keep pegs for who comes."""
    cloakroom.keep(event.booking_id, event.event_id, event.quantity)


def give_back(event: BookingCancelled, cloakroom: Cloakroom) -> None:
    """Give back the pegs of who does not come."""
    cloakroom.give_back(event.booking_id)


def tidy(cloakroom: Cloakroom) -> None:
    """Once an hour."""
    cloakroom.tidy()


def read(event_ids: Sequence[int], cloakroom: Cloakroom) -> Mapping[int, Mapping[str, Any]]:
    """Show free pegs with events."""
    return {event_id: {"free": free} for event_id, free in cloakroom.free(event_ids).items()}
