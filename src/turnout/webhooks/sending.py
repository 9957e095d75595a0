"""Sending a message: one POST to a checked address, and what became of it."""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpcore2

from turnout.outgoing.addresses import Resolve, resolve
from turnout.outgoing.calling import Caller
from turnout.outgoing.network import CallFailed
from turnout.webhooks.models import MOST_OF_RESPONSE

LONGEST_RETRY_AFTER = timedelta(hours=1)


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
        self.seconds = seconds
        self._caller = Caller(user_agent, called="receiver", private=private, resolve=resolve, tls=tls)

    def send(self, url: str, headers: Mapping[str, str], body: bytes, now: datetime) -> Answer:
        """Post a message and return what became of it, whatever that is. No database transaction may be open meanwhile."""
        headers = {"Content-Type": "application/json"} | dict(headers)
        try:
            with self._caller.call("POST", url, headers, body, seconds=self.seconds) as response:
                wanted = next((value for name, value in response.headers if name.lower() == b"retry-after"), b"")
                return Answer(response.status, _beginning(response), retry_after=_retry_after(wanted, now))
        except CallFailed as error:
            return Answer(error=str(error))


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
