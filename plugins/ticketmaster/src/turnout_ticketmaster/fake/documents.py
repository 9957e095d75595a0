"""Events, venues and classifications as Ticketmaster writes them."""

import random
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from turnout_ticketmaster.fake.data import CITIES, DESCRIPTIONS, GENRES, HTML, NOTES, City, Genre
from turnout_ticketmaster.fake.programme import Listing

Document = dict[str, Any]
PICTURES = (("16_9", 2048), ("4_3", 305), ("16_9", 1024), ("3_2", 640), ("16_9", 640), ("16_9", 205))
STATUSES = ("cancelled", "canceled", "postponed", "rescheduled", "offsale")
UNTIMED = ("time_tba", "no_specific_time", "date_tba", "date_tbd")


def event(listing: Listing, url: str) -> Document:
    """Return an event; `url` is where the fake is."""
    chance = random.Random(listing.id)
    kind = listing.kind
    document: Document = {
        "name": listing.name,
        "type": "event",
        "id": listing.id,
        "test": kind == "test",
        "url": f"{url}/event/{listing.id}",
        "locale": "en-us",
        "images": _images(kind, f"{url}/images/{listing.id}"),
        "sales": {"public": {"startTBD": False, "startTBA": False}},
        "dates": _dates(listing),
        "classifications": [] if kind == "no_classification" else [_classification(listing.genre, is_primary=True)],
        "priceRanges": _prices(kind, listing.city.currency, chance),
        "ageRestrictions": {"legalAgeEnforced": chance.random() < 0.1},
        "_links": {"self": {"href": f"/discovery/v2/events/{listing.id}?locale=en-us"}},
        "_embedded": {"venues": [_venue_of(listing)]},
    }
    document |= _told(kind, chance)
    if not document["priceRanges"]:
        del document["priceRanges"]
    if kind == "no_images":
        del document["images"]
    if kind == "no_venue":
        del document["_embedded"]
    return document


def venue(city: City, number: int) -> Document:
    """Return a venue."""
    place: Document = {
        "name": city.venues[number],
        "type": "venue",
        "id": f"KovV{CITIES.index(city):02d}{number:02d}",
        "postalCode": f"{10000 + CITIES.index(city) * 100 + number}",
        "timezone": city.zone,
        "city": {"name": city.name},
        "country": {"name": city.country, "countryCode": city.country_code},
        "address": {"line1": f"{number + 1} {city.name} Street"} | ({"line2": "Rear building"} if number else {}),
        "location": {"longitude": str(city.longitude), "latitude": str(city.latitude)},
    }
    if city.state:
        place["state"] = {"name": city.state, "stateCode": city.state_code}
    return place


def venues() -> list[Document]:
    """Return all venues."""
    return [venue(city, number) for city in CITIES for number in range(len(city.venues))]


def classifications() -> list[Document]:
    """Return all kinds of event."""
    return [_classification(genre, is_primary=True) for genre in GENRES]


def _dates(listing: Listing) -> Document:
    kind, local = listing.kind, listing.starts_at.astimezone(ZoneInfo(listing.city.zone))
    is_untimed = kind in UNTIMED
    start: Document = {
        "localDate": f"{local:%Y-%m-%d}",
        "dateTBD": kind == "date_tbd",
        "dateTBA": kind == "date_tba",
        "timeTBA": kind in {"time_tba", "date_tba"},
        "noSpecificTime": kind == "no_specific_time",
    }
    if not is_untimed:
        start["localTime"] = f"{local:%H:%M:%S}"
    if not is_untimed and kind not in {"local_time_only", "zone_of_venue", "zone_of_country", "no_zone"}:
        start["dateTime"] = f"{listing.starts_at:%Y-%m-%dT%H:%M:%SZ}"
    dates: Document = {
        "start": start,
        "status": {"code": kind if kind in STATUSES else "onsale"},
        "spanMultipleDays": kind == "festival",
    }
    if kind not in {"zone_of_venue", "zone_of_country", "no_zone"}:
        dates["timezone"] = listing.city.zone
    if kind == "festival":
        dates["end"] = {"localDate": f"{local + timedelta(days=2):%Y-%m-%d}", "noSpecificTime": True}
    if kind == "with_end":
        dates["end"] = {
            "dateTime": f"{listing.starts_at + timedelta(hours=3):%Y-%m-%dT%H:%M:%SZ}",
            "approximate": False,
        }
    return dates


def _venue_of(listing: Listing) -> Document:
    place = venue(listing.city, listing.venue)
    if listing.kind in {"zone_of_country", "no_zone"}:
        del place["timezone"]
    if listing.kind == "no_zone":
        del place["country"]
    if listing.kind == "venue_without_name":
        del place["name"]
    return place


def _classification(genre: Genre, *, is_primary: bool) -> Document:
    def level(name: str) -> Document:
        return {"id": f"KZ{sum(map(ord, name)):06d}", "name": name}

    return {
        "primary": is_primary,
        "segment": level(genre.segment),
        "genre": level(genre.genre),
        "subGenre": level(genre.sub_genre),
        "family": genre.genre == "Family",
    }


def _prices(kind: str, currency: str, chance: random.Random) -> list[Document]:
    if kind == "no_price":
        return []
    least = chance.randrange(10, 90) * (100 if currency == "JPY" else 1)
    if kind == "odd_price":
        return [{"type": "standard", "currency": currency, "min": least * 2.0, "max": float(least)}]
    standard = {"type": "standard", "currency": currency, "min": float(least), "max": least * 3.5}
    if kind != "two_currencies":
        return [standard]
    platinum = {"type": "platinum", "currency": currency, "min": least * 2.0, "max": least * 8.0}
    return [standard, platinum, {"type": "standard", "currency": "CHF", "min": 1.0, "max": 9999.0}]


def _told(kind: str, chance: random.Random) -> Document:
    description, note = chance.choice(DESCRIPTIONS), chance.choice(NOTES)
    if kind == "html":
        return {"info": HTML, "pleaseNote": note}
    if kind == "no_description":
        return {}
    if kind == "notes_only":
        return {"pleaseNote": note}
    return {"info": description, "pleaseNote": note} if chance.random() < 0.5 else {"description": description}


def _images(kind: str, url: str) -> list[Document]:
    pictures = PICTURES[3:] if kind == "small_images" else PICTURES
    return [
        {
            "ratio": ratio,
            "url": f"{url}-{width}.svg",
            "width": width,
            "height": width * int(ratio[-1]) // int(ratio.split("_")[0]),
            "fallback": kind == "fallback_images" and width != 305,
        }
        for ratio, width in pictures
    ]
