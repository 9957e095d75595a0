"""What calendars show, and the links by which they read it."""

from turnout.calendars.services.bookings import BookingCalendars, status_of
from turnout.calendars.services.entries import Appointment, Entry, booking_entry, write
from turnout.calendars.services.events import EventCalendars
from turnout.calendars.services.links import CalendarLinks

__all__ = [
    "Appointment",
    "BookingCalendars",
    "CalendarLinks",
    "Entry",
    "EventCalendars",
    "booking_entry",
    "status_of",
    "write",
]
