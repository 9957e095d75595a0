"""What happens to the demo."""

from dataclasses import dataclass

from turnout.hooks import DomainEvent


@dataclass(frozen=True, slots=True)
class DemoLoaded(DomainEvent):
    """The demo was loaded, in this transaction: plugins add their part; `booking_ids` are those of its bookings."""

    booking_ids: list[int]
