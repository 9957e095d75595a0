"""One call: a GET to the source's own host and nowhere else, whose answer is bounded in size and time."""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus

import httpcore2
import httpx2

from turnout_external_events.sources.calling.deadline import Timely, is_calling, within
from turnout_external_events.sources.contract import BadAnswer, Refused, Unavailable

Parameters = Mapping[str, str | int | Sequence[str]]

MOST_BYTES = 8 * 1024 * 1024
"""Of an answer: several times what the largest page of events has."""
_PATH = re.compile(r"(/[A-Za-z0-9._~%-]+)+")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; names of `headers` may be asked for in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Http:
    """The connections to one source, for all threads. `secrets` are query parameters of each call; `seconds` each step may take."""

    def __init__(self, title: str, base_url: str, secrets: Mapping[str, str], seconds: float) -> None:
        self._title = title
        self._base_url = base_url.rstrip("/")
        self._secrets = dict(secrets)
        self._seconds = seconds

    @cached_property
    def _client(self) -> httpx2.Client:
        return httpx2.Client(
            transport=_Confidential(_Timed(trust_env=False), self._secrets),
            follow_redirects=False,
            trust_env=False,
            headers={
                "User-Agent": "Turnout",
                "Accept": "application/json",
                "Accept-Encoding": "identity",  # what is small when packed may be without bound when unpacked
            },
        )

    def get(self, path: str, parameters: Parameters, seconds: float) -> Answer:
        """Return what is answered within `seconds`. Raises `Unavailable`, `Refused`, and `BadAnswer` for one that is too large."""
        if not _PATH.fullmatch(path) or {".", ".."} & set(path.split("/")):
            raise Refused(f"{self._title} is not asked for {path!r:.100}, which is no path.")
        if seconds <= 0:
            raise Unavailable(f"{self._title} did not answer in time.")
        try:
            with within(seconds):
                return self._got(path, parameters, min(self._seconds, seconds))
        except httpx2.TimeoutException:
            raise Unavailable(f"{self._title} did not answer in time.") from None
        except httpx2.HTTPError:
            raise Unavailable(f"{self._title} could not be reached, or broke off.") from None
        except (httpx2.InvalidURL, UnicodeError):
            raise Refused(f"{self._title} cannot be asked this: it is too long, or has what is no text.") from None

    def _got(self, path: str, parameters: Parameters, timeout: float) -> Answer:
        url = self._base_url + path
        with self._client.stream("GET", url, params=dict(parameters), timeout=timeout) as answer:
            if HTTPStatus.MULTIPLE_CHOICES <= answer.status_code < HTTPStatus.BAD_REQUEST:
                raise Refused(f"{self._title} answered with a redirect, which is not followed: is its address right?")
            body = bytearray()
            for chunk in answer.iter_raw():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise BadAnswer(f"{self._title} answered with more than {MOST_BYTES // 1024**2} MB.")
            return Answer(answer.status_code, answer.headers, bytes(body))


class _Timed(httpx2.HTTPTransport):
    """Keeps to the time that a call has as a whole; httpx2 itself knows only how long each step may take."""

    def __init__(self, *, trust_env: bool) -> None:
        super().__init__(trust_env=trust_env)
        self._pool = httpcore2.ConnectionPool(
            ssl_context=httpx2.create_ssl_context(trust_env=trust_env),
            max_connections=None,
            # A connection that was kept and has gone stale costs an attempt, and at a few calls in a second spares little.
            max_keepalive_connections=0,
            network_backend=Timely(),
        )


class _Confidential(httpx2.BaseTransport):
    """Puts the secrets on a call only when it goes out: the request that logs and exceptions tell of has none."""

    def __init__(self, transport: httpx2.BaseTransport, secrets: Mapping[str, str]) -> None:
        self._transport = transport
        self._secrets = secrets

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url.copy_merge_params(self._secrets)
        return self._transport.handle_request(
            httpx2.Request(request.method, url, headers=request.headers, extensions=request.extensions)
        )

    def close(self) -> None:
        self._transport.close()


class _Discreet(logging.Filter):
    """Lets the headers of sources' answers not be logged: the address of a redirect has all that was asked, secrets included."""

    def filter(self, _record: logging.LogRecord) -> bool:
        return not is_calling()


logging.getLogger("httpcore2.http11").addFilter(_Discreet())
