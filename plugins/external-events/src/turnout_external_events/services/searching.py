"""Searching elsewhere while somebody waits: all sources at once, each as long as it may, and what one lacks is said."""

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import partial

import structlog
from turnout.plugin import ORGANIZER, Actor, Denied, DomainError, Invalid, Settings

from turnout_external_events.errors import (
    CannotImport,
    SourceFailed,
    SourceNotSetUp,
    UnknownEvent,
    UnknownProvider,
)
from turnout_external_events.services.allowance import SearchAllowance
from turnout_external_events.sources.asking import asked, discreet
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
    Unavailable,
)
from turnout_external_events.sources.directive import Sources
from turnout_external_events.sources.readiness import told

PAGE = 20
"""How many events each source answers at once."""
GRACE = 1
"""Seconds by which a source may be late that keeps to its own time limit."""
ROUNDED = 10
"""Minutes to which the beginning of a search is rounded where no answer is kept."""

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

    def __init__(self, sources: Sources, settings: Settings, allowance: SearchAllowance) -> None:
        self.sources = sources
        self.settings = settings
        self.allowance = allowance

    def find(self, provider: str | None, criteria: Criteria, page: int, *, actor: Actor) -> Result:
        """Search one source, or all that can be asked. Only organizers let an address be read that they name.

        Raises `TooManySearches`, `UnknownProvider`, `Denied`, and of one source alone `Invalid`, `SourceNotSetUp`, `SourceFailed`.
        """
        self.allowance.take(actor)
        if provider is not None:
            source = self._source(provider)
            if source.by_address and ORGANIZER not in actor.roles:
                raise Denied("Only organizers read calendars of elsewhere.")
            _require_possible(source, criteria, page)
            found, errors = self._ask({provider: source}, criteria, page)
            for error in errors.values():
                raise _refusal(error, actor)
        else:
            found, errors = self._ask(self._searchable(), criteria, page)
        failures = tuple(Failure(name, self.sources[name].title, _said(error, actor)) for name, error in errors.items())
        events = [(name, event) for name, one in found.items() for event in one.events]
        refused = tuple((name, refusal) for name, one in found.items() for refusal in one.refused)
        total = sum(one.total for one in found.values())
        has_more = any(one.has_more for one in found.values())
        return Result(tuple(sorted(events, key=_when)), refused, failures, total, has_more)

    def fetch(self, provider: str, external_id: str, *, actor: Actor) -> ExternalEvent:
        """Return one event.

        Raises `TooManySearches`, `UnknownProvider`, `UnknownEvent`, `CannotImport`, `SourceNotSetUp`, `SourceFailed`.
        """
        self.allowance.take(actor)
        source = self._source(provider)
        if source.by_address:
            raise UnknownProvider(f"Events of {source.title} are imported as a whole.")
        require_set_up(source, actor)
        with answering(source.title, actor):
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
    ) -> tuple[dict[str, Found], dict[str, Exception]]:
        """Ask sources at once; return what each found, or else why it did not answer."""
        in_vain = {name: why for name, source in sources.items() if (why := _before(source, page))}
        errors: dict[str, Exception] = {**in_vain}
        ready = {name: source for name, source in sources.items() if name not in errors}
        if not ready:
            return {}, errors
        pool = ThreadPoolExecutor(len(ready), "turnout-external-search")
        answers = {
            name: pool.submit(asked, source, partial(source.search, criteria, page, _size(source), Pace.QUICK))
            for name, source in ready.items()
        }
        wait(answers.values(), self.settings["external_events.quick_seconds"] + GRACE)
        pool.shutdown(wait=False, cancel_futures=True)
        found = {}
        for name, answer in answers.items():
            error = _error(name, answer)
            if error is None:
                found[name] = checked(answer.result())
            else:
                errors[name] = error
        return found, errors


def from_now(now: datetime, settings: Settings) -> datetime:
    """Return where a search begins that says nothing of it: a little ago, so that who asks a little later asks the same."""
    minutes: int = settings["external_events.cache_minutes"] or ROUNDED
    return datetime.fromtimestamp(now.timestamp() // (60 * minutes) * 60 * minutes, UTC)


def last_page(source: EventSource) -> int | None:
    """Return the last page of a search that a source shows; None: it shows all."""
    return None if source.deepest is None else -(-source.deepest // _size(source))


def require_set_up(source: EventSource, actor: Actor) -> None:
    """Raise `SourceNotSetUp` where a source lacks what it needs to be asked; its settings are told to staff."""
    missing = source.check()
    if missing is not None:
        raise SourceNotSetUp(told(missing, actor))


def require_answerable(source: EventSource, criteria: Criteria) -> None:
    """Raise `Invalid` where a source can never answer, whoever asks: what it is asked for is no address, for one."""
    reason = source.refuses(criteria)
    if reason is not None:
        raise Invalid({"query": reason})


@contextmanager
def answering(title: str, actor: Actor) -> Iterator[None]:
    """Let what a source refuses with be refusals of ours.

    Raises `UnknownEvent`, `CannotImport`, `SourceNotSetUp`, `SourceFailed`.
    """
    try:
        yield
    except NotThere:
        raise UnknownEvent(f"{title} has no such event, or not any more.") from None
    except Malformed as error:
        raise CannotImport(f"{title} describes it so that it cannot be read: {error}") from None
    except SourceError as error:
        raise _refusal(error, actor) from None


def _require_possible(source: EventSource, criteria: Criteria, page: int) -> None:
    """Raise `Invalid` for what one source is asked in vain."""
    require_answerable(source, criteria)
    last = last_page(source)
    if last is not None and page > last:
        raise Invalid({"page": f"must be at most {last}: {_too_deep(source)}"})


def _before(source: EventSource, page: int) -> SourceError | None:
    """Return why a source need not be asked."""
    missing = source.check()
    if missing is not None:
        return KeyRefused(missing)
    last = last_page(source)
    return Refused(_too_deep(source)) if last is not None and page > last else None


def _size(source: EventSource) -> int:
    return min(PAGE, source.largest_page)


def _too_deep(source: EventSource) -> str:
    return f"{source.title} shows no more than the first {source.deepest:,} events of a search."


def _error(name: str, answer: Future[Found]) -> Exception | None:
    """Return why there is no answer; None if there is one."""
    if not answer.done():
        return Unavailable("It did not answer in time.")
    error = answer.exception()
    if not isinstance(error, Exception):
        return None
    # What somebody asked in vain is nothing to see to; of its key, whatever calls the source says so in the log.
    level = log.info if isinstance(error, KeyRefused | Refused) else log.warning
    level("a source of events did not answer", source=name, reason=discreet(error))
    return error


def _refusal(error: Exception, actor: Actor) -> DomainError:
    """Return what somebody is told who asked one source alone."""
    return (SourceNotSetUp if isinstance(error, KeyRefused) else SourceFailed)(_said(error, actor))


def _said(error: Exception, actor: Actor) -> str:
    return told(str(error), actor) if isinstance(error, KeyRefused) else str(error)


def _when(entry: tuple[str, ExternalEvent]) -> tuple[datetime, str, str]:
    name, event = entry
    day = datetime.combine(event.starts_on or date.max, time(), UTC)
    return event.starts_at or day, name, event.external_id
