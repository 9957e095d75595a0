"""The events of the fake that are odd, in every way that SeatGeek's are, one way each; and one that others have, too.

`CASES` has them by what is odd, in the order of their ids.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from turnout_seatgeek.fake import world
from turnout_seatgeek.fake.programme import FIRST_ID, Document, Maker, Programme
from turnout_seatgeek.fake.world import Kind, Place

PLACEHOLDER = time(3, 30)
"""The time, by the clock of the place, that stands where there is none yet."""
LANTERN_PARADE = FIRST_ID


def next_change(zone: str, after: date, *, forward: bool) -> date:
    """Return the next day on which the clocks of a zone are put forward, or back."""
    clock, day = ZoneInfo(zone), after
    while True:
        day += timedelta(days=1)
        before, then = (
            datetime.combine(each, time(12), tzinfo=clock).utcoffset() for each in (day - timedelta(days=1), day)
        )
        if before is not None and then is not None and (then > before if forward else then < before):
            return day


def _at(place: str, title: str, *, days: int, hour: time = time(20), kind: Kind = world.CONCERT, **other: Any) -> Maker:
    """Return what makes an event, at a time of the place's clock; fields of `other` are as they are given."""
    where = world.place(place)

    def make(programme: Programme, number: int) -> Document:
        starts = datetime.combine(programme.day(days), hour, tzinfo=where.city.clock)
        return programme.made(number, kind, where, starts, **{"title": title, "who": (title,)} | other)

    return make


def _with_venue(make: Maker, **fields: Any) -> Maker:
    """Return what makes that event with another venue's fields."""

    def made(programme: Programme, number: int) -> Document:
        event = make(programme, number)
        return event | {"venue": event["venue"] | fields}

    return made


def _on_change(place: str, title: str, hour: time, *, forward: bool) -> Maker:
    """Return what makes an event on the day on which the clocks change."""
    where: Place = world.place(place)

    def make(programme: Programme, number: int) -> Document:
        day = next_change(where.city.zone, programme.today, forward=forward)
        starts = datetime.combine(day, hour, tzinfo=where.city.clock)
        return programme.made(number, world.CONCERT, where, starts, title=title, who=(title,))

    return make


def _festival(programme: Programme, number: int) -> Document:
    where = world.place("Saguaro Amphitheater")
    starts = datetime.combine(programme.day(90), time(14), tzinfo=where.city.clock)
    ends = (starts + timedelta(days=2, hours=9)).astimezone(UTC).replace(tzinfo=None)
    who = ("Velvet Kites", "Copper Foxes", "Idle Engines")
    return programme.made(
        number, world.FESTIVAL, where, starts, title="Three Days of Dust", who=who, enddatetime_utc=ends.isoformat()
    )


def _only_others_have_pictures(programme: Programme, number: int) -> Document:
    event = _at("La Verrière", "Les Parapluies Lents", days=33, who=("Les Parapluies Lents", "Jade Magpies"))(
        programme, number
    )
    event["performers"][0]["image"] = None
    return event


def _wrong_wall_clock(programme: Programme, number: int) -> Document:
    event = _at("Lakefront Arena", "Distant Satellites", days=41)(programme, number)
    return event | {"datetime_local": event["datetime_utc"]}


_HTML = (
    "<p>An evening of <b>songs</b> &amp; stories.<br>Doors: 7 pm.</p><ul><li>No late entry</li></ul>"
    "<script>alert('not here')</script>"
)

CASES: dict[str, Maker] = {
    "also at Ticketmaster": _at("Memorial Auditorium", "Lantern Parade", days=30),
    "time not known": _at("Estádio do Planalto", "Once in Brasilia", days=21, hour=PLACEHOLDER, time_tbd=True),
    "time not known, in UTC the day before": _at(
        "Kawabe Hall", "Paper Comets", days=22, hour=PLACEHOLDER, time_tbd=True
    ),
    "day not known": _at("Teatro da Ribeira", "Fado at Dusk", days=120, hour=PLACEHOLDER, date_tbd=True, time_tbd=True),
    "neither known": _at("Southgate Empire", "Gilded Pilots", days=140, hour=PLACEHOLDER, datetime_tbd=True),
    "cancelled": _at("Harbor Light Hall", "Hollow Bells", days=15, status="cancelled"),
    "canceled": _at("Tin Ceiling", "Fading Ladders", days=16, status="canceled"),
    "postponed": _at("Quayside Vaults", "Restless Rivers", days=17, status="postponed"),
    "rescheduled": _at("Wharf Nine", "Tangled Orchards", days=18, status="rescheduled"),
    "contingent": _at("Heron Field", "Final, game 7 (if necessary)", days=19, kind=world.BASEBALL, status="contingent"),
    "no prices": _at("The Foundry Room", "Quiet Windmills", days=23, stats={}),
    "prices null": _at("The Foundry Room", "Amber Violets", days=24, stats=None),
    "only the lowest price": _at("Tin Ceiling", "Little Umbrellas", days=25, stats={"lowest_price": 18}),
    "lowest price null": _at(
        "Tin Ceiling", "Brass Gardens", days=26, stats={"listing_count": 0, "lowest_price": None, "highest_price": None}
    ),
    "no zone, in a country with one": _with_venue(
        _at("The Old Signal Box", "Northern Tramways", days=27), timezone=None
    ),
    "no zone, in a country with several": _with_venue(
        _at("The Velvet Turnip", "Electric Darlings", days=28), timezone=None
    ),
    "only the wall clock": _at("Theater am Kanal", "Sieben Regenschirme", days=29, kind=world.PLAY, datetime_utc=None),
    "only the wall clock, and no zone": _with_venue(
        _at("Kesselhalle Ost", "Die Laternen", days=31, datetime_utc=None), timezone=None
    ),
    "venue without a name": _with_venue(_at("Casa do Rio", "Secret Garden Session", days=32), id=None, name=None),
    "no venue": _at("Casa do Rio", "Somewhere in Lisbon", days=34, venue=None),
    "capacity 0": _at("Casa do Rio", "Rio ao Fim da Tarde", days=35, hour=time(18, 30)),
    "a description in HTML": _at("Maple Street Playhouse", "Salt & Thunder", days=36, description=_HTML),
    "clocks put back": _on_change("Kesselhalle Ost", "The Hour That Comes Twice", time(2, 30, fold=1), forward=False),
    "clocks put forward": _on_change("Memorial Auditorium", "The Missing Hour", time(3), forward=True),
    "wall clock and UTC at odds": _wrong_wall_clock,
    "of several days": _festival,
    "only others have pictures": _only_others_have_pictures,
    "nobody performs": _at("Theater am Kanal", "Open Stage", days=37, who=()),
    "only a short title": _at(
        "La Verrière", "", days=38, short_title="Café Concert", who=("Kindred Islands",), kind=world.CONCERT
    ),
    "no title but performers": _at("La Verrière", "", days=39, who=("Crooked Harbors", "Silver Foxes")),
    "a very long title": _at(
        "Southgate Empire", "Wandering Anchors: " + "a night without an end, " * 20, days=40, who=("Wandering Anchors",)
    ),
    "emoji": _at("Kawabe Hall", "🏮 ランタンの夜", days=42),
    "next day in UTC": _at("Heron Field", "Herons Late Show", days=43, hour=time(23, 30)),
}
