"""What happens to events."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from turnout.hooks import DomainEvent


@dataclass(frozen=True, slots=True)
class EventHappening(DomainEvent):
    """Something that happened to one event."""

    event_id: int

    @property
    def stream(self) -> str:
        """Return the event."""
        return f"event:{self.event_id}"


@dataclass(frozen=True, slots=True)
class EventCreated(EventHappening):
    """An event was made."""


@dataclass(frozen=True, slots=True)
class EventChanged(EventHappening):
    """What is said of an event was changed; `fields` names what is different now, by the names of the API."""

    fields: frozenset[str]


@dataclass(frozen=True, slots=True)
class OfferChanged(DomainEvent):
    """How many places of an event are sold, of what kind or when, may be different now; its pool is locked."""

    event_id: int


@dataclass(frozen=True, slots=True)
class EventPublished(EventHappening):
    """An event can be seen and, in its sale windows, booked; `was_postponed`: again, it has a date now."""

    was_postponed: bool = False


@dataclass(frozen=True, slots=True)
class EventCancelled(EventHappening):
    """An event will not be held. Its bookings stay as they are: they say whom to tell and what to refund."""


@dataclass(frozen=True, slots=True)
class EventPostponed(EventHappening):
    """An event will be held at another time, not known yet; nothing is sold until it is published again."""


@dataclass(frozen=True, slots=True)
class TransitionForeseen(DomainEvent):
    """Somebody wants to know what it would mean if an event became `status`: a subscriber says it with `say`."""

    event_id: int
    status: str
    said: list[str] = field(default_factory=list)

    def say(self, sentence: str) -> None:
        """Say what else would happen, or stay as it is."""
        self.said.append(sentence)


@dataclass(frozen=True, slots=True)
class EventArchived(EventHappening):
    """An event was put away."""


@dataclass(frozen=True, slots=True)
class EventsDeleting(DomainEvent):
    """Events are about to be deleted, and are still there: whoever keeps something of theirs removes it now, or refuses.

    One that people have booked is not deleted after all; what was done by then is undone.
    """

    event_ids: Sequence[int]
