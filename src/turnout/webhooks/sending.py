"""Sending a message: one POST to a checked address, within a time limit over all of it.

The name in a webhook's address is looked up by us, each address found is checked, and the connection goes to one of
these very addresses, so that a name that leads elsewhere a moment later (DNS rebinding) gains nothing. TLS is verified for
the name as ever. `httpcore2` is what httpx2 sends with; its network backend is where both can be done, and beneath httpx2
there are no redirects, no proxies, no .netrc, no cookies and no decompression. Each message has a connection of its own:
one that was verified for a name must not be used for another name with the same address.
"""

import re
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import httpcore2

from turnout.webhooks.addresses import Address, Resolve, Target, is_public, require_allowed, resolve, resolve_within
from turnout.webhooks.models import MOST_OF_RESPONSE

LONGEST_RETRY_AFTER = timedelta(hours=1)


class Refused(Exception):
    """The message was not sent, and why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a message: the receiver's `status` and the beginning of its `text`, or an `error` in plain words."""

    status: int | None = None
    text: str = ""
    error: str = ""
    retry_after: timedelta = timedelta(0)
    """How long the receiver wants to be left alone; an hour at most."""

    @property
    def is_success(self) -> bool:
        """Tell whether the receiver has taken the message."""
        return self.status is not None and HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def is_gone(self) -> bool:
        """Tell whether the receiver wants no more messages, ever."""
        return self.status == HTTPStatus.GONE


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
class _Network(httpcore2.NetworkBackend):
    """Connects to checked addresses only."""

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
            raise Refused("The host name could not be found.") from None
        if not addresses:
            raise Refused("The host name could not be found.")
        if not all(map(self.allows, addresses)):
            raise Refused("The host name leads to an address that is private or reserved.")
        return addresses


class Sender:
    """Posts messages to webhooks' addresses. `private` allows addresses that are not public, and plain http."""

    def __init__(
        self,
        user_agent: str,
        *,
        seconds: float = 10,
        private: bool = False,
        resolve: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.user_agent = user_agent
        self.seconds = seconds
        self.private = private
        self.resolve = resolve
        self._tls = tls

    def allows(self, address: Address) -> bool:
        """Tell whether an address may be called."""
        return self.private or is_public(address)

    def send(self, url: str, headers: Mapping[str, str], body: bytes, now: datetime) -> Answer:
        """Post a message and return what became of it, whatever that is. No database transaction may be open meanwhile."""
        try:
            target = Target.of(url)
            require_allowed(target, private=self.private)
        except ValueError as error:
            return Answer(error=f"The address {error}.")
        try:
            return self._post(target, headers, body, now)
        except Refused as error:
            return Answer(error=str(error))
        except (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError) as error:
            return Answer(error=self._told(error))

    def _post(self, target: Target, headers: Mapping[str, str], body: bytes, now: datetime) -> Answer:
        deadline = Deadline(self.seconds)
        scheme, host = target.scheme.encode(), target.host.encode()
        connection = httpcore2.HTTPConnection(
            origin=httpcore2.Origin(scheme, host, target.port),
            ssl_context=self._context() if target.scheme == "https" else None,
            network_backend=_Network(self.allows, self.resolve, deadline),
        )
        request = httpcore2.Request(
            b"POST",
            httpcore2.URL(scheme=scheme, host=host, port=target.port, target=target.path.encode()),
            headers=[
                (b"Host", target.authority.encode()),
                (b"User-Agent", self.user_agent.encode()),
                (b"Content-Type", b"application/json"),
                (b"Content-Length", str(len(body)).encode()),
                (b"Accept-Encoding", b"identity"),
                (b"Connection", b"close"),
                *((name.encode(), value.encode()) for name, value in headers.items()),
            ],
            content=body,
        )
        try:
            response = connection.handle_request(request)
            wanted = next((value for name, value in response.headers if name.lower() == b"retry-after"), b"")
            return Answer(response.status, _beginning(response), retry_after=_retry_after(wanted, now))
        finally:
            connection.close()

    def _context(self) -> ssl.SSLContext:
        # Made once: reading the system's certificates takes some 20 ms.
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls

    def _told(self, error: Exception) -> str:
        cause = error.__cause__
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"The receiver's certificate was refused: {cause.verify_message.rstrip('.')}."
        if isinstance(cause, ssl.SSLError):
            return "No TLS connection could be made with the receiver."
        if isinstance(error, httpcore2.TimeoutException):
            return f"The receiver did not answer within {self.seconds:g} seconds."
        if isinstance(error, httpcore2.ConnectError):
            return "The receiver could not be connected to."
        if isinstance(error, httpcore2.NetworkError):
            return "The connection broke off before the receiver had answered."
        return "The receiver did not answer as HTTP wants it."


def _beginning(response: httpcore2.Response) -> str:
    """Return the beginning of what was answered. What breaks off there does not matter: the status has come."""
    found = b""
    try:
        for chunk in response.iter_stream():
            found += chunk
            if len(found) >= MOST_OF_RESPONSE:
                break
    except (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError):
        pass
    # Nothing that a database cannot keep, and no control characters for whoever reads it in a terminal.
    return re.sub(r"[^\t\n\r\x20-\x7e\xa0-\U0010ffff]", "\ufffd", found[:MOST_OF_RESPONSE].decode("utf-8", "replace"))


def _retry_after(value: bytes, now: datetime) -> timedelta:
    """Return how long ``Retry-After`` (RFC 9110, section 10.2.3: seconds, or a date) wants us to wait, within reason."""
    text = value.decode("latin-1").strip()
    if re.fullmatch("[0-9]{1,9}", text):
        wanted = timedelta(seconds=int(text))
    else:
        try:
            wanted = parsedate_to_datetime(text) - now
        except (ValueError, TypeError):
            return timedelta(0)
    return min(max(wanted, timedelta(0)), LONGEST_RETRY_AFTER)
