"""What a source has said that still stands, so that asking again would be in vain: that its quota is spent, or the key no good."""

import time

import orjson
from dogpile.cache import CacheRegion
from dogpile.cache.api import NO_VALUE

from turnout_external_events.sources.contract import KeyRefused, QuotaSpent

LONGEST = 24 * 60 * 60
"""Seconds for which what was said is believed at most: quotas are of a day."""
KEY_SECONDS = 60
"""For how long nothing is asked with a key that was refused."""


class Standing:
    """Remembers the last refusal of `name`, which whoever shares the memory knows of, too."""

    def __init__(self, memory: CacheRegion, name: str) -> None:
        self._memory = memory
        self._key = f"standing:{name}"

    def check(self) -> None:
        """Raise the refusal that still stands: `QuotaSpent`, `KeyRefused`."""
        known = self._memory.get(self._key)
        if known is NO_VALUE:
            return
        said = orjson.loads(known)
        seconds = said["until"] - time.time()
        if seconds <= 0:
            return
        raise KeyRefused(said["message"]) if said["is_key"] else QuotaSpent(said["message"], seconds)

    def note(self, error: KeyRefused | QuotaSpent) -> None:
        """Let a refusal stand."""
        is_key = isinstance(error, KeyRefused)
        seconds = KEY_SECONDS if isinstance(error, KeyRefused) else min(error.seconds, LONGEST)
        said = {"is_key": is_key, "message": str(error), "until": time.time() + seconds}
        self._memory.set(self._key, orjson.dumps(said))
