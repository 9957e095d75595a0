"""What happens to attendees."""

from collections.abc import Sequence
from dataclasses import dataclass

from turnout.hooks import DomainEvent


@dataclass(frozen=True, slots=True)
class AttendeesDeleting(DomainEvent):
    """Attendees are about to be deleted with their users: whoever keeps something of theirs removes it now, or refuses.

    Deleting a single attendee does not tell it: that is refused as long as something depends on the attendee.
    """

    attendee_ids: Sequence[int]
