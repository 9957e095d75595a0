"""What happens to attendees."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Select

from turnout.hooks import DomainEvent


@dataclass(frozen=True, slots=True)
class AttendeesDeleting(DomainEvent):
    """Attendees are about to be deleted: whoever keeps something of theirs removes it now, or refuses.

    One who still has bookings is not deleted after all; what was removed by then is there again.
    """

    attendee_ids: Sequence[int]


@dataclass(frozen=True, slots=True)
class AcquaintancesSought(DomainEvent):
    """Somebody wants to know which attendees an organizer knows: a subscriber adds a statement that gives their ids."""

    user_id: int
    found: list[Select[int | None]] = field(default_factory=list)
