"""Connections to checked addresses, within a time limit over all that happens on them."""

import ssl
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import httpcore2

from turnout.outgoing.addresses import Address, Resolve, resolve_within


class CallFailed(Exception):
    """A call came to nothing, or was not made; the text says why, in words for people."""


class Deadline:
    """A moment after which nothing is waited for."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left. Raises `httpcore2.TimeoutException` if there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise httpcore2.ReadTimeout
        return left


class _Stream(httpcore2.NetworkStream):
    """A connection whose every operation ends at the deadline, however little it waits for each single byte."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - the protocol's
        return self._stream.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - the protocol's
        self._stream.write(buffer, self._deadline.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - the protocol's
    ) -> httpcore2.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, self._deadline.left()), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


@dataclass(frozen=True, slots=True)
class Network(httpcore2.NetworkBackend):
    """Connects to those addresses of a name that `allows` has checked, and only if it allows all of them.

    The name is looked up by us, and the connection goes to one of these very addresses, so that a name that leads elsewhere
    a moment later (DNS rebinding) gains nothing. Raises `CallFailed`, and what httpcore2 raises.
    """

    allows: Callable[[Address], bool]
    resolve: Resolve
    deadline: Deadline
    system: httpcore2.NetworkBackend = field(default_factory=httpcore2.SyncBackend)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the protocol's
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to one of the checked addresses of `host`, the first that answers."""
        failed: Exception = httpcore2.ConnectError()
        for address in self._checked(host, port):
            try:
                stream = self.system.connect_tcp(
                    str(address), port, self.deadline.left(), local_address, socket_options
                )
            except httpcore2.ConnectError as error:
                failed = error  # a name may have an address that is not served, such as one of IPv6
            else:
                return _Stream(stream, self.deadline)
        raise failed

    def _checked(self, host: str, port: int) -> Iterable[Address]:
        try:
            addresses = resolve_within(self.deadline.left(), self.resolve, host, port)
        except TimeoutError:
            raise httpcore2.ConnectTimeout from None
        except (OSError, UnicodeError):
            raise CallFailed("The host name could not be found.") from None
        if not addresses:
            raise CallFailed("The host name could not be found.")
        if not all(map(self.allows, addresses)):
            raise CallFailed("The host name leads to an address that is private or reserved.")
        return addresses
