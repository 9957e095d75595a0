"""Which addresses may be called: nobody can make this installation call what only it can reach (SSRF).

https://owasp.org/API-Security/editions/2023/en/0xa7-server-side-request-forgery/
"""

import queue
import re
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Sequence[Address]]
"""Returns the addresses of a name; raises `OSError` where there are none."""

PORTS = {"https": 443, "http": 80}
LAST_PORT = 65_535
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*", re.ASCII)
_VISIBLE = re.compile(r"[!-~]+", re.ASCII)

UNICAST = IPv6Network("2000::/3")
"""All of IPv6 that is given out for use on the internet (RFC 4291, section 2.4)."""
NAT64 = IPv6Network("64:ff9b::/96")
"""IPv4 addresses as networks without IPv4 see them (RFC 6052)."""
TUNNELS = tuple(map(ip_network, ("192.88.99.0/24", "2001::/32", "2002::/16")))
"""6to4 and Teredo: they lead to any IPv4 address, private ones included (RFC 3056, 3068, 4380)."""
NOT_FOR_USE = tuple(map(ip_network, ("192.0.0.0/24", "3fff::/20")))
"""Protocol assignments and documentation, which not every Python knows for such (RFC 6890, 9637)."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address of the web in its parts, read once, so that what is checked is what is called."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def of(cls, url: str) -> Self:
        """Read `url`. Raises `ValueError`, saying what is wrong with it."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise ValueError("must be a web address such as https://example.com/path") from None
        is_bracketed = "[" in parts.netloc
        if parts.scheme not in PORTS or not parts.hostname or is_bracketed != (":" in parts.hostname):
            raise ValueError("must be a web address such as https://example.com/path")
        if not _VISIBLE.fullmatch(url) or "\\" in url:
            raise ValueError("must have only visible ASCII characters; write others as %20 and the like")
        if "@" in parts.netloc:
            raise ValueError("must not have a user name or a password in it")
        if "#" in url:
            raise ValueError("must not have a fragment (#...)")
        path = (parts.path or "/") + (f"?{parts.query}" if "?" in url else "")
        if port is not None and not 0 < port <= LAST_PORT:
            raise ValueError(f"must have a port from 1 to {LAST_PORT}")
        return cls(parts.scheme, _host(parts.hostname), port or PORTS[parts.scheme], path)

    @property
    def literal(self) -> Address | None:
        """The address, where the host is one and no name."""
        return _literal(self.host)

    @property
    def authority(self) -> str:
        """The value of the header ``Host``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _host(host: str) -> str:
    literal = _literal(host)
    if literal is not None:
        if "%" in host:
            raise ValueError("must not name a network interface")
        return str(literal)
    # A last part of digits would be taken for an IPv4 address, in whatever old notation (127.1, 0x7f000001).
    if not _NAME.fullmatch(host) or re.fullmatch(r"[0-9]+|0x[0-9a-f]*", host.rpartition(".")[2]):
        raise ValueError("must have a host name of a-z, 0-9, dots and hyphens (others as xn--...), or an IP address")
    return host


def is_public(address: Address) -> bool:
    """Tell whether an address is anybody's on the internet: none of a private network, of this machine, or of many."""
    if isinstance(address, IPv6Address) and address in NAT64:
        address = IPv4Address(int(address) & 0xFFFF_FFFF)
    if isinstance(address, IPv6Address) and address not in UNICAST:
        return False
    if any(address in network for network in TUNNELS + NOT_FOR_USE):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def require_allowed(target: Target, *, private: bool) -> None:
    """Raise `ValueError` where it can be seen without a look into the DNS that `target` must not be called.

    `private` lets private addresses be used, and plain http.
    """
    if private:
        return
    if target.scheme != "https":
        raise ValueError("must begin with https://, so that nobody on the way can read along")
    literal = target.literal
    if literal is not None and not is_public(literal):
        raise ValueError("must have a public address; this one is private or reserved")
    if literal is None and ("." not in target.host or target.host.endswith(".localhost")):
        raise ValueError("must have a host name that is known on the internet")


def resolve(host: str, port: int) -> Sequence[Address]:
    """Ask the system for the addresses of a name. Raises `OSError`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(ip_address(str(entry[4][0]).partition("%")[0]) for entry in found))


def resolve_within(seconds: float, ask: Resolve, host: str, port: int) -> Sequence[Address]:
    """Return what `ask` returns. Raises `TimeoutError` when it takes longer: the system's resolver has no limit of its own."""
    answers: queue.SimpleQueue[Sequence[Address] | Exception] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(ask(host, port))
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            answers.put(error)

    threading.Thread(target=look_up, name="turnout-resolve", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(answer, Exception):
        raise answer
    return answer
