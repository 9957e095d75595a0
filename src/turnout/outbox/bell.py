"""Waking this process's workers when there is work."""

import threading


class Bell:
    """Rung after a commit; a worker that was busy meanwhile hears it afterwards."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self.rings = 0

    def ring(self) -> None:
        """Wake everybody who waits."""
        with self._condition:
            self.rings += 1
            self._condition.notify_all()

    def wait(self, heard: int, seconds: float) -> None:
        """Wait until it has rung more often than `heard` times, or some seconds have passed."""
        with self._condition:
            self._condition.wait_for(lambda: self.rings > heard, seconds)
