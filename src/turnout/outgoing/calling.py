"""Calls to addresses that others have named: one request to a checked address, within a time limit over all of it.

TLS is verified for the name as ever. `httpcore2` is what httpx2 sends with; its network backend is where addresses are
checked and the limit is kept, and beneath httpx2 there are no redirects, no proxies, no .netrc, no cookies and no
decompression. Each call has a connection of its own: one that was verified for a name must not be used for another name
with the same address.
"""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpcore2

from turnout.outgoing.addresses import Address, Resolve, Target, is_public, require_allowed, resolve
from turnout.outgoing.network import CallFailed, Deadline, Network


class Caller:
    """Calls addresses. `private` allows addresses that are not public, and plain http; `called` is what errors call the other side."""

    def __init__(
        self,
        user_agent: str,
        *,
        called: str = "server",
        private: bool = False,
        resolve: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.user_agent = user_agent
        self.called = called
        self.private = private
        self.resolve = resolve
        self._tls = tls

    def allows(self, address: Address) -> bool:
        """Tell whether an address may be called."""
        return self.private or is_public(address)

    def target(self, url: str) -> Target:
        """Read an address. Raises `CallFailed` where it can be seen without a look into the DNS that it is never called."""
        try:
            target = Target.of(url)
            require_allowed(target, private=self.private)
        except ValueError as error:
            raise CallFailed(f"The address {error}.") from None
        return target

    @contextmanager
    def call(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes = b"", *, seconds: float
    ) -> Iterator[httpcore2.Response]:
        """Make a call and give what is answered, its body unread; `seconds` are for all of it, reading the body too.

        Raises `CallFailed`, also for what goes wrong while the body is read. No database transaction may be open meanwhile.
        """
        target = self.target(url)
        scheme, host = target.scheme.encode(), target.host.encode()
        connection = httpcore2.HTTPConnection(
            origin=httpcore2.Origin(scheme, host, target.port),
            ssl_context=self._context() if target.scheme == "https" else None,
            network_backend=Network(self.allows, self.resolve, Deadline(seconds)),
        )
        request = httpcore2.Request(
            method.encode(),
            httpcore2.URL(scheme=scheme, host=host, port=target.port, target=target.path.encode()),
            headers=[(name.encode(), value.encode()) for name, value in self._headers(target, headers, content)],
            content=content,
        )
        try:
            yield connection.handle_request(request)
        except (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError) as error:
            raise CallFailed(self._told(error, seconds)) from error
        finally:
            connection.close()

    def _headers(self, target: Target, headers: Mapping[str, str], content: bytes) -> Iterator[tuple[str, str]]:
        yield "Host", target.authority
        yield "User-Agent", self.user_agent
        yield "Accept-Encoding", "identity"
        yield "Connection", "close"
        if content:
            yield "Content-Length", str(len(content))
        yield from headers.items()

    def _context(self) -> ssl.SSLContext:
        # Made once: reading the system's certificates takes some 20 ms.
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls

    def _told(self, error: Exception, seconds: float) -> str:
        cause = error.__cause__
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"The {self.called}'s certificate was refused: {cause.verify_message.rstrip('.')}."
        if isinstance(cause, ssl.SSLError):
            return f"No TLS connection could be made with the {self.called}."
        if isinstance(error, httpcore2.TimeoutException):
            return f"The {self.called} did not answer within {seconds:g} seconds."
        if isinstance(error, httpcore2.ConnectError):
            return f"The {self.called} could not be connected to."
        if isinstance(error, httpcore2.NetworkError):
            return f"The connection broke off before the {self.called} had answered."
        return f"The {self.called} did not answer as HTTP wants it."
