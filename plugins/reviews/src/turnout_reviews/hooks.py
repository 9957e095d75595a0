"""What happens to reviews."""

from dataclasses import dataclass

from turnout.plugin import DomainEvent


@dataclass(frozen=True, slots=True)
class ReviewWritten(DomainEvent):
    """Somebody reviewed an event."""

    review_id: int
    event_id: int

    @property
    def stream(self) -> str:
        """Return the review."""
        return f"review:{self.review_id}"
