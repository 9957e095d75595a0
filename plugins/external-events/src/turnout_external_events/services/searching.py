"""Searching elsewhere while somebody waits: all sources at once, each as long as it may, and what one lacks is said."""

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import partial

import structlog
from turnout.plugin import ORGANIZER, Actor, Denied, Settings

from turnout_external_events.errors import CannotImport, SourceFailed, UnknownEvent, UnknownProvider
from turnout_external_events.sources.asking import asked
from turnout_external_events.sources.checking import check, checked
from turnout_external_events.sources.contract import (
    Criteria,
    EventSource,
    ExternalEvent,
    Found,
    KeyRefused,
    Malformed,
    NotThere,
    Pace,
    Refusal,
    Refused,
    SourceError,
)
from turnout_external_events.sources.directive import Sources

PAGE = 20
"""How many events each source answers at once."""
GRACE = 1
"""Seconds by which a source may be late that keeps to its own time limit."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Failure:
    """A source that did not answer, and why."""

    provider: str
    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class Result:
    """What was found, as (source, event) in the order of time, what could not be read, and who did not answer."""

    events: tuple[tuple[str, ExternalEvent], ...]
    refused: tuple[tuple[str, Refusal], ...]
    failures: tuple[Failure, ...]
    total: int
    has_more: bool


class ExternalSearch:
    """Asks sources, outside any transaction."""

    def __init__(self, sources: Sources, settings: Settings) -> None:
        self.sources = sources
        self.settings = settings

    def find(self, provider: str | None, criteria: Criteria, page: int, *, actor: Actor) -> Result:
        """Search one source, or all that can be asked. Raises `UnknownProvider`, `SourceFailed` (of one alone), `Denied`.

        Only organizers let an address be read that they name.
        """
        if provider is not None and self._source(provider).by_address and ORGANIZER not in actor.roles:
            raise Denied("Only organizers read calendars of elsewhere.")
        asked = {provider: self._source(provider)} if provider is not None else self._searchable()
        missing = [Failure(name, source.title, reason) for name, source, reason in _not_ready(asked)]
        ready = {name: source for name, source in asked.items() if source.check() is None}
        found, failed = self._ask(ready, criteria, page)
        failures = (*missing, *failed)
        if provider is not None and failures:
            raise SourceFailed(failures[0].reason)
        events = [(name, event) for name, one in found.items() for event in one.events]
        refused = tuple((name, refusal) for name, one in found.items() for refusal in one.refused)
        total = sum(one.total for one in found.values())
        has_more = any(one.has_more for one in found.values())
        return Result(tuple(sorted(events, key=_when)), refused, failures, total, has_more)

    def fetch(self, provider: str, external_id: str) -> ExternalEvent:
        """Return one event. Raises `UnknownProvider`, `UnknownEvent`, `CannotImport`, `SourceFailed`."""
        source = self._source(provider)
        if source.by_address:
            raise UnknownProvider(f"Events of {source.title} are imported as a whole.")
        missing = source.check()
        if missing is not None:
            raise SourceFailed(missing)
        with answering(source.title):
            return check(asked(source, lambda: source.fetch(external_id, Pace.QUICK)))

    def _source(self, provider: str) -> EventSource:
        source = self.sources.get(provider)
        if source is None:
            names = ", ".join(self.sources) or "none"
            raise UnknownProvider(f"There is no source {provider!r}; there are: {names}.")
        return source

    def _searchable(self) -> dict[str, EventSource]:
        return {name: source for name, source in self.sources.items() if not source.by_address}

    def _ask(
        self, sources: Mapping[str, EventSource], criteria: Criteria, page: int
    ) -> tuple[dict[str, Found], list[Failure]]:
        if not sources:
            return {}, []
        pool = ThreadPoolExecutor(len(sources), "turnout-external-search")
        answers = {
            name: pool.submit(
                asked, source, partial(source.search, criteria, page, min(PAGE, source.largest_page), Pace.QUICK)
            )
            for name, source in sources.items()
        }
        wait(answers.values(), self.settings["external_events.quick_seconds"] + GRACE)
        pool.shutdown(wait=False, cancel_futures=True)
        found, failures = {}, []
        for name, answer in answers.items():
            reason = _reason(name, answer)
            if reason is None:
                found[name] = checked(answer.result())
            else:
                failures.append(Failure(name, sources[name].title, reason))
        return found, failures


@contextmanager
def answering(title: str) -> Iterator[None]:
    """Let what a source refuses with be refusals of ours. Raises `UnknownEvent`, `CannotImport`, `SourceFailed`."""
    try:
        yield
    except NotThere:
        raise UnknownEvent(f"{title} has no such event, or not any more.") from None
    except Malformed as error:
        raise CannotImport(f"{title} describes it so that it cannot be read: {error}") from None
    except SourceError as error:
        raise SourceFailed(str(error)) from None


def _reason(name: str, answer: Future[Found]) -> str | None:
    """Return why there is no answer, in words for whoever waits; None if there is one."""
    if not answer.done():
        return "It did not answer in time."
    error = answer.exception()
    if error is None:
        return None
    level = log.error if isinstance(error, KeyRefused | Refused) else log.warning
    level("a source of events did not answer", source=name, reason=str(error))
    return str(error)


def _not_ready(asked: Mapping[str, EventSource]) -> Iterator[tuple[str, EventSource, str]]:
    for name, source in asked.items():
        missing = source.check()
        if missing is not None:
            yield name, source, missing


def _when(entry: tuple[str, ExternalEvent]) -> tuple[datetime, str, str]:
    name, event = entry
    day = datetime.combine(event.starts_on or date.max, time(), UTC)
    return event.starts_at or day, name, event.external_id
