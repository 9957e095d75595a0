"""How PayPal is spoken to: JSON over HTTPS, with a token that is fetched when there is none, and the contract's errors."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from http import HTTPStatus
from threading import Lock
from typing import Any

import httpx2
from turnout.plugin import Settings
from turnout_payments.providers import Refused, Unavailable

MARGIN = 60
"""Seconds before its end from which a token is not used any more."""
_TRY_LATER = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS})
_NOT_UNDERSTOOD = "PayPal answered what cannot be understood."


class Problem(Refused):
    """PayPal will not do it: `issue` is its own word for why, such as "ORDER_ALREADY_CAPTURED"."""

    def __init__(self, message: str, status: int, issue: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.issue = issue


class Gateway:
    """The way to PayPal; one for the whole application, whose token is shared."""

    def __init__(self, settings: Settings) -> None:
        self._credentials = settings["paypal.client_id"], settings["paypal.client_secret"]
        self._base_url: str = settings["paypal.base_url"]
        self._seconds: int = settings["paypal.timeout_seconds"]
        self._lock = Lock()
        self._token = ""
        self._until = 0.0

    @cached_property
    def _http(self) -> httpx2.Client:
        return httpx2.Client(
            base_url=self._base_url,
            timeout=self._seconds,
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": "Turnout", "Accept": "application/json"},
            # One that was kept and has gone stale cannot be told from an answer that was lost.
            limits=httpx2.Limits(max_keepalive_connections=0),
        )

    def get(self, path: str) -> dict[str, Any]:
        """Return a document. Raises `Unavailable`, `Problem`."""
        return self._call("GET", path, b"", {})

    def post(self, path: str, body: bytes, request_id: str | None = None) -> dict[str, Any]:
        """Send a document and return the whole of what came of it; once, however often it is sent with one `request_id`.

        Raises `Unavailable`, `Problem`.
        """
        headers = {"Content-Type": "application/json", "Prefer": "return=representation"}
        return self._call("POST", path, body, headers | ({"PayPal-Request-Id": request_id} if request_id else {}))

    @contextmanager
    def talk(self) -> Iterator[None]:
        """Let answers that lack what they must have be `Unavailable`."""
        try:
            yield
        except (AttributeError, IndexError, KeyError, TypeError) as error:
            raise Unavailable(_NOT_UNDERSTOOD) from error

    def _call(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
        answer = self._sent(method, path, body, headers)
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            # Tokens may end before their time, as when the secret was changed.
            self._forget()
            answer = self._sent(method, path, body, headers)
        return _document(answer)

    def _sent(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> httpx2.Response:
        authorized = dict(headers) | {"Authorization": f"Bearer {self._bearer()}"}
        try:
            return self._http.request(method, path, content=body or None, headers=authorized)
        except httpx2.HTTPError:
            raise Unavailable("PayPal could not be reached, or did not answer in time.") from None

    def _bearer(self) -> str:
        with self._lock:
            if time.monotonic() >= self._until:
                self._token, seconds = self._fetched()
                self._until = time.monotonic() + seconds - MARGIN
            return self._token

    def _forget(self) -> None:
        with self._lock:
            self._until = 0.0

    def _fetched(self) -> tuple[str, float]:
        try:
            answer = self._http.post(
                "/v1/oauth2/token", data={"grant_type": "client_credentials"}, auth=self._credentials
            )
        except httpx2.HTTPError:
            raise Unavailable("PayPal could not be reached, or did not answer in time.") from None
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            raise Problem("PayPal does not accept paypal.client_id and paypal.client_secret.", answer.status_code)
        with self.talk():
            document = _document(answer)
            return str(document["access_token"]), float(document["expires_in"])


def _document(answer: httpx2.Response) -> dict[str, Any]:
    """Return what was answered. Raises `Unavailable`, `Problem`."""
    status = answer.status_code
    if status in _TRY_LATER or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise Unavailable(f"PayPal answered with the status {status}.")
    try:
        document = answer.json()
    except ValueError:
        document = None
    if not isinstance(document, dict) or HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        raise Unavailable(_NOT_UNDERSTOOD)
    if status >= HTTPStatus.BAD_REQUEST:
        raise _problem(document, status)
    return document


def _problem(document: Mapping[str, Any], status: int) -> Problem:
    """Return a refusal in PayPal's words."""
    details = document.get("details")
    first = details[0] if isinstance(details, list) and details and isinstance(details[0], dict) else {}
    said = first.get("description") or document.get("message") or f"PayPal refused with the status {status}."
    return Problem(str(said), status, str(first.get("issue") or document.get("name") or ""))
