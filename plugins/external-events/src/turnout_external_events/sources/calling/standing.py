"""What a source has said that still stands: that its quota is spent, or the key no good, so that asking again would be in vain."""

import time
from typing import Any

import orjson
import structlog
from dogpile.cache import CacheRegion
from dogpile.cache.api import NO_VALUE

from turnout_external_events.sources.contract import KeyRefused, QuotaSpent

LONGEST = 24 * 60 * 60
"""Seconds for which what was said is believed at most: quotas are of a day."""
KEY_SECONDS = 60
"""For how long nothing is asked with a key that was refused."""

log = structlog.get_logger()


class Standing:
    """Remembers the last refusal of `name`, which whoever shares the memory knows of, too."""

    def __init__(self, memory: CacheRegion, name: str) -> None:
        self._memory = memory
        self._name = name
        self._until = f"standing:{name}"
        self._key = f"key:{name}"

    def check(self) -> None:
        """Raise the refusal that still stands: `QuotaSpent`, `KeyRefused`."""
        said = self._known(self._until)
        seconds = said["until"] - time.time() if said else 0
        if seconds > 0:
            raise KeyRefused(said["message"]) if said["is_key"] else QuotaSpent(said["message"], seconds)

    def refused_key(self) -> str | None:
        """Return what was said when the key was refused, if nothing was answered since; it may be asked again all the same."""
        said = self._known(self._key)
        return said["message"] if said else None

    def note(self, error: KeyRefused | QuotaSpent) -> None:
        """Let a refusal stand."""
        is_key = isinstance(error, KeyRefused)
        seconds = KEY_SECONDS if isinstance(error, KeyRefused) else min(error.seconds, LONGEST)
        said = {"is_key": is_key, "message": str(error), "until": time.time() + seconds}
        self._memory.set(self._until, orjson.dumps(said))
        if is_key:
            self._memory.set(self._key, orjson.dumps(said))
            log.error("a source refuses its key", source=self._name.partition(":")[0], reason=str(error))

    def answered(self) -> None:
        """Note that the key is good."""
        if self.refused_key() is not None:
            self._memory.set(self._key, orjson.dumps({}))

    def _known(self, key: str) -> dict[str, Any]:
        """Return what was noted, nothing where nothing was."""
        known = self._memory.get(key)
        said: dict[str, Any] = {} if known is NO_VALUE else orjson.loads(known)
        return said
