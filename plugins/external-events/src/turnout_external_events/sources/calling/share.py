"""Our own share of a source: how many calls are made in a second, and in a day."""

import random
import time

from limits import RateLimitItemPerDay, RateLimitItemPerSecond

from turnout_external_events.sources.calling.storage import Counts
from turnout_external_events.sources.contract import Pace, QuotaSpent, Unavailable

SPREAD = 0.02
"""Seconds by which those who wait for the same turn come one after the other."""


class Share:
    """Counts the calls of `name`, which whoever shares a storage counts together.

    Those for whom somebody waits have half of a day's calls at most: whatever visitors look for, the other half is
    left for what works in the background.
    """

    def __init__(self, title: str, name: str, counts: Counts, per_second: int, per_day: int) -> None:
        self._title = title
        self._name = name
        self._counts = counts
        self._second = RateLimitItemPerSecond(per_second)
        self._day = RateLimitItemPerDay(per_day)
        self._quick_day = RateLimitItemPerDay(max(1, per_day // 2))

    def take(self, deadline: float, pace: Pace) -> None:
        """Wait for the turn to make a call, until `deadline` (`time.monotonic`) at most.

        Raises `QuotaSpent` when the day's calls are made, `Unavailable` when the turn would come too late.
        """
        if pace is not Pace.STEADY:
            self._take_of_day(self._quick_day, f"{self._name}:quick")
        while not self._counts.hit(self._second, self._name):
            until = self._counts.more_at(self._second, self._name)
            pause = max(0, until - time.time()) + random.uniform(0, SPREAD)  # noqa: S311 - no secret
            if time.monotonic() + pause > deadline:
                raise Unavailable(f"{self._title} is asked too often just now.", pause)
            time.sleep(pause)
        self._take_of_day(self._day, self._name)

    def _take_of_day(self, day: RateLimitItemPerDay, name: str) -> None:
        if not self._counts.hit(day, name):
            seconds = max(1, self._counts.more_at(day, name) - time.time())
            raise QuotaSpent(f"As many calls were made to {self._title} as a day is to have.", seconds)
