"""What happens to answers to invitations."""

from dataclasses import dataclass

from turnout.hooks import DomainEvent


@dataclass(frozen=True, slots=True)
class EventFollowed(DomainEvent):
    """A user follows an event without holding a place."""

    user_id: int
    event_id: int
