"""The fake's events: any number, each made anew from its number whenever it is asked for, and always the same."""

import random
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from turnout_seatgeek.fake import world
from turnout_seatgeek.fake.world import Kind, Place

FIRST_ID = 7_000_001
DAYS = 360
"""Over how many days the events are spread."""
PERFORMERS = 4000
HUGE = 1_000_003
"""A prime, by which the numbers of performers are scattered."""

Document = dict[str, Any]
Maker = Callable[["Programme", int], Document]


class Programme:
    """`count` events from the day after `today` on. Pages and pictures of theirs are at `url`.

    The first ones are `cases`, which are odd in one way each.
    """

    def __init__(self, today: date, count: int, url: str, cases: tuple[Maker, ...]) -> None:
        self.today = today
        self.count = count
        self.url = url
        self._cases = cases

    def event(self, number: int) -> Document:
        """Return the event `number`, from 0 on, as SeatGeek's JSON has it."""
        return self._cases[number](self, number) if number < len(self._cases) else self._usual(number)

    def day(self, days: int) -> date:
        """Return the day that is so many days ahead."""
        return self.today + timedelta(days=days)

    def made(
        self, number: int, kind: Kind, place: Place, starts: datetime, *, title: str, who: tuple[str, ...], **other: Any
    ) -> Document:
        """Make an event. `starts` is aware; `who` performs, the first before all others; `other` fields as they are to be."""
        chance = random.Random(number)
        city, moment = place.city, starts.astimezone(UTC)
        least = chance.randrange(12, 140)
        stats = {
            "listing_count": chance.randrange(1, 400),
            "lowest_price": least,
            "average_price": least * 2,
            "highest_price": least * chance.randrange(2, 6),
        }
        return {
            "id": FIRST_ID + number,
            "type": kind.type,
            "status": "normal",
            "title": title,
            "short_title": title[:40],
            "url": f"{self.url}/e/{FIRST_ID + number}",
            "score": round(chance.random(), 3),
            "description": "",
            "datetime_local": _written(starts),
            "datetime_utc": _written(moment),
            "enddatetime_utc": None,
            "datetime_tbd": False,
            "date_tbd": False,
            "time_tbd": False,
            "visible_until_utc": _written(moment + timedelta(hours=4)),
            "announce_date": f"{self.today - timedelta(days=60)}T00:00:00",
            "created_at": f"{self.today - timedelta(days=60)}T16:03:56",
            "is_open": False,
            "stats": stats if chance.random() < 0.6 else {},
            "taxonomies": [
                {"id": taxonomy, "name": name, "parent_id": kind.taxonomies[depth - 1][0] if depth else None}
                for depth, (taxonomy, name) in enumerate(kind.taxonomies)
            ],
            "performers": [self._performer(name, kind, is_first=index == 0) for index, name in enumerate(who)],
            "venue": {
                "id": place.id,
                "name": place.name,
                "address": place.address,
                "extended_address": ", ".join(filter(None, (city.name, city.state, city.country))),
                "city": city.name,
                "state": city.state,
                "country": city.country,
                "postal_code": city.postal_code,
                "timezone": city.zone,
                "location": {"lat": city.lat, "lon": city.lon},
                "capacity": place.capacity,
            },
        } | other

    def _performer(self, name: str, kind: Kind, *, is_first: bool) -> Document:
        slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "performer"
        return {
            "id": sum(map(ord, name)) * HUGE % PERFORMERS,
            "name": name,
            "slug": slug,
            "type": "band" if kind is world.CONCERT else kind.type,
            "primary": is_first,
            "image": f"{self.url}/images/{slug}.svg",
        }

    def _usual(self, number: int) -> Document:
        chance = random.Random(number)
        place, kind = chance.choice(world.PLACES), chance.choice(_KINDS)
        title, who = _billed(chance, kind, place)
        days = 1 + number * DAYS // self.count
        hour, minute = chance.choice(kind.hours), chance.choice((0, 0, 0, 30))
        starts = datetime.combine(self.day(days), time(hour, minute, tzinfo=place.city.clock))
        return self.made(number, kind, place, starts, title=title, who=who)


_KINDS = (
    *(world.CONCERT,) * 6,
    world.FESTIVAL,
    world.BASEBALL,
    world.BASKETBALL,
    *(world.PLAY,) * 2,
    world.MUSICAL,
    world.COMEDY,
    world.FAMILY,
)


def _billed(chance: random.Random, kind: Kind, place: Place) -> tuple[str, tuple[str, ...]]:
    """Return a title, and who performs."""
    city = place.city.name
    bands = [f"{chance.choice(world.FIRST_WORDS)} {chance.choice(world.LAST_WORDS)}" for _ in range(3)]
    if kind is world.FESTIVAL:
        return f"{city} {chance.choice(world.FIRST_WORDS)} Nights Festival", tuple(dict.fromkeys(bands))
    if kind in {world.BASEBALL, world.BASKETBALL}:
        home, guests = chance.sample(world.TEAMS, 2)
        away = chance.choice([name for name in world.CITIES if name != city])
        return f"{away} {guests} at {city} {home}", (f"{city} {home}", f"{away} {guests}")
    if kind is world.COMEDY:
        name = chance.choice(world.COMEDIANS)
        return f"{name}: {chance.choice(world.TOURS)}", (name,)
    shows = {world.PLAY: world.PLAYS, world.MUSICAL: world.MUSICALS, world.FAMILY: world.FAMILY_SHOWS}
    if kind in shows:
        show = chance.choice(shows[kind])
        return show, (show,)
    if chance.randrange(3):
        return bands[0], (bands[0],)
    return f"{bands[0]} with {bands[1]}", tuple(dict.fromkeys(bands[:2]))


def _written(moment: datetime) -> str:
    """Write a time as SeatGeek does: without its zone."""
    return moment.replace(tzinfo=None).isoformat(timespec="seconds")
