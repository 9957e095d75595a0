"""What happens to events that came from elsewhere."""

from dataclasses import dataclass

from turnout.plugin import DomainEvent


@dataclass(frozen=True, slots=True)
class ChangedElsewhere(DomainEvent):
    """An event that people have booked here is `status` at its source (cancelled, postponed, gone): staff decide what to do."""

    event_id: int
    provider: str
    status: str

    @property
    def stream(self) -> str:
        """Return the event."""
        return f"event:{self.event_id}"


@dataclass(frozen=True, slots=True)
class RunBegun(DomainEvent):
    """A run begins, or goes on, in the background."""

    run_id: int

    @property
    def stream(self) -> str:
        """Return the run."""
        return f"external_events:run:{self.run_id}"
