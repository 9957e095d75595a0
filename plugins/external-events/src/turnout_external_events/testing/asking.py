"""Asking a source over HTTP without an application."""

import itertools
from collections.abc import Mapping
from typing import Any

from turnout_external_events.sources.calling import Patience
from turnout_external_events.sources.contract import Criteria, EventSource, ExternalEvent, Pace, Refusal

EVERYTHING = Criteria()
HASTY = Patience(attempts=5, seconds=5, first_pause=0.01, longest_pause=0.05, spread=0.01)
"""Asks as often as any, with pauses that no test notices."""


def caller_settings(own: Mapping[str, Any], **other: Any) -> dict[str, Any]:
    """Return the settings of a caller: a plugin's `own`, and such that it remembers no answers and gives up soon.

    `other` settings come before both, with ``__`` for a dot: ``acme__api_key=""``.
    """
    usual = {"storage": "memory://", "cache_minutes": 0, "quick_seconds": 2, "timeout_seconds": 2}
    named = {name.replace("__", "."): value for name, value in other.items()}
    return {f"external_events.{name}": value for name, value in usual.items()} | dict(own) | named


def walk(
    source: EventSource, criteria: Criteria = EVERYTHING, size: int | None = None
) -> tuple[list[ExternalEvent], list[Refusal], int]:
    """Read all pages of a search, the largest that there are if `size` is not said. Raises `SourceError`.

    Return the events, those that were refused, and how many pages there are.
    """
    events: list[ExternalEvent] = []
    refused: list[Refusal] = []
    for page in itertools.count(1):
        found = source.search(criteria, page, size or source.largest_page, Pace.STEADY)
        events += found.events
        refused += found.refused
        if not found.has_more:
            break
    return events, refused, page
