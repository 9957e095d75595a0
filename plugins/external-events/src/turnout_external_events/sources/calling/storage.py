"""Where counts and answers are kept: in this process, or in Redis, where all processes share them.

While Redis does not answer, each process counts and remembers for itself.
"""

from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar

import structlog
from cachetools import TTLCache
from dogpile.cache import CacheRegion, make_region
from dogpile.cache.api import NO_VALUE
from dogpile.cache.proxy import ProxyBackend
from limits import RateLimitItem
from limits.errors import ConfigurationError, StorageError
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter
from turnout.plugin import StartError

MEMORY = "memory://"
PATIENCE = 1
"""Seconds that Redis may take to answer."""
_PREFIX = "turnout:external-events:"

T = TypeVar("T")
log = structlog.get_logger()


class Counts:
    """Counts what happened within moving windows of time; `storage` is the setting ``external_events.storage``."""

    def __init__(self, storage: str) -> None:
        self._own = self._shared = MovingWindowRateLimiter(MemoryStorage())
        if storage != MEMORY:
            self._shared = MovingWindowRateLimiter(_redis(storage))

    def hit(self, limit: RateLimitItem, name: str) -> bool:
        """Count one more of `name`, unless there were as many as `limit` allows; tell whether it was counted."""
        return self._ask(lambda limiter: limiter.hit(limit, name))

    def more_at(self, limit: RateLimitItem, name: str) -> float:
        """Return when one more is allowed, as `time.time` has it."""
        return self._ask(lambda limiter: limiter.get_window_stats(limit, name).reset_time)

    def _ask(self, question: Callable[[MovingWindowRateLimiter], T]) -> T:
        try:
            return question(self._shared)
        except StorageError as error:
            log.warning("calls to sources are counted by this process alone", error=repr(error.storage_error))
            return question(self._own)


class Shelf:
    """Bytes that this process keeps for so many `seconds`, and not more than `most_bytes` of them."""

    def __init__(self, seconds: float, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._values: TTLCache[str, bytes] = TTLCache(most_bytes, seconds, getsizeof=len)
        self._lock = Lock()

    def get(self, key: str, default: Any) -> Any:
        """Return what is kept by `key`."""
        with self._lock:
            return self._values.get(key, default)

    def __setitem__(self, key: str, value: bytes) -> None:
        if len(value) <= self._most_bytes:
            with self._lock:
                self._values[key] = value


def make_memory(storage: str, seconds: int, most_bytes: int) -> CacheRegion:
    """Return what remembers bytes for so many `seconds`: in this process not more than `most_bytes`. Raises `StartError`."""
    shelf = Shelf(seconds, most_bytes)
    region = make_region(key_mangler=_PREFIX.__add__, serializer=_as_it_is, deserializer=_as_it_is)
    if storage == MEMORY:
        return region.configure("dogpile.cache.memory", seconds, {"cache_dict": shelf})
    _redis(storage)  # raises `StartError` for what is no address
    arguments = {
        "url": storage.replace("redis+unix", "unix"),
        "socket_timeout": PATIENCE,
        "socket_connect_timeout": PATIENCE,
    }
    return region.configure("dogpile.cache.redis", seconds, arguments, wrap=[_Alone(shelf, seconds)])


class _Alone(ProxyBackend):
    """Remembers for so many `seconds` in Redis, and in this process while that does not answer."""

    proxied: Any  # dogpile's `RedisBackend`, which has no types

    def __init__(self, shelf: Shelf, seconds: int) -> None:
        from redis import RedisError

        super().__init__()  # type: ignore[no-untyped-call]
        self._shelf = shelf
        self._seconds = seconds
        self._errors = RedisError

    def get_serialized(self, key: str) -> Any:
        try:
            return self.proxied.get_serialized(key)
        except self._errors as error:
            log.warning("what sources answered is remembered by this process alone", error=repr(error))
            return self._shelf.get(key, NO_VALUE)

    def set_serialized(self, key: str, value: bytes) -> None:
        try:
            # What dogpile has for this, `setex`, is deprecated by Redis's client.
            self.proxied.writer_client.set(key, value, ex=self._seconds)
        except self._errors as error:
            log.warning("what sources answered is remembered by this process alone", error=repr(error))
            self._shelf[key] = value


def _as_it_is(value: bytes) -> bytes:
    """Return what was answered: it is JSON already, and read anew by each who asks, so that nobody changes another's."""
    return value


def _redis(url: str) -> RedisStorage:
    try:
        return RedisStorage(url, wrap_exceptions=True, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
    except ConfigurationError:
        raise StartError(
            "Setting external_events.storage names Redis, whose client is not installed: pip install 'turnout[redis]'."
        ) from None
    except ValueError:  # what it says may quote the password
        raise StartError(
            "Setting external_events.storage is no address of Redis, such as redis://localhost:6379/0."
        ) from None
