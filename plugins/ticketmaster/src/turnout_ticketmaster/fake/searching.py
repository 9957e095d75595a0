"""What the fake's API answers to which question, and by which error it refuses one."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from turnout.testing.fakes import Answer

from turnout_ticketmaster.fake.programme import TEST, Listing, Programme

DEEPEST, LARGEST_PAGE = 1000, 200
SORTS: dict[str, tuple[Callable[[Listing], Any], bool]] = {
    "date,asc": (lambda listing: listing.starts_at, False),
    "date,desc": (lambda listing: listing.starts_at, True),
    "name,asc": (lambda listing: listing.name, False),
    "name,desc": (lambda listing: listing.name, True),
    "relevance,asc": (lambda listing: listing.id, False),
    "relevance,desc": (lambda listing: listing.id, True),
}
UNSURE = {"includeTBA": ("date_tba", "time_tba"), "includeTBD": ("date_tbd",), "includeTest": (TEST,)}


class Problem(Exception):
    """A question that is refused, by Ticketmaster's code for why."""

    def __init__(self, code: str, detail: str, status: int = 400) -> None:
        super().__init__(detail)
        self.code = code
        self.status = status

    def answer(self) -> Answer:
        """Return the error as it is sent."""
        error = {"code": self.code, "detail": str(self), "status": str(self.status)}
        return Answer.json({"errors": [error]}, self.status)


def search(programme: Programme, query: Mapping[str, str]) -> list[Listing]:
    """Return the events that a query is for, sorted. Raises `Problem`."""
    first, last = _moment(query, "startDateTime"), _moment(query, "endDateTime")
    found: Iterable[Listing] = programme.between(first, last)
    for name, is_meant in _filters(query):
        if query.get(name):
            found = [listing for listing in found if is_meant(listing)]
    for name, kinds in UNSURE.items():
        usual = "no" if name == "includeTest" or first or last else "yes"
        wanted = query.get(name, usual)
        if wanted not in {"yes", "no", "only"}:
            raise Problem("DIS1016", f"{name} must be yes, no or only")
        if wanted != "yes":
            found = [listing for listing in found if (listing.kind in kinds) is (wanted == "only")]
    try:
        key, is_descending = SORTS[query.get("sort", "relevance,desc")]
    except KeyError:
        raise Problem("DIS1017", 'Query param "sort" is not one that is known') from None
    return sorted(found, key=key, reverse=is_descending)


def _filters(query: Mapping[str, str]) -> Iterable[tuple[str, Callable[[Listing], bool]]]:
    def given(name: str) -> str:
        return query.get(name, "").casefold()

    words = given("keyword").split()
    yield "keyword", lambda listing: listing.has(words)
    yield "city", lambda listing: listing.city.name.casefold() == given("city")
    yield "countryCode", lambda listing: listing.city.country_code.casefold() == given("countryCode")
    yield "stateCode", lambda listing: (listing.city.state_code or "").casefold() == given("stateCode")
    yield "venueId", lambda listing: listing.venue_id.casefold() == given("venueId")
    yield "classificationName", lambda listing: listing.is_of(given("classificationName"))


def page_of(found: Sequence[Any], query: Mapping[str, str]) -> tuple[Sequence[Any], dict[str, int]]:
    """Return a page, and what is said of it. Raises `Problem`."""
    number, size = _whole(query, "page", 0), _whole(query, "size", 20)
    if not 1 <= size <= LARGEST_PAGE:
        raise Problem("DIS1034", f'Query param "size" must be between 1 and {LARGEST_PAGE}')
    if size * number >= DEEPEST:
        raise Problem(
            "DIS1035", f"API Limits Exceeded: Max paging depth exceeded. (page * size) must be less than {DEEPEST}"
        )
    pages = -(-len(found) // size)
    said = {"size": size, "totalElements": len(found), "totalPages": pages, "number": number}
    return found[number * size : (number + 1) * size], said


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not re.fullmatch("[0-9]{1,9}", text):
        raise Problem("DIS1014", f'Query param "{name}" must be a whole number')
    return int(text)


def _moment(query: Mapping[str, str], name: str) -> datetime | None:
    text = query.get(name)
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise Problem("DIS1015", f'Query param "{name}" must be of valid format YYYY-MM-DDTHH:mm:ssZ') from None
