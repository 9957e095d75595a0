"""A source that speaks with a fake SeatGeek, whose events begin after a day that stands still."""

import copy
from datetime import date

import pytest
from turnout_external_events.sources import Malformed
from turnout_external_events.sources.reading import one
from turnout_external_events.testing.asking import HASTY, caller_settings

from turnout_seatgeek.caller import SeatGeekCaller
from turnout_seatgeek.fake import FakeSeatGeek
from turnout_seatgeek.mapping import read_event
from turnout_seatgeek.source import SeatGeekSource

pytest_plugins = ["turnout.testing.fixtures"]

TODAY = date(2026, 9, 1)
USUAL = {
    "id": 5225201,
    "type": "concert",
    "status": "normal",
    "title": "Velvet Kites",
    "short_title": "Kites",
    "url": "https://seatgeek.example.com/e/5225201",
    "description": "Doors at seven.",
    "datetime_local": "2027-03-03T20:00:00",
    "datetime_utc": "2027-03-03T23:00:00",
    "enddatetime_utc": None,
    "datetime_tbd": False,
    "date_tbd": False,
    "time_tbd": False,
    "stats": {"listing_count": 3, "lowest_price": 40, "average_price": 61.2, "highest_price": 95.5},
    "taxonomies": [{"id": 2000000, "name": "concert", "parent_id": None}],
    "performers": [
        {"id": 7, "name": "Idle Engines", "primary": False, "image": "https://images.example.com/engines.jpg"},
        {"id": 8, "name": "Velvet Kites", "primary": True, "image": "https://images.example.com/kites.jpg"},
    ],
    "venue": {
        "id": 55770,
        "name": "Estádio do Planalto",
        "address": "Eixo Monumental",
        "extended_address": "Brasilia, Brazil",
        "city": "Brasilia",
        "state": None,
        "country": "Brazil",
        "postal_code": "70070701",
        "timezone": "America/Sao_Paulo",
        "location": {"lat": -15.7835, "lon": -47.8992},
        "capacity": 70_000,
    },
}


@pytest.fixture(scope="session")
def plugins():
    return "external_events seatgeek"


@pytest.fixture
def seatgeek():
    with FakeSeatGeek(today=TODAY) as fake:
        yield fake


class HastyCaller(SeatGeekCaller):
    """Asks as often as any, with pauses that no test notices."""

    steady = HASTY


@pytest.fixture
def make_source(seatgeek):
    """Return what makes a source, with other settings if need be; it remembers no answers unless it is told to."""

    def make_source(**other):
        own = seatgeek.settings() | {"seatgeek.per_second": 100, "seatgeek.per_day": 100_000}
        settings = caller_settings(own, **other)
        return SeatGeekSource(HastyCaller(settings), settings)

    return make_source


@pytest.fixture
def source(make_source):
    return make_source()


@pytest.fixture
def read():
    """Return what reads the usual event with some of it, or of its `venue` (None: it has none), changed; what is `...` is taken away."""

    def read(venue=(), **changes):
        raw = copy.deepcopy(USUAL) | changes
        raw["venue"] = None if venue is None else raw["venue"] | dict(venue)
        for document in filter(None, (raw, raw["venue"])):
            for name in [name for name, value in document.items() if value is ...]:
                del document[name]
        return one(raw, read_event)

    return read


@pytest.fixture
def refused(read):
    """Return what does that, and gives the reason why it cannot be read."""

    def refused(**changes):
        with pytest.raises(Malformed) as raised:
            read(**changes)
        return str(raised.value)

    return refused
