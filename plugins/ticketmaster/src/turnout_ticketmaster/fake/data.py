"""What the fake's programme is made of: real cities, and invented venues, people and works."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class City:
    """A city as Ticketmaster tells of it, and the names of its venues."""

    name: str
    country: str
    country_code: str
    zone: str
    currency: str
    latitude: float
    longitude: float
    venues: tuple[str, ...]
    state: str | None = None
    state_code: str | None = None


@dataclass(frozen=True, slots=True)
class Genre:
    """A kind of event: segment, genre and subgenre with the names of events of this kind."""

    segment: str
    genre: str
    sub_genre: str
    names: tuple[str, ...]


_US, _GB, _DE, _PT = "United States Of America", "Great Britain", "Germany", "Portugal"

CITIES = (
    City("Sacramento", _US, "US", "America/Los_Angeles", "USD", 38.58, -121.49, ("Memorial Auditorium", "Delta Arena", "The Levee Room"), "California", "CA"),
    City("Los Angeles", _US, "US", "America/Los_Angeles", "USD", 34.05, -118.24, ("Canyon Bowl", "The Jacaranda", "Harbor Dome"), "California", "CA"),
    City("Phoenix", _US, "US", "America/Phoenix", "USD", 33.45, -112.07, ("Saguaro Hall", "Copper State Arena"), "Arizona", "AZ"),
    City("Chicago", _US, "US", "America/Chicago", "USD", 41.88, -87.63, ("Lakeshore Theatre", "The Stockyard", "Prairie Field"), "Illinois", "IL"),
    City("New York", _US, "US", "America/New_York", "USD", 40.71, -74.01, ("Hudson Playhouse", "The Ferry Ballroom", "Borough Garden"), "New York", "NY"),
    City("Toronto", "Canada", "CA", "America/Toronto", "CAD", 43.65, -79.38, ("Maple Leaf Music Hall", "Queen Street Rooms"), "Ontario", "ON"),
    City("London", _GB, "GB", "Europe/London", "GBP", 51.51, -0.13, ("The Old Granary", "Thames Wharf Arena", "Bishop's Yard")),
    City("Manchester", _GB, "GB", "Europe/London", "GBP", 53.48, -2.24, ("Canal Mill", "Northern Hall")),
    City("Berlin", _DE, "DE", "Europe/Berlin", "EUR", 52.52, 13.4, ("Kesselhaus am Kanal", "Spreehalle", "Theater im Hof")),
    City("Hamburg", _DE, "DE", "Europe/Berlin", "EUR", 53.55, 10.0, ("Speicher Neun", "Elbsaal")),
    City("Lisbon", _PT, "PT", "Europe/Lisbon", "EUR", 38.72, -9.14, ("Coliseu da Ribeira", "Armazém 12")),
    City("Amsterdam", "Netherlands", "NL", "Europe/Amsterdam", "EUR", 52.37, 4.9, ("De Pakhuiszaal", "Het IJpaleis")),
    City("Paris", "France", "FR", "Europe/Paris", "EUR", 48.86, 2.35, ("Salle du Canal", "Théâtre des Lilas")),
    City("Tokyo", "Japan", "JP", "Asia/Tokyo", "JPY", 35.68, 139.69, ("Sumida Hall", "Kanda Live Loft")),
    City("Sydney", "Australia", "AU", "Australia/Sydney", "AUD", -33.87, 151.21, ("Pier Seven", "The Figtree Theatre"), "New South Wales", "NSW"),
)  # fmt: skip

GENRES = (
    Genre("Music", "Rock", "Alternative Rock", ("The Paper Tigers", "Velvet Harbour", "Static Orchard", "Midnight Ferry", "The Salt Roads")),
    Genre("Music", "Jazz", "Bebop", ("Ada Quill Quartet", "Blue Staircase", "The Lamplighters Big Band", "Nightjar Trio")),
    Genre("Music", "World", "Fado", ("Marisol Vento", "Casa da Saudade", "Noite de Fado")),
    Genre("Music", "Classical", "Symphonic", ("Riverside Philharmonic", "A Winter Serenade", "The Cello Suites, by Candlelight")),
    Genre("Music", "Dance/Electronic", "Techno", ("Kontrollraum", "Low Voltage", "Polar Circuit")),
    Genre("Sports", "Basketball", "Undefined", ("River Kings vs Desert Suns", "Harbour Hawks vs Northern Bears")),
    Genre("Sports", "Soccer", "League Cup", ("Canal City vs Old Town United", "Port Rovers vs Hill Athletic")),
    Genre("Arts & Theatre", "Theatre", "Musical", ("The Clockmaker's Daughter", "Seven Bridges", "A Lighthouse for Two")),
    Genre("Arts & Theatre", "Comedy", "Stand-Up", ("Grace Marlow: Sorry About That", "Open Mic Monday", "Tom Birch Tries Again")),
    Genre("Arts & Theatre", "Dance", "Ballet", ("The Snow Garden", "Swans at Midnight")),
    Genre("Film", "Documentary", "Undefined", ("Under the Ice, with Live Orchestra", "Letters from the Harbour")),
    Genre("Miscellaneous", "Family", "Other", ("The Great Marble Circus", "Dinosaurs of the Delta", "Puppets at Noon")),
)  # fmt: skip

DESCRIPTIONS = (
    "One night only, with guests. Doors open an hour before.",
    "An evening for everybody who likes it loud.\nThere is a bar, and a balcony with seats.",
    "Two hours with one interval. Sung in the original language, with surtitles.",
    "A show for the whole family; children under six sit on somebody's lap for free.",
)
HTML = (
    "<p>The <b>anniversary tour</b>: twenty songs, <i>one</i> encore &amp; a surprise.</p>"
    '<ul><li>Doors: 19:00</li><li>Support: <a href="https://example.com/" onclick="alert(1)">Nightjar Trio</a></li></ul>'
    "<script>alert('never')</script>"
)
NOTES = ("No bags larger than A4.", "Strobe lights are used.", "The venue takes no cash.")
SUFFIXES = ("", "", "", " - The Homecoming Tour", " (Late Show)", ": Live", " & Friends")
