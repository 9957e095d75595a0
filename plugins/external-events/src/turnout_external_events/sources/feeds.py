"""Calendars that others publish: read anew from their address, as a whole, whenever they are asked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from http import HTTPStatus
from threading import Lock
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import structlog
from cachetools import TTLCache
from turnout.plugin import Clock, Fetcher, Settings, Unfetchable

from turnout_external_events.files import calendars
from turnout_external_events.sources.contract import (
    BadAnswer,
    Criteria,
    EventSource,
    ExternalEvent,
    Found,
    Malformed,
    NotThere,
    Pace,
    Refusal,
    Refused,
    Unavailable,
)

MOST_BYTES = 5_000_000
A_DAY = timedelta(days=1)
AGENT = "Turnout (calendars)"
ACCEPT = "text/calendar, text/plain;q=0.5"
PORTS = frozenset({None, 443, 8443})
"""Where calendars are read that are not allowed to be at private addresses; None: the address names no port."""
_PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Feed:
    """What a calendar had when it was read."""

    events: tuple[ExternalEvent, ...]
    refused: tuple[Refusal, ...]
    covers: tuple[datetime, datetime] | None


_read: TTLCache[tuple[object, ...], _Feed] = TTLCache(maxsize=8, ttl=60)
"""Calendars that were read a moment ago, so that going through one page by page reads it once."""
_lock = Lock()


class FeedSource(EventSource):
    """Reads calendars at addresses that people give. The ids of a calendar's events are those of its address, too."""

    title = "Calendar (iCalendar)"
    largest_page = 200
    by_address = True

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock

    def refuses(self, criteria: Criteria) -> str | None:
        """Return what is wrong with the address."""
        try:
            self._require_readable(_address(criteria.query))
        except Refused as error:
            return str(error)
        return None

    def search(self, criteria: Criteria, page: int, size: int, pace: Pace) -> Found:
        """Return a page of the events of the calendar at the address ``criteria.query``, the first first.

        Those of a location or a category are looked for by words. Raises `Refused`, `Unavailable`, `BadAnswer`.
        """
        is_anew = pace is Pace.FRESH and page == 1
        feed = self._feed(_address(criteria.query), pace, is_anew=is_anew)
        events = [event for event in feed.events if _is_meant(event, criteria)]
        start = (page - 1) * size
        refused = feed.refused if page == 1 else ()
        return Found(tuple(events[start : start + size]), len(events), start + size < len(events), refused, feed.covers)

    def fetch(self, external_id: str, pace: Pace) -> ExternalEvent:  # noqa: ARG002 - the contract's
        """Raise `NotThere`: calendars are read as a whole."""
        raise NotThere("A calendar is read as a whole, by its address.")

    def _feed(self, url: str, pace: Pace, *, is_anew: bool) -> _Feed:
        now = self.clock.now()
        days: int = self.settings["external_events.feed_days"]
        key = (url, now.date(), days, self.settings["external_events.allow_private"])
        with _lock:
            known = None if is_anew else _read.get(key)
        if known is not None:
            return known
        horizon = (now - A_DAY, now + timedelta(days=days))
        try:
            events, refused = calendars.read(self._content(url, pace), scope=url, horizon=horizon)
        except Malformed as error:
            raise BadAnswer(f"What is at this address cannot be read. {error}") from None
        feed = _Feed(events, refused, horizon if _is_whole(events, refused) else None)
        with _lock:
            _read[key] = feed
        return feed

    def _content(self, url: str, pace: Pace) -> bytes:
        named = "external_events.timeout_seconds" if pace is Pace.STEADY else "external_events.quick_seconds"
        fetcher = self._require_readable(url)
        try:
            answer = fetcher.fetch(url, most_bytes=MOST_BYTES, seconds=self.settings[named], accept=ACCEPT)
        except Unfetchable as error:
            if not _may_pass(error):
                raise Refused(str(error)) from None
            # Said of all alike, so that nobody learns by asking what answers at somebody else's server, and how.
            log.info("a calendar could not be fetched", host=urlsplit(url).hostname, reason=str(error))
            raise Unavailable(
                "The server of the calendar could not be reached, or did not answer as it should."
            ) from None
        if answer.is_success:
            return answer.body
        said = f"The server of the calendar answered with the status {answer.status}."
        if answer.status in _PASSING or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Unavailable(said)
        raise Refused(said)

    def _require_readable(self, url: str) -> Fetcher:
        """Return what reads an address. Raises `Refused` where it can be seen without asking anybody that it must not be read."""
        private = self.settings["external_events.allow_private"]
        if not private and _port(url) not in PORTS:
            raise Refused("Calendars are read at the ports 443 and 8443 only.")
        fetcher = Fetcher(AGENT, private=private)
        try:
            fetcher.check(url)
        except Unfetchable as error:
            raise Refused(str(error)) from None
        return fetcher


def _is_whole(events: Sequence[ExternalEvent], refused: Iterable[Refusal]) -> bool:
    """Tell whether what is not among these events, and is not named as refused, is not in the calendar.

    Of an empty calendar nobody can tell whether nothing takes place any more, or whoever writes it has a bad day.
    """
    return 0 < len(events) < calendars.MOST_IN_ALL and all(one.external_id or one.is_remark for one in refused)


def _may_pass(error: Unfetchable) -> bool:
    """Tell whether it was the network, which may be better later, and not what the address is, or what is there."""
    return error.__cause__ is not None and error.__cause__.__cause__ is not None


def _address(written: str) -> str:
    """Return the address of a calendar; webcal:// is what programs call one to subscribe to. Raises `Refused`."""
    scheme, mark, rest = written.strip().partition("://")
    scheme = "https" if scheme.lower() in {"webcal", "webcals"} else scheme.lower()
    if not mark or scheme not in {"https", "http"}:
        raise Refused("Give the address of a calendar: it begins with https:// or webcal://.")
    return f"{scheme}://{rest}"


def _port(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError:
        raise Refused("The address of the calendar cannot be understood.") from None


def _is_meant(event: ExternalEvent, criteria: Criteria) -> bool:
    """Tell whether an event begins when it is looked for, and has the words of place and kind."""
    zone = ZoneInfo(event.timezone or "UTC")
    starts_at = event.starts_at or (event.starts_on and datetime.combine(event.starts_on, time(), zone).astimezone(UTC))
    if starts_at is None:
        return False
    last = starts_at if event.starts_at is not None else starts_at + A_DAY
    if criteria.date_from is not None and last < criteria.date_from:
        return False
    if criteria.date_to is not None and starts_at > criteria.date_to:
        return False
    return _has(event.location, criteria.location) and _has(" ".join(event.categories), criteria.category)


def _has(text: str, words: str) -> bool:
    return words.casefold().strip() in text.casefold()
