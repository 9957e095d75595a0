"""What a worker has taken of a queue and not begun: shared by its threads, so that none is idle while another is busy."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from turnout.outbox.queue import Work


class Hand:
    """Is filled by `take` whenever it is empty. What nobody begins for a while goes back, for other workers."""

    def __init__(self, take: Callable[[], Sequence[Work]], give_back: Callable[[Sequence[Work]], None]) -> None:
        self._take = take
        self._give_back = give_back
        self._works: deque[Work] = deque()
        self._taken_at = 0.0
        self._lock = threading.Lock()

    def next(self) -> Work | None:
        """Return what to do next, or None: nothing is due."""
        with self._lock:
            if not self._works:
                self._works.extend(self._take())
                self._taken_at = time.monotonic()
            return self._works.popleft() if self._works else None

    def is_empty(self) -> bool:
        """Tell whether nothing is left of what was taken."""
        return not self._works

    def give_back(self, after: float = 0) -> None:
        """Give back what nobody has begun within `after` seconds."""
        with self._lock:
            if self._works and time.monotonic() >= self._taken_at + after:
                works = list(self._works)
                self._works.clear()
                self._give_back(works)
