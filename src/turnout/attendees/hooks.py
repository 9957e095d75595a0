"""What happens to attendees."""

from collections.abc import Sequence
from dataclasses import dataclass

from turnout.hooks import DomainEvent


@dataclass(frozen=True, slots=True)
class AttendeesDeleting(DomainEvent):
    """Attendees are about to be deleted: whoever keeps something of theirs removes it now, or refuses.

    One who still has bookings is not deleted after all; what was removed by then is there again.
    """

    attendee_ids: Sequence[int]
