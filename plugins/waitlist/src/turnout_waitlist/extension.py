"""What waiting lists add to events: ``extensions.waitlist`` in their JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

from turnout_waitlist.services import WaitlistRegister


def read(event_ids: Sequence[int], register: WaitlistRegister) -> Mapping[int, Mapping[str, Any]]:
    """Return how many wait for events, in one statement however many events they are."""
    return register.of_events(event_ids)


def write(event_id: int, values: Mapping[str, Any], register: WaitlistRegister) -> None:
    """Let people join an event's list, or nobody any more; what is left out stays as it is."""
    if "is_open" in values:
        register.open(event_id, is_open=values["is_open"])
