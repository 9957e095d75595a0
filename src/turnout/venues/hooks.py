"""What happens to venues."""

from dataclasses import dataclass

from turnout.hooks import DomainEvent


@dataclass(frozen=True, slots=True)
class VenueChanged(DomainEvent):
    """The name, address, city, country or capacity of a venue was changed, which its events repeat or depend on.

    A subscriber brings them up to date, or refuses the change by raising a domain error.
    """

    venue_id: int
