"""How Stripe is spoken to: by its own package, over the HTTP client that Turnout has, with the errors of the contract."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from http import HTTPStatus
from typing import Any

import httpx2
import stripe
from turnout.plugin import Settings
from turnout_payments.providers import Refused, Unavailable

API_VERSION = "2026-10-28.endive"
"""What this was written for; Stripe answers in the ways of this version, whatever the account's own is."""

_SENT = frozenset({"authorization", "content-type", "idempotency-key", "stripe-version"})
_TRY_LATER = frozenset({HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS})
"""Another request with the same key is at work; too many requests."""

MASK = "********"

# Or the package would keep a file in the home folder by which to count installations, and tell how long requests took.
stripe.enable_telemetry = False


class Transport(stripe.HTTPClient):
    """Sends the package's requests: to the host they are for and no other, and without what they tell of this machine."""

    name = "httpx2"

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._http = httpx2.Client(
            timeout=seconds,
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": "Turnout"},
            # One that was kept and has gone stale cannot be told from an answer that was lost.
            limits=httpx2.Limits(max_keepalive_connections=0),
        )

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[Any, int, Mapping[str, str]]:
        """Send one request. Raises `stripe.APIConnectionError`."""
        sent = {name: value for name, value in (headers or {}).items() if name.lower() in _SENT}
        try:
            answer = self._http.request(method, url, headers=sent, content=post_data)
        except httpx2.HTTPError as error:
            raise stripe.APIConnectionError(type(error).__name__) from None  # type: ignore[no-untyped-call]
        return answer.content, answer.status_code, answer.headers


class Gateway:
    """The way to Stripe; one for the whole application."""

    def __init__(self, settings: Settings) -> None:
        self._key: str = settings["stripe.secret_key"]
        self._base_url: str = settings["stripe.base_url"]
        self._seconds: int = settings["stripe.timeout_seconds"]

    @cached_property
    def client(self) -> stripe.StripeClient:
        """Stripe's package, made when it is first used: there may be no key to make it with."""
        return stripe.StripeClient(
            self._key,
            stripe_version=API_VERSION,
            base_addresses={"api": self._base_url},
            # Whoever asks for the work tries again, later and with the same key.
            max_network_retries=0,
            http_client=Transport(self._seconds),
        )

    @contextmanager
    def talk(self) -> Iterator[stripe.StripeClient]:
        """Give the package; what it raises becomes `Unavailable` or `Refused`, which say nothing that is secret."""
        try:
            yield self.client
        except stripe.StripeError as error:
            raise self._translated(error) from None
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise Unavailable("Stripe answered what cannot be understood.") from error

    def _translated(self, error: stripe.StripeError) -> Exception:
        status = error.http_status
        if status is None:
            return Unavailable("Stripe could not be reached, or did not answer in time.")
        # What is not in Stripe's shape was said by something in between.
        if error.error is None or status in _TRY_LATER or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return Unavailable(f"Stripe answered with the status {status}.")
        if status == HTTPStatus.UNAUTHORIZED:
            return Refused("Stripe does not accept stripe.secret_key.")
        said = error.user_message or f"Stripe refused with the status {status}."
        return Refused(said.replace(self._key, MASK))
