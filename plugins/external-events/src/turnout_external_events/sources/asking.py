"""Asking a source, whoever wrote it: what it raises is a `SourceError` or `Malformed`, and nothing else."""

import re
from collections.abc import Callable
from typing import TypeVar

import structlog

from turnout_external_events.sources.contract import BadAnswer, EventSource, Malformed, SourceError

T = TypeVar("T")
_ADDRESS = re.compile(r"(https?://[^/?#\s]*)\S*", re.IGNORECASE)
log = structlog.get_logger()


def asked(source: EventSource, question: Callable[[], T]) -> T:
    """Return what `question`, a call of a source, returns. Raises `SourceError`, `Malformed`."""
    try:
        return question()
    except (SourceError, Malformed):
        raise
    except Exception as error:
        log.error("a source of events is broken", source=source.title, exc_info=error)
        raise BadAnswer(f"{source.title} is broken here; what happened is in the log.") from None


def discreet(said: object) -> str:
    """Return what a source said as it may be logged, and shown to all who see the event: of an address the rest may be a secret."""
    return _ADDRESS.sub(r"\1/…", str(said))
