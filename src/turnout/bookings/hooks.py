"""What happens to bookings."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from turnout.hooks import DomainEvent


@dataclass(frozen=True, slots=True)
class BookingEvent(DomainEvent):
    """Something that happened to one booking.

    `quantity` is how many places it has, had, or would have had; `attendee_id` is None where nobody decided who comes.
    """

    booking_id: int
    event_id: int
    user_id: int
    attendee_id: int | None
    quantity: int

    @property
    def stream(self) -> str:
        """Return the booking."""
        return f"booking:{self.booking_id}"


@dataclass(frozen=True, slots=True)
class BookingPriced(DomainEvent):
    """A booking is about to be written, at this price: a subscriber says with `hold` that it is not good at once.

    It may be announced for one booking more than once, and for one that is then refused: subscribers write nothing.
    """

    event_id: int
    user_id: int
    quantity: int
    total_amount: Decimal
    currency: str
    holds: list[timedelta] = field(default_factory=list)

    def hold(self, time: timedelta) -> None:
        """Let its places be held for so long, until whoever says this lets it be fulfilled (`BookingService.fulfil`)."""
        self.holds.append(time)


@dataclass(frozen=True, slots=True)
class ConfirmationSought(DomainEvent):
    """Somebody is about to confirm a held booking: a subscriber raises a domain error while something is missing."""

    booking_id: int
    event_id: int
    total_amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class BookingHeld(BookingEvent):
    """Places are held until the booking is confirmed or its time is over."""


@dataclass(frozen=True, slots=True)
class BookingConfirmed(BookingEvent):
    """A booking is good, at once or after having been held."""


@dataclass(frozen=True, slots=True)
class BookingCancelled(BookingEvent):
    """A booking was cancelled; its places, if it had been decided and so had any, are free."""


@dataclass(frozen=True, slots=True)
class BookingExpired(BookingEvent):
    """A held booking was not confirmed in time; its places are free."""


@dataclass(frozen=True, slots=True)
class BookingFailed(BookingEvent):
    """A booking that had been accepted to be decided later got no places; `code` is the reason's."""

    code: str


@dataclass(frozen=True, slots=True)
class BookingResized(BookingEvent):
    """A booking has more or fewer places than before (`quantity_before`)."""

    quantity_before: int


@dataclass(frozen=True, slots=True)
class PlacesClaimed(DomainEvent):
    """Places of an event were taken."""

    event_id: int
    places: int


@dataclass(frozen=True, slots=True)
class PlacesReleased(DomainEvent):
    """Places of an event are free again."""

    event_id: int
    places: int


@dataclass(frozen=True, slots=True)
class BookingRefused(DomainEvent):
    """A booking was not made, and whoever asked is told so now; `code` is the reason's."""

    event_id: int
    code: str
