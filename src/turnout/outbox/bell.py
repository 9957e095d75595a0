"""Waking this process's workers when there is work."""

import threading
from collections import Counter
from collections.abc import Iterable


class Bell:
    """Rung for some queues after a commit; a worker that was busy meanwhile hears it afterwards."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._rings: Counter[str] = Counter()

    def ring(self, queues: Iterable[str]) -> None:
        """Wake everybody who waits for one of `queues`."""
        with self._condition:
            self._rings.update(queues)
            self._condition.notify_all()

    def rings(self, queue: str) -> int:
        """Return how often it has rung for a queue."""
        return self._rings[queue]

    def wait(self, queue: str, heard: int, seconds: float) -> None:
        """Wait until it has rung for a queue more often than `heard` times, or some seconds have passed."""
        with self._condition:
            self._condition.wait_for(lambda: self._rings[queue] > heard, seconds)
