"""When a source is asked again about an event."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

SOON = timedelta(days=3)
OFTENER = 4
"""How much more often an event is looked at that begins, or ends, soon."""


def leeway(settings: Mapping[str, Any]) -> timedelta:
    """Return how much before their time events are looked at that are read together with one whose time has come.

    It is less than the shortest pause, so that none is looked at twice in one go.
    """
    pause = timedelta(hours=settings["external_events.refresh_hours"])
    return pause / OFTENER / 2


def next_refresh(ends_at: datetime, now: datetime, settings: Mapping[str, Any]) -> datetime | None:
    """Return when an event is looked at again; None: it is over, and stays as it is."""
    if ends_at <= now:
        return None
    pause = timedelta(hours=settings["external_events.refresh_hours"])
    return now + (pause / OFTENER if ends_at - now <= SOON else pause)
