"""How often each user may let sources be asked while somebody waits: what a day has of calls is for all."""

import math
import time

from limits import RateLimitItemPerMinute
from turnout.plugin import Actor, Settings

from turnout_external_events.errors import TooManySearches
from turnout_external_events.sources.calling.storage import Counts


class SearchAllowance:
    """Counts for each user what may cause calls to sources, answers out of memory included; one for the whole application."""

    def __init__(self, settings: Settings) -> None:
        self._counts = Counts(settings["external_events.storage"])
        self._most = RateLimitItemPerMinute(settings["external_events.searches_per_minute"])

    def take(self, actor: Actor) -> None:
        """Count one more. Raises `TooManySearches` for whoever has had as many within a minute as one may."""
        name = f"searches:{actor.user_id}"
        if not self._counts.hit(self._most, name):
            raise TooManySearches(max(1, math.ceil(self._counts.more_at(self._most, name) - time.time())))
