"""What happens to messages."""

from dataclasses import dataclass

from turnout.hooks import DomainEvent


@dataclass(frozen=True, slots=True)
class NoticeGiven(DomainEvent):
    """An organizer, or staff, has something to say to everybody who booked an event."""

    notice_id: int
    event_id: int

    @property
    def stream(self) -> str:
        """Return the event."""
        return f"event:{self.event_id}"
