"""What can be done with bookings."""

from turnout.bookings.services.book import Booker
from turnout.bookings.services.box_office import BoxOffice
from turnout.bookings.services.catalog import BookingCatalog
from turnout.bookings.services.intake import Intake
from turnout.bookings.services.requests import BookingRequest, Line
from turnout.bookings.services.transitions import BookingService

__all__ = ["Booker", "BookingCatalog", "BookingRequest", "BookingService", "BoxOffice", "Intake", "Line"]
