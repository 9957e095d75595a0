"""The fake's programme: what takes place where and when, the same for the same day; documents are made of it when asked for."""

import random
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from turnout_ticketmaster.fake.data import CITIES, GENRES, SUFFIXES, City, Genre

PLAIN, TEST = "plain", "test"
ODD = (
    "time_tba", "no_specific_time", "date_tba", "date_tbd", "local_time_only", "zone_of_venue", "zone_of_country", "no_zone",
    "cancelled", "canceled", "postponed", "rescheduled", "offsale", "no_price", "two_currencies", "odd_price", "html",
    "no_description", "notes_only", "small_images", "fallback_images", "no_images", "venue_without_name", "no_venue",
    "festival", "with_end", "no_classification",
)  # fmt: skip
"""What may be unusual of an event; each third of the programme has one of these, in turn."""
LANTERN_PARADE = "TMlanternparade"
"""The concert that other sources have, too: at the Memorial Auditorium in Sacramento, 30 days on, at eight in the evening."""


@dataclass(slots=True)
class Listing:
    """What the programme knows of an event: enough to find it, and to write it down."""

    id: str
    name: str
    city: City
    venue: int
    genre: Genre
    starts_at: datetime
    kind: str = PLAIN

    @property
    def venue_id(self) -> str:
        """Return the id of the venue."""
        return f"KovV{CITIES.index(self.city):02d}{self.venue:02d}"

    def has(self, words: list[str]) -> bool:
        """Tell whether all words are in what one would look for (in lower case)."""
        searched = f"{self.name} {self.city.name} {self.city.venues[self.venue]} {self.genre.genre}".casefold()
        return all(word in searched for word in words)

    def is_of(self, classification: str) -> bool:
        """Tell whether a segment, genre or subgenre is called so (in lower case)."""
        genre = self.genre
        return classification in {genre.segment.casefold(), genre.genre.casefold(), genre.sub_genre.casefold()}


class Programme:
    """All events by date: `count` within `days` after `today`, and a few that are always there."""

    def __init__(self, today: date, count: int, days: int) -> None:
        made = [*_special(today), *(_listing(number, today, count, days) for number in range(count))]
        self._by_id = {listing.id: listing for listing in made}
        self._sort()

    def _sort(self) -> None:
        self._sorted = sorted(self._by_id.values(), key=lambda listing: (listing.starts_at, listing.id))
        self._starts = [listing.starts_at for listing in self._sorted]

    def get(self, event_id: str) -> Listing | None:
        """Return an event."""
        return self._by_id.get(event_id)

    def remove(self, event_id: str) -> None:
        """Forget an event. Raises `KeyError`."""
        del self._by_id[event_id]
        self._sort()

    def move(self, event_id: str, starts_at: datetime) -> None:
        """Let an event begin at another time. Raises `KeyError`."""
        self._by_id[event_id].starts_at = starts_at.astimezone(UTC)
        self._sort()

    def between(self, first: datetime | None, last: datetime | None) -> list[Listing]:
        """Return events by date, those that begin at `first` and at `last` included."""
        begin = 0 if first is None else bisect_left(self._starts, first)
        end = len(self._starts) if last is None else bisect_right(self._starts, last)
        return self._sorted[begin:end]

    @cached_property
    def ids(self) -> list[str]:
        """Return the ids of all events there were at first, by date."""
        return [listing.id for listing in self._sorted]


def _listing(number: int, today: date, count: int, days: int) -> Listing:
    chance = random.Random(number)
    city, genre = chance.choice(CITIES), chance.choice(GENRES)
    day = today + timedelta(days=1 + number * days // count)
    begins = chance.choice((time(11), time(15, 30), time(18), time(19), time(19, 30), time(20), time(20, 30), time(22)))
    turn, rest = divmod(number, 3)
    return Listing(
        f"TMf{number:06d}",
        chance.choice(genre.names) + chance.choice(SUFFIXES),
        city,
        chance.randrange(len(city.venues)),
        genre,
        _at(day, begins, city.zone),
        PLAIN if rest else ODD[turn % len(ODD)],
    )


def _special(today: date) -> Iterator[Listing]:
    sacramento, rock = CITIES[0], GENRES[0]
    yield Listing(
        LANTERN_PARADE, "Lantern Parade", sacramento, 0, rock, _at(today + timedelta(30), time(20), sacramento.zone)
    )
    yield Listing(
        "TMtest",
        "Test Event, Do Not Buy",
        sacramento,
        1,
        rock,
        _at(today + timedelta(10), time(20), sacramento.zone),
        TEST,
    )
    for city in (sacramento, next(city for city in CITIES if city.name == "Berlin")):
        for turn in range(2):
            day = _changes(today, city.zone)[turn]
            # The night itself, at a time that the clock shows twice in autumn, and some hours after in both cases.
            for name, begins in (("Afterhours", time(1, 30)), ("Morning", time(11))):
                event_id = f"TMclock{city.country_code}{turn + 1}{name.lower()}"
                yield Listing(
                    event_id, f"{name} on the Night of the Clocks", city, 1, GENRES[4], _at(day, begins, city.zone)
                )


def _changes(today: date, zone: str) -> list[date]:
    """Return the next two days on which the clocks change."""
    found = []
    for distance in range(1, 400):
        day = today + timedelta(distance)
        before, after = (
            datetime.combine(each, time(0), ZoneInfo(zone)).utcoffset() for each in (day, day + timedelta(1))
        )
        if before != after:
            found.append(day)
    return found


def _at(day: date, begins: time, zone: str) -> datetime:
    return datetime.combine(day, begins, ZoneInfo(zone)).astimezone(UTC)
