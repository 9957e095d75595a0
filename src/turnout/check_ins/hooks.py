"""What happens at the door."""

from dataclasses import dataclass

from turnout.hooks import DomainEvent


@dataclass(frozen=True, slots=True)
class TicketEvent(DomainEvent):
    """Something that happened to one ticket at the door; `user_id` is who did it, None: the installation itself."""

    ticket_id: int
    booking_id: int
    event_id: int
    user_id: int | None

    @property
    def stream(self) -> str:
        """Return the booking: of a ticket all is heard in order, whatever happens to it."""
        return f"booking:{self.booking_id}"


@dataclass(frozen=True, slots=True)
class TicketCheckedIn(TicketEvent):
    """Somebody was let in with a ticket."""


@dataclass(frozen=True, slots=True)
class CheckInUndone(TicketEvent):
    """Nobody is in with a ticket after all; it is good again."""
