"""Event sources: where other people's events are read from. A plugin adds one with ``config.add_event_source(name, source)``.

    class AcmeSource(EventSource):
        title = "Acme"

        def __init__(self, acme: AcmeCaller) -> None: ...

    def includeme(config):
        config.add_event_source("acme", AcmeSource)

The class is made when it is needed, its constructor filled by its annotations as a service's is. `search` and `fetch` are
called outside any transaction, in whatever thread; `check` is called while somebody waits, and must talk to nobody.

What a source answers is in one neutral shape, `ExternalEvent`, whatever its own looks like. A source says what it was told and
nothing else: it guesses no time and no zone. What of its answers cannot be read is left out, each with a `Refusal`.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from turnout_external_events.sources.calling import Caller

SCHEDULED, RESCHEDULED, POSTPONED, CANCELLED = "scheduled", "rescheduled", "postponed", "cancelled"
STATUSES = (SCHEDULED, RESCHEDULED, POSTPONED, CANCELLED)
"""What a source says of an event: it will be; it will be, at another time than was said once; some time; it will not."""


class Pace(Enum):
    """How an answer is asked for."""

    QUICK = "quick"
    """Somebody waits: an answer of some minutes ago will do, and who does not answer soon is given up."""
    FRESH = "fresh"
    """Somebody waits for what is new: who does not answer soon is given up, and no earlier answer will do."""
    STEADY = "steady"
    """Nobody waits: the answer must be new, and there is time to wait for one's turn and to ask again."""


class SourceError(Exception):
    """A source did not answer as it was hoped; the text says why, in words for staff, without secrets."""


class Unavailable(SourceError):
    """It cannot be reached, is too busy, or broken: later it may work. `seconds`: after so many, if it said so."""

    def __init__(self, message: str, seconds: float | None = None) -> None:
        super().__init__(message)
        self.seconds = seconds


class QuotaSpent(Unavailable):
    """As many calls were made as are allowed, by the source or by our own share of it; `seconds` until there are more."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message, seconds)
        self.seconds: float = seconds


class KeyRefused(SourceError):
    """The key is wrong, revoked, or missing: somebody has to see to it."""


class NotThere(SourceError):
    """There is no such event, or not any more."""


class Refused(SourceError):
    """It will not answer this question, however often it is asked."""


class BadAnswer(SourceError):
    """What it answers cannot be understood at all."""


class Malformed(ValueError):
    """One event cannot be read; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Criteria:
    """What is searched for. `query`: words; `location`: the name of a city; `category`: a word such as "music" or "Sports".

    `date_from` and `date_to` are aware, and include both ends; a source whose own search is less exact answers more rather than less.
    """

    query: str = ""
    location: str = ""
    date_from: datetime | None = None
    date_to: datetime | None = None
    category: str = ""


@dataclass(frozen=True, slots=True)
class ExternalVenue:
    """A place, as a source says it. `id` is the source's; `country` is an ISO 3166 code, `timezone` a name of the IANA database."""

    name: str
    id: str | None = None
    address: str = ""
    city: str = ""
    country: str | None = None
    timezone: str | None = None
    capacity: int | None = None


@dataclass(frozen=True, slots=True)
class PriceRange:
    """What tickets cost there; `most` may be the same."""

    least: Decimal
    most: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class ExternalEvent:
    """An event as a source says it.

    When: `starts_at` (aware) where day, time and zone are known; otherwise `starts_on`, the day at the place, or neither.
    With `is_estimate` the day is only expected, and there is no `starts_at`. `ends_at` is None where the source does not say it;
    `ends_on` is the last day there, included, where only that is said.
    `timezone` is a name of the IANA database, None where nothing says it.

    Where: a `venue`, or words in `location`. `description` may be HTML. `categories` are the source's own words, the most
    specific first. `url` is where it is sold, or told about; `image_url` the picture that is best for a page's width.
    """

    external_id: str
    title: str
    starts_at: datetime | None = None
    starts_on: date | None = None
    is_estimate: bool = False
    ends_at: datetime | None = None
    ends_on: date | None = None
    timezone: str | None = None
    status: str = SCHEDULED
    description: str = ""
    venue: ExternalVenue | None = None
    location: str = ""
    categories: tuple[str, ...] = ()
    price: PriceRange | None = None
    url: str | None = None
    image_url: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that could not be read, or not be imported: who it is, as far as that is known, and why, for staff.

    `external_id` is what the ids of several events begin with where it is about all of them, such as the times of a series.
    `is_remark`: it is about no event in particular, but about what was read as a whole, and counts as none.
    """

    reason: str
    external_id: str = ""
    title: str = ""
    is_remark: bool = field(default=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Found:
    """One page of what was found: its `events`, those that could not be read, and how many there are in `total`, as far as known.

    `covers` is said by sources `by_address`: of what begins from the first moment until before the second (both aware)
    everything is found that is at the address, but for what `refused` names by its id. So what is known and was not found is
    gone. None: that cannot be said.
    """

    events: tuple[ExternalEvent, ...] = ()
    total: int = 0
    has_more: bool = False
    refused: tuple[Refusal, ...] = ()
    covers: tuple[datetime, datetime] | None = None


class EventSource:
    """Finds events, and says what has become of one."""

    title: ClassVar[str]
    """What people read: "Ticketmaster"."""
    largest_page: ClassVar[int] = 100
    """How many events `search` answers at most at once."""
    deepest: ClassVar[int | None] = None
    """How many events of one search can be reached, page by page; None: all of them. Past it, searches are sliced by date."""
    by_address: ClassVar[bool] = False
    """Whether `Criteria.query` is the web address of what is read, such as a calendar's, rather than words.

    Such a source is asked only by its name, and has no `fetch`: what it has is read anew as a whole, also to refresh events.
    """

    caller: "Caller | None" = None
    """The way to it, where it is called through one: whether that was told last that its key is no good is said to staff."""

    def check(self) -> str | None:
        """Return what is missing before it can be asked, in words for staff ("ticketmaster.api_key is not set"), or None."""
        return None

    def refuses(self, criteria: Criteria) -> str | None:  # noqa: ARG002 - for those who know it
        """Return why nothing is ever found by this, such as words where an address belongs, or None. It talks to nobody, too.

        The answer is shown where `criteria.query` was typed in.
        """
        return None

    def search(self, criteria: Criteria, page: int, size: int, pace: Pace) -> Found:
        """Return page `page` (from 1) of `size` events each, by date where the source can do that. Raises `SourceError`."""
        raise NotImplementedError

    def fetch(self, external_id: str, pace: Pace) -> ExternalEvent:
        """Return one event as it is now. Raises `SourceError`, of which `NotThere` says that it is gone, and `Malformed`."""
        raise NotImplementedError
