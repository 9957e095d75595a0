"""How SeatGeek is spoken to: with the client ID on each call, and what its refusals mean."""

from http import HTTPStatus
from typing import Any

from turnout.plugin import Settings
from turnout_external_events.sources import Caller, KeyRefused, Refused, SourceError

_BY_STATUS = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE, HTTPStatus.TOO_MANY_REQUESTS})
"""Refusals of which the status says all."""


class SeatGeekCaller(Caller):
    """The way to SeatGeek; one for the whole application."""

    title = "SeatGeek"

    def __init__(self, settings: Settings) -> None:
        super().__init__(
            settings,
            base_url=settings["seatgeek.base_url"],
            secrets={name: settings[f"seatgeek.{name}"] for name in ("client_id", "client_secret")},
            per_second=settings["seatgeek.per_second"],
            per_day=settings["seatgeek.per_day"],
        )

    def problem(self, status: int, document: Any) -> SourceError:
        """Return what a refusal means. SeatGeek says it as ``{"status": 400, "message": "..."}``.

        The message is whole: only `Caller` knows what in it is secret, and cuts it when that is masked.
        """
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            return KeyRefused("SeatGeek does not accept seatgeek.client_id, or the client_secret with it.")
        message = document.get("message") if isinstance(document, dict) else None
        if status in _BY_STATUS or not isinstance(message, str) or not message.strip():
            return super().problem(status, document)
        return Refused(f"SeatGeek refused: {message.strip()}")
