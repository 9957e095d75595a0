"""Reading what is at an address that somebody has typed in: one GET, of which nothing is followed or unpacked."""

import re
import ssl
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urljoin

import httpcore2

from turnout.outgoing.addresses import Resolve, resolve
from turnout.outgoing.calling import Caller
from turnout.outgoing.network import CallFailed

REDIRECTS = frozenset({
    HTTPStatus.MOVED_PERMANENTLY,
    HTTPStatus.FOUND,
    HTTPStatus.SEE_OTHER,
    HTTPStatus.TEMPORARY_REDIRECT,
    HTTPStatus.PERMANENT_REDIRECT,
})  # fmt: skip
LONGEST_ADDRESS_TOLD = 500


class Unfetchable(Exception):
    """Nothing could be read from an address; the text says why, in words for whoever has given it."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was answered: the `status`, whatever it is (a redirect is never one), and the whole `body`.

    `content_type` is the header's value, "text/calendar; charset=utf-8", and `etag` what may be given to the next fetch;
    both are empty where the server does not say.
    """

    status: int
    content_type: str
    body: bytes
    etag: str

    @property
    def is_success(self) -> bool:
        """Tell whether the body is what was asked for, and not words about why it could not be had."""
        return self.status == HTTPStatus.OK


class Fetcher:
    """Reads what is at addresses that people give. It never calls what only this installation can reach.

    An address must begin with https://, have a certificate that is good for its name, and lead to public addresses; what is
    called is the very address that was checked. `private` lets it lead into private networks and to this machine, and use
    http://: for tests, and where everybody who gives addresses may reach what the server can. One fetcher may be used by
    many threads. `resolve` and `tls` are for tests: what looks names up, and whom to trust.
    """

    def __init__(
        self, user_agent: str, *, private: bool = False, resolve: Resolve = resolve, tls: ssl.SSLContext | None = None
    ) -> None:
        self._caller = Caller(user_agent, private=private, resolve=resolve, tls=tls)

    def check(self, url: str) -> None:
        """Raise `Unfetchable` where it can be seen without asking anybody that what is at `url` is never read."""
        try:
            self._caller.target(url)
        except CallFailed as error:
            raise Unfetchable(str(error)) from None

    def fetch(self, url: str, *, most_bytes: int, seconds: float, accept: str = "*/*", etag: str = "") -> Fetched:
        """Return what is at `url`. Raises `Unfetchable`, also for a redirect, a compressed body, and one of more than `most_bytes`.

        `seconds` are for all of it, from looking up the name to the last byte. `accept` is the media type that is wanted;
        with the `etag` of an earlier answer the status is 304, and the body empty, if nothing has changed since. No database
        transaction may be open meanwhile.
        """
        headers = {"Accept": accept} | ({"If-None-Match": etag} if etag else {})
        try:
            with self._caller.call("GET", url, headers, seconds=seconds) as response:
                return _read(response, url, most_bytes)
        except CallFailed as error:
            raise Unfetchable(str(error)) from error


def _read(response: httpcore2.Response, url: str, most_bytes: int) -> Fetched:
    headers = {name.lower(): value.decode("latin-1") for name, value in response.headers}
    if response.status in REDIRECTS:
        raise Unfetchable(_leads_elsewhere(url, headers.get(b"location", "")))
    if headers.get(b"content-encoding", "identity").lower() != "identity":
        raise Unfetchable("The server answered with compressed data, which it was asked not to do.")
    body = _body(response, most_bytes)
    return Fetched(response.status, headers.get(b"content-type", ""), body, headers.get(b"etag", ""))


def _body(response: httpcore2.Response, most_bytes: int) -> bytes:
    found = bytearray()
    for chunk in response.iter_stream():
        found += chunk
        if len(found) > most_bytes:
            raise Unfetchable(f"What is there is too large: it has more than {most_bytes:,} bytes.")
    return bytes(found)


def _leads_elsewhere(url: str, location: str) -> str:
    """Return what to tell of a redirect. It is not followed, so that whoever gave an address knows what is read."""
    try:
        address = urljoin(url, location)
    except ValueError:
        address = ""
    if not location or len(address) > LONGEST_ADDRESS_TOLD or not re.fullmatch(r"https?://[!-~]+", address):
        return "The address leads elsewhere; give the address at which it ends."
    return f"The address leads elsewhere, to {address}; if that is where it should lead, give that one."
