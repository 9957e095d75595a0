"""How Ticketmaster is called, and what its errors and headers mean.

See https://developer.ticketmaster.com/products-and-docs/apis/discovery-api/v2/ and, for limits,
https://developer.ticketmaster.com/products-and-docs/apis/getting-started/.
"""

import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from turnout.plugin import Settings
from turnout_external_events.sources import Caller, KeyRefused, NotThere, QuotaSpent, Refused, SourceError

QUOTA_SPENT = "policies.ratelimit.QuotaViolation"
TOO_DEEP, UNKNOWN = "DIS1035", "DIS1004"
WHILE_SPENT = 60 * 60
"""Seconds until it is asked again after the day's calls are made, where Ticketmaster does not say when that is."""


class TicketmasterCaller(Caller):
    """The way to Ticketmaster."""

    title = "Ticketmaster"

    def __init__(self, settings: Settings) -> None:
        super().__init__(
            settings,
            base_url=settings["ticketmaster.base_url"],
            secrets={"apikey": settings["ticketmaster.api_key"].strip()},
            per_second=settings["ticketmaster.per_second"],
            per_day=settings["ticketmaster.per_day"],
        )

    def problem(self, status: int, document: Any) -> SourceError:
        """Return what a refusal means, by its code where it has one that is known."""
        code = _code(document)
        if status == HTTPStatus.UNAUTHORIZED:
            return KeyRefused("Ticketmaster does not accept ticketmaster.api_key.")
        if status == HTTPStatus.TOO_MANY_REQUESTS and code == QUOTA_SPENT:
            return QuotaSpent("As many calls were made to Ticketmaster as it allows in a day.", WHILE_SPENT)
        if code == UNKNOWN:
            return NotThere("Ticketmaster does not have this event, or not any more.")
        if code == TOO_DEEP:
            return Refused("Ticketmaster shows no more than the first 1,000 events of a search.")
        return super().problem(status, document)

    def remaining(self, headers: Mapping[str, str]) -> tuple[int, float] | None:
        """Return how many of the day's calls are left, and when there are more: ``Rate-Limit-Reset`` is in milliseconds."""
        try:
            left = int(headers["Rate-Limit-Available"])
            return left, int(headers["Rate-Limit-Reset"]) / 1000 - time.time()
        except (LookupError, ValueError, OverflowError):
            return None


def _code(document: Any) -> str:
    """Return the code of an error: those of the gateway are shaped otherwise than those of what is behind it."""
    try:
        found = document["fault"]["detail"]["errorcode"] if "fault" in document else document["errors"][0]["code"]
    except (LookupError, TypeError):
        return ""
    return found if isinstance(found, str) else ""
