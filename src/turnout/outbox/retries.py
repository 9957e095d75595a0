"""When failed work is tried again."""

import random
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Retry:
    """How often work is tried, and the pauses between: each is twice the one before, up to the longest, and jittered.

    `first` and `longest` are seconds. Jitter takes up to half of a pause away, so that what failed together is not all
    tried again together (as in https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/).
    """

    attempts: int = 20
    first: float = 5
    longest: float = 3600

    def pause(self, attempts: int) -> timedelta | None:
        """Return how long to wait after so many attempts, or None: that was the last."""
        if attempts >= self.attempts:
            return None
        longest = min(self.first * 2.0 ** min(attempts - 1, 64), self.longest)
        return timedelta(seconds=longest * random.uniform(0.5, 1))
