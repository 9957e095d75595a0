"""The requests that are sent, as bytes made beforehand."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import cycle

from benchmarks import load
from turnout.auth.tokens import ACCESS, Claims, TokenSigner

API = "/api/v1"
FILTERS = (
    "upcoming_only=true",
    "country=PT&ordering=starts_at",
    "category=3",
    "search=marathons",
    "search=midnight+lisbon",
    "tags=tag-7",
    "min_price=20&max_price=50&ordering=price",
    "available_only=true",
    "organizer=17",
    "page=40",
    "cursor=",
)
"""Other ways of listing, one after the other."""


def tokens(secret: str, users: int) -> list[str]:
    """Return an access token for each of the users 1 to `users`, as signing in would have given."""
    signer = TokenSigner(secret)
    expires = (datetime.now(UTC) + timedelta(days=1)).timestamp()
    return [signer.sign(ACCESS, Claims(user, user, 1, expires)) for user in range(1, users + 1)]


ASYNC = "Prefer: respond-async\r\n"


def bookings(signed: list[str], events: list[int], run: str, headers: str = "") -> list[bytes]:
    """Return one booking of one place for each user, over `events` in turn, each with an Idempotency-Key of its own."""
    return [
        load.post(
            f"{API}/bookings",
            b'{"event_id": %d, "quantity": 1}' % event,
            f"Authorization: Bearer {token}\r\nIdempotency-Key: {run}-{number}\r\n{headers}",
        )
        for number, (token, event) in enumerate(zip(signed, cycle(events), strict=False))
    ]


def first_pages() -> Iterator[bytes]:
    """Return the request for the first page, again and again."""
    return cycle([load.get(f"{API}/events?page_size=20")])


def filtered_pages() -> Iterator[bytes]:
    """Return requests for filtered, searched, sorted and deep pages in turn."""
    return cycle([load.get(f"{API}/events?page_size=20&{query}") for query in FILTERS])


def details(events: list[int]) -> Iterator[bytes]:
    """Return requests for events chosen at random from `events`."""
    chance = random.Random(1)
    return cycle([load.get(f"{API}/events/{event}") for event in chance.sample(events, min(len(events), 5_000))])
