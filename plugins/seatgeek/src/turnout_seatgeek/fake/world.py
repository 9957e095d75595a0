"""Where the fake's events are, what they are, and who plays: real cities, of which nothing else is true."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class City:
    """A city; `country` as SeatGeek writes it: a code or a name."""

    name: str
    state: str | None
    country: str
    postal_code: str
    zone: str
    lat: float
    lon: float

    @property
    def clock(self) -> ZoneInfo:
        """Return the zone that its clocks are set by."""
        return ZoneInfo(self.zone)


@dataclass(frozen=True, slots=True)
class Place:
    """A venue; a `capacity` of 0 is one that SeatGeek does not know."""

    id: int
    name: str
    address: str
    capacity: int
    city: City


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of event: its `type`, its taxonomies from the general to the special, and when it usually begins, by hour."""

    type: str
    taxonomies: tuple[tuple[int, str], ...]
    hours: tuple[int, ...]


CITIES = {
    city.name: city
    for city in (
        City("Sacramento", "CA", "US", "95814", "America/Los_Angeles", 38.5816, -121.4944),
        City("New York", "NY", "US", "10019", "America/New_York", 40.7128, -74.0060),
        City("Chicago", "IL", "US", "60605", "America/Chicago", 41.8781, -87.6298),
        City("Phoenix", "AZ", "US", "85004", "America/Phoenix", 33.4484, -112.0740),
        City("Toronto", "ON", "Canada", "M5V 1J1", "America/Toronto", 43.6532, -79.3832),
        City("Berlin", None, "Germany", "10245", "Europe/Berlin", 52.5200, 13.4050),
        City("Lisbon", None, "Portugal", "1100-053", "Europe/Lisbon", 38.7223, -9.1393),
        City("London", None, "UK", "SE1 8XX", "Europe/London", 51.5074, -0.1278),
        City("Dublin", None, "Ireland", "D02 X285", "Europe/Dublin", 53.3498, -6.2603),
        City("Paris", None, "France", "75011", "Europe/Paris", 48.8566, 2.3522),
        City("Brasilia", None, "Brazil", "70070701", "America/Sao_Paulo", -15.7835, -47.8992),
        City("Tokyo", None, "Japan", "150-0041", "Asia/Tokyo", 35.6762, 139.6503),
        City("Sydney", "NSW", "Australia", "2000", "Australia/Sydney", -33.8688, 151.2093),
    )
}

_NAMES = (
    ("Sacramento", "Memorial Auditorium", "1515 J St", 3850),
    ("Sacramento", "Heron Field", "400 River Walk", 14_000),
    ("Sacramento", "The Foundry Room", "21 R St", 450),
    ("New York", "Harbor Light Hall", "233 W 51st St", 2600),
    ("New York", "Tin Ceiling", "88 Orchard St", 300),
    ("Chicago", "Lakefront Arena", "1200 S Shore Dr", 17_500),
    ("Chicago", "The Velvet Turnip", "3730 N Clark St", 0),
    ("Phoenix", "Saguaro Amphitheater", "2121 N 83rd Ave", 19_000),
    ("Toronto", "Maple Street Playhouse", "60 Maple St", 1100),
    ("Berlin", "Kesselhalle Ost", "Revaler Str. 99", 1500),
    ("Berlin", "Theater am Kanal", "Paul-Lincke-Ufer 7", 420),
    ("Lisbon", "Teatro da Ribeira", "Rua da Prata 12", 760),
    ("Lisbon", "Casa do Rio", "Cais do Ginjal 3", 0),
    ("London", "The Old Signal Box", "14 Platform Rd", 900),
    ("London", "Southgate Empire", "200 The Cut", 4900),
    ("Dublin", "Quayside Vaults", "9 Custom House Quay", 1300),
    ("Paris", "La Verrière", "18 rue des Taillandiers", 1450),
    ("Brasilia", "Estádio do Planalto", "Eixo Monumental", 0),
    ("Tokyo", "Kawabe Hall", "1-21-7 Jinnan", 2100),
    ("Sydney", "Wharf Nine", "9 Hickson Rd", 1800),
)
PLACES = tuple(
    Place(55_001 + number, name, address, capacity, CITIES[city])
    for number, (city, name, address, capacity) in enumerate(_NAMES)
)


def place(name: str) -> Place:
    """Return a venue by its name."""
    return next(place for place in PLACES if place.name == name)


_CONCERT, _SPORTS, _THEATER = (2_000_000, "concert"), (1_000_000, "sports"), (3_000_000, "theater")
CONCERT = Kind("concert", (_CONCERT,), (19, 20, 21))
FESTIVAL = Kind("music_festival", (_CONCERT, (2_010_000, "music_festival")), (12, 14))
BASEBALL = Kind(
    "minor_league_baseball", (_SPORTS, (1_010_000, "baseball"), (1_010_300, "minor_league_baseball")), (13,)
)
BASKETBALL = Kind("basketball", (_SPORTS, (1_030_000, "basketball")), (19,))
PLAY = Kind("theater", (_THEATER,), (15, 19, 20))
MUSICAL = Kind("broadway_tickets_national", (_THEATER, (3_010_000, "broadway_tickets_national")), (14, 19))
COMEDY = Kind("comedy", (_THEATER, (3_030_000, "comedy")), (18, 20, 22))
FAMILY = Kind("family", (_THEATER, (3_040_000, "family")), (10, 15))

FIRST_WORDS = [
    "Amber",
    "Brass",
    "Copper",
    "Crooked",
    "Distant",
    "Electric",
    "Fading",
    "Gilded",
    "Hollow",
    "Idle",
    "Jade",
    "Kindred",
    "Little",
    "Midnight",
    "Northern",
    "Paper",
    "Quiet",
    "Restless",
    "Silver",
    "Tangled",
    "Velvet",
    "Wandering",
]
LAST_WORDS = [
    "Anchors",
    "Bells",
    "Comets",
    "Darlings",
    "Engines",
    "Foxes",
    "Gardens",
    "Harbors",
    "Islands",
    "Kites",
    "Ladders",
    "Magpies",
    "Orchards",
    "Pilots",
    "Rivers",
    "Satellites",
    "Tramways",
    "Umbrellas",
    "Violets",
    "Windmills",
]
TEAMS = ("Herons", "Tides", "Badgers", "Lanterns", "Foothills", "Comets", "Otters", "Steamers")
PLAYS = (
    "The Clockmaker's Daughter",
    "Seven Umbrellas",
    "A Room above the Bakery",
    "The Ferryman's Letters",
    "Nobody Lives at Number Nine",
    "Salt & Thunder",
)
MUSICALS = ("Tramway!", "The Lamplighters", "Marmalade Street", "Once in Brasilia")
COMEDIANS = ("Odette Marsh", "Ravi Underhill", "Inês Falcão", "Big Tom Ferrous", "Keiko Lane")
TOURS = ("Sorry I'm Early", "Unplugged Toaster", "Still Loading", "My Other Car")
FAMILY_SHOWS = ("The Moon's Pyjamas", "Dinosaurs in the Attic", "Puppet Post Office", "Bubbles & Bones")
