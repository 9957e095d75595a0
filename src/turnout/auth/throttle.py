"""How often somebody may try to sign in: failures are counted, for an account from one address, and for an address alone.

Never for an account alone: whoever knows a name could then lock its owner out, from anywhere.
"""

import ipaddress
import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self, TypeVar

import structlog
from limits import RateLimitItem, parse_many
from limits.errors import ConfigurationError, StorageError
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter

from turnout.auth.tokens import hash_token
from turnout.errors import StartError, TooManyAttempts

MEMORY = "memory://"
REDIS = ("redis://", "rediss://", "redis+unix://")
PATIENCE = 1
"""Seconds that Redis may take to answer."""

T = TypeVar("T")
log = structlog.get_logger()


class Throttle:
    """Counts failures to sign in, in this process or in Redis, where all processes share them.

    A count begins with the first failure and is forgotten when its time is over. While Redis does not answer, this
    process counts for itself. `account` and `address` are limits as the library writes them, "5 per minute; 20 per hour".
    """

    def __init__(self, account: str, address: str, storage: str) -> None:
        self._account = parse_many(account)
        self._address = parse_many(address)
        self._own = self._shared = FixedWindowRateLimiter(MemoryStorage())
        if storage != MEMORY:
            self._shared = FixedWindowRateLimiter(_redis(storage))

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """Return what the settings ask for. Raises `StartError` for a storage that cannot be used."""
        return cls(*(settings[f"auth.throttle_{name}"] for name in ("account", "address", "storage")))

    def check(self, account: str, address: str | None) -> None:
        """Raise `TooManyAttempts` for whoever has failed too often to try again now."""
        seconds = self._ask(lambda limiter: max(self._waits(limiter, account, address), default=0))
        if seconds > 0:
            log.info("too many attempts to sign in", address=network(address))
            raise TooManyAttempts(seconds)

    def failed(self, account: str, address: str | None) -> None:
        """Count a failure."""
        self._ask(lambda limiter: [limiter.hit(*limit) for limit in self._limits(account, address)])

    def succeeded(self, account: str, address: str | None) -> None:
        """Forget the failures of an account from one address; those of the address stay, which may be those of others."""

        def clear(limiter: FixedWindowRateLimiter) -> None:
            for limit in self._account_limits(account, address):
                limiter.clear(*limit)

        self._ask(clear)

    def _waits(self, limiter: FixedWindowRateLimiter, account: str, address: str | None) -> Iterator[int]:
        for limit in self._limits(account, address):
            if not limiter.test(*limit):
                yield max(1, math.ceil(limiter.get_window_stats(*limit).reset_time - time.time()))

    def _limits(self, account: str, address: str | None) -> Iterator[tuple[RateLimitItem, str]]:
        yield from self._account_limits(account, address)
        for limit in self._address:
            yield limit, network(address)

    def _account_limits(self, account: str, address: str | None) -> Iterator[tuple[RateLimitItem, str]]:
        # A hash: a name may have any characters, and many of them.
        key = hash_token(f"{network(address)}\n{account}").hex()
        for limit in self._account:
            yield limit, key

    def _ask(self, question: Callable[[FixedWindowRateLimiter], T]) -> T:
        try:
            return question(self._shared)
        except StorageError as error:
            log.warning("sign-in attempts are counted by this process alone", error=repr(error.storage_error))
            return question(self._own)


def network(address: str | None) -> str:
    """Return what counts as one address: for IPv6 the /64 network, all of which one customer has."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return str(address)  # a Unix socket's
    if isinstance(found, ipaddress.IPv6Address):
        found = found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False).network_address
    return str(found)


def _redis(url: str) -> RedisStorage:
    try:
        return RedisStorage(url, wrap_exceptions=True, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
    except ConfigurationError:
        raise StartError(
            "Setting auth.throttle_storage names Redis, whose client is not installed: pip install 'turnout[redis]'."
        ) from None
    except ValueError:  # what it says may quote the password
        raise StartError(
            "Setting auth.throttle_storage is no address of Redis, such as redis://localhost:6379/0."
        ) from None
