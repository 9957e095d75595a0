"""What happens on waiting lists."""

from dataclasses import dataclass

from turnout.plugin import DomainEvent


@dataclass(frozen=True, slots=True)
class EntryEvent(DomainEvent):
    """Something that happened to one entry of an event's waiting list."""

    entry_id: int
    event_id: int
    user_id: int

    @property
    def stream(self) -> str:
        """Return the entry."""
        return f"waitlist:{self.entry_id}"


@dataclass(frozen=True, slots=True)
class Joined(EntryEvent):
    """Somebody waits for places."""


@dataclass(frozen=True, slots=True)
class Offered(EntryEvent):
    """Places are held for somebody who waited, until the offer expires."""


@dataclass(frozen=True, slots=True)
class Accepted(EntryEvent):
    """Somebody took what was offered; it is a booking now."""

    booking_id: int


@dataclass(frozen=True, slots=True)
class OfferLapsed(EntryEvent):
    """Somebody did not take in time what was offered; it goes to the next."""


@dataclass(frozen=True, slots=True)
class Left(EntryEvent):
    """Somebody does not wait any more, or does not want what was offered; or they were taken off the list."""


@dataclass(frozen=True, slots=True)
class ListEnded(DomainEvent):
    """Nobody waits for an event any more, because it was cancelled (`reason` event_cancelled) or begins (event_began)."""

    event_id: int
    reason: str

    @property
    def stream(self) -> str:
        """Return the event."""
        return f"event:{self.event_id}"
