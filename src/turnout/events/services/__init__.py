"""What can be done with events."""

from turnout.events.services.catalog import EventCatalog
from turnout.events.services.events import EventService, remind_at

__all__ = ["EventCatalog", "EventService", "remind_at"]
