"""What sources answer, made such that it can be kept: whoever wrote a source, and whatever it was told."""

import html
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from urllib.parse import urlsplit

import colander
import nh3
from turnout.plugin import fields

from turnout_external_events.sources.contract import (
    SCHEDULED,
    STATUSES,
    ExternalEvent,
    ExternalVenue,
    Found,
    Malformed,
    PriceRange,
    Refusal,
)
from turnout_external_events.sources.reading import country_code, zone

TITLE, DESCRIPTION, ADDRESS, ID, REASON = 200, 20_000, 300, 255, 1000
LONGEST_READ = 4 * DESCRIPTION
"""How much of a text is read at all: markup takes room of its own."""
MOST_TAGS = 2000
"""How many tags of a text are read. Reading more takes longer than in proportion where they are nested as no editor does it."""
YEARS = range(1971, 2200)
MOST_MONEY = Decimal(9_999_999_999)
_CURRENCY, _URL = fields.currency(), fields.url()
_BREAK = re.compile(r"<\s*(?:br|/p|/div|/li|/h[1-6]|/tr)\b[^<>]*>", re.IGNORECASE)
_ITEM = re.compile(r"<\s*li\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[a-zA-Z/!]")
_ENTITY = re.compile(r"&(?:#[0-9]+|#x[0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]*);")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def checked(found: Found) -> Found:
    """Return what was found with everything in its place; events for which that cannot be are among the refused."""
    events = []
    refused = [
        Refusal(
            text(each.reason, REASON), text(each.external_id, ID), text(each.title, TITLE), is_remark=each.is_remark
        )
        for each in found.refused
    ]
    for event in found.events:
        try:
            events.append(check(event))
        except Malformed as error:
            refused.append(Refusal(str(error), text(event.external_id, ID), text(event.title, TITLE)))
        except (AttributeError, TypeError, ValueError) as error:  # a source that breaks its contract spoils one event
            said = f"Its source says it with {type(error).__name__}."
            refused.append(Refusal(said, text(event.external_id, ID), text(event.title, TITLE)))
    seen = len(events) + sum(not each.is_remark for each in refused)
    return replace(found, events=tuple(events), refused=tuple(refused), total=_total(found.total, seen))


def _total(said: object, seen: int) -> int:
    """Return how many events there are: as many as were `seen` where a source says what cannot be."""
    if not isinstance(said, int) or isinstance(said, bool) or not 0 <= said <= fields.MAX_WHOLE:
        return seen
    return max(said, seen)


def check(event: ExternalEvent) -> ExternalEvent:
    """Return an event with clean texts, real zones, countries and currencies, and addresses of the web. Raises `Malformed`."""
    external_id = text(event.external_id, ID + 1)
    if not external_id or len(external_id) > ID or external_id != event.external_id:
        raise Malformed("It has no id that could be kept.")
    title = text(plain(event.title), TITLE)
    if not title:
        raise Malformed("It has no title.")
    for moment in (event.starts_at, event.starts_on, event.ends_at, event.ends_on):
        _require_real(moment)
    is_dated = event.starts_at is not None and not event.is_estimate
    return replace(
        event,
        title=title,
        starts_at=event.starts_at if is_dated else None,
        ends_at=event.ends_at if not event.is_estimate else None,
        ends_on=event.ends_on if not event.is_estimate else None,
        timezone=zone(event.timezone),
        status=event.status if event.status in STATUSES else SCHEDULED,
        description=plain(event.description)[:DESCRIPTION].rstrip(),
        venue=_venue(event.venue),
        location=text(plain(event.location), ADDRESS),
        categories=tuple(_words(event.categories)),
        price=_price(event.price),
        url=address(event.url),
        image_url=address(event.image_url),
    )


def plain(written: str) -> str:
    """Return what HTML says as plain text, with its lines and paragraphs; text that is no HTML as it is.

    What is longer than `LONGEST_READ`, or has more than `MOST_TAGS`, is read so far.
    """
    said = _CONTROL.sub("", written[:LONGEST_READ].replace("\r\n", "\n").replace("\r", "\n"))
    beyond = next(islice(_TAG.finditer(said), MOST_TAGS, None), None)
    said = said if beyond is None else said[: beyond.start()]
    if _TAG.search(said) or _ENTITY.search(said):
        lines = _ITEM.sub("\n- ", _BREAK.sub("\n", said))
        # Only tags of which nothing is to be read go with what is in them; the text of all others stays.
        said = html.unescape(nh3.clean(lines, tags=set(), clean_content_tags={"script", "style", "title", "template"}))
    said = _CONTROL.sub("", said).replace("\xa0", " ")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.strip() for line in said.split("\n"))).strip()


def text(value: object, longest: int) -> str:
    """Return one line of text, shortened at the end of a word where it is too long; "" for what is no text."""
    if not isinstance(value, str):
        return ""
    line = re.sub(r"\s+", " ", _CONTROL.sub(" ", value[: longest * 4])).strip()
    if len(line) <= longest:
        return line
    return line[: longest - 1].rsplit(" ", 1)[0].rstrip(" ,.;:-") + "…"


def address(url: object) -> str | None:
    """Return the address of something on the web; None for anything else."""
    if not isinstance(url, str) or not re.fullmatch(r"[!-~]+", url):
        return None
    try:
        _URL.deserialize(url)
        parts = urlsplit(url)
        is_of_web = bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except (colander.Invalid, ValueError):
        return None
    return url if is_of_web else None


def _require_real(moment: date | None) -> None:
    if moment is None:
        return
    if isinstance(moment, datetime) and moment.tzinfo is None:
        raise Malformed("It begins or ends at a time in no time zone.")
    if moment.year not in YEARS:
        raise Malformed(f"It is in the year {moment.year}.")


def _venue(venue: ExternalVenue | None) -> ExternalVenue | None:
    if venue is None:
        return None
    name = text(plain(venue.name), TITLE)
    if not name:
        return None
    capacity = venue.capacity if isinstance(venue.capacity, int) and 0 < venue.capacity <= fields.MAX_WHOLE else None
    return ExternalVenue(
        name=name,
        id=text(venue.id, ID) or None,
        address=text(plain(venue.address), ADDRESS),
        city=text(plain(venue.city), 100),
        country=country_code(venue.country),
        timezone=zone(venue.timezone),
        capacity=capacity,
    )


def _words(words: Iterable[str]) -> list[str]:
    return [word for word in (text(each, 100) for each in list(words)[:20]) if word]


def _price(price: PriceRange | None) -> PriceRange | None:
    """Return a price; None where it is none that could be shown: the event is good without."""
    if price is None or not all(_is_money(amount) for amount in (price.least, price.most)):
        return None
    code = price.currency.upper() if isinstance(price.currency, str) else ""
    try:
        _CURRENCY.deserialize(code)
    except colander.Invalid:
        return None
    least, most = sorted((price.least, price.most))
    return PriceRange(least.quantize(Decimal("0.01")), most.quantize(Decimal("0.01")), code)


def _is_money(amount: object) -> bool:
    return isinstance(amount, Decimal) and amount.is_finite() and 0 <= amount <= MOST_MONEY
