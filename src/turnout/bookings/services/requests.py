"""What somebody asks the booking primitive for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from turnout.security.actors import Actor


@dataclass(frozen=True, slots=True)
class Line:
    """One admission that is wanted; without a type, the event's first."""

    ticket_type_id: int | None = None
    name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A booking that is processing, its row locked by whoever decides it."""

    code: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class BookingRequest:
    """What somebody wants to book. `hold` asks for a booking that is to be confirmed later.

    `accepted` is the booking that is there already and waits to be decided; without it, a new one is made.
    `knows_attendee`: it has been seen to already that the actor knows who comes.
    """

    event_id: int
    actor: Actor
    lines: Sequence[Line] = (Line(),)
    attendee_id: int | None = None
    hold: bool = False
    accepted: Accepted | None = None
    knows_attendee: bool = False
