"""How often the fake may be called."""

import math
from collections import deque
from collections.abc import Callable
from threading import Lock

SECONDS_OF_A_DAY = 86_400


class Limits:
    """Counts calls: `per_second` and `per_day` of them are answered, None: all. `now` tells the time, as `time.time` does.

    Days are those of UTC.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self.per_second: int | None = None
        self.per_day: int | None = None
        self._now = now
        self._lock = Lock()
        self._last: deque[float] = deque()
        self._day = (0, 0)

    def take(self) -> int | None:
        """Count a call, and return None; or in how many seconds there are more, if it was one too many."""
        with self._lock:
            now = self._now()
            day = int(now // SECONDS_OF_A_DAY)
            calls = self._day[1] if self._day[0] == day else 0
            if self.per_day is not None and calls >= self.per_day:
                return math.ceil((day + 1) * SECONDS_OF_A_DAY - now)
            while self._last and self._last[0] <= now - 1:
                self._last.popleft()
            if self.per_second is not None and len(self._last) >= self.per_second:
                return 1
            self._last.append(now)
            self._day = day, calls + 1
            return None
