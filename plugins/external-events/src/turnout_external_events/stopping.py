"""Being told to stop, by Ctrl-C or SIGTERM, where something is under way that is better finished than broken off."""

import os
import signal
import time
from types import FrameType, TracebackType
from typing import Any, Self

SIGNALS = (signal.SIGINT, signal.SIGTERM)
GLANCE = 0.1
"""Seconds between two looks at whether to stop."""
SAID = b"\nStopping as soon as this step is done; Ctrl-C again ends it at once.\n"


class Stopping:
    """Within it, a signal to stop is only noted: `is_wanted`. A second one ends the process at once.

    No exception is thrown into whatever runs just then: it might be the middle of a transaction, or of cleaning up.
    """

    def __init__(self) -> None:
        self.is_wanted = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        self._before = {each: signal.signal(each, self._note) for each in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for each, before in self._before.items():
            signal.signal(each, before)

    def wait(self, seconds: float) -> None:
        """Wait so long, or until it is to stop."""
        until = time.monotonic() + seconds
        while not self.is_wanted and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, GLANCE))

    def _note(self, _signal: int, _frame: FrameType | None) -> None:
        self.is_wanted = True
        for each in SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        os.write(2, SAID)  # what is buffered, or drawn by others, must not be written to from here
