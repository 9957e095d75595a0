"""What happens to events."""

from dataclasses import dataclass

from turnout.hooks import DomainEvent


@dataclass(frozen=True, slots=True)
class EventCreated(DomainEvent):
    """An event was made."""

    event_id: int


@dataclass(frozen=True, slots=True)
class EventChanged(DomainEvent):
    """What is said of an event was changed; `fields` names what."""

    event_id: int
    fields: frozenset[str]


@dataclass(frozen=True, slots=True)
class EventPublished(DomainEvent):
    """An event can be seen and, in its sale windows, booked."""

    event_id: int


@dataclass(frozen=True, slots=True)
class EventCancelled(DomainEvent):
    """An event will not be held. Its bookings stay as they are: they say whom to tell and what to refund."""

    event_id: int


@dataclass(frozen=True, slots=True)
class EventPostponed(DomainEvent):
    """An event will be held at another time, not known yet; nothing is sold until it is published again."""

    event_id: int


@dataclass(frozen=True, slots=True)
class EventArchived(DomainEvent):
    """An event was put away."""

    event_id: int
