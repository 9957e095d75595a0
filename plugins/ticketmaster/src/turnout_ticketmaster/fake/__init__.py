"""A Ticketmaster for tests and demos: a real HTTP server on this machine, which sells nothing.

    with FakeTicketmaster() as ticketmaster:
        settings = ticketmaster.settings()      # what the plugin needs to speak with it
        ...
        ticketmaster.cancel("TMlanternparade")

It behaves as the Discovery API does where the plugin relies on it: paging and its depth, filters, errors, and limits, which
`per_second` (0: none) and `per_day` say. Its programme is invented, the same for the same `today`; `many` asks for so many
events within `days` instead of the usual 300. `faults` lets calls go wrong.
"""

import copy
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Any
from xml.sax.saxutils import escape

from turnout.testing.fakes import BUSY, ERROR, FAULTS, GARBLED, LOST, SILENT, Answer, Call, Fake

from turnout_ticketmaster.fake import documents
from turnout_ticketmaster.fake.programme import LANTERN_PARADE, Listing, Programme
from turnout_ticketmaster.fake.searching import Problem, page_of, search

__all__ = ["BUSY", "ERROR", "FAULTS", "GARBLED", "LANTERN_PARADE", "LOST", "SILENT", "FakeTicketmaster"]

ROOT = "/discovery/v2"
USUAL = 300
DAY = 24 * 60 * 60


class FakeTicketmaster(Fake):
    """Pretends to be Ticketmaster, from when it is entered (``with``) to when it is left. `now` tells the time, as `time.time` does."""

    api_prefixes = (f"{ROOT}/",)

    def __init__(
        self,
        port: int = 0,
        *,
        today: date | None = None,
        many: int = USUAL,
        days: int = 365,
        api_key: str = "fake-key",
        per_second: int = 0,
        per_day: int = 5000,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(port)
        self.api_key = api_key
        self.per_second = per_second
        self.per_day = per_day
        self.now = now
        self.programme = Programme(today or datetime.fromtimestamp(now(), UTC).date(), many, days)
        self.ids = self.programme.ids
        self._changed: dict[str, dict[str, Any]] = {}
        self._mangled: dict[str, Any] = {}
        self._is_revoked = False
        self._used: tuple[int, int] = (0, 0)
        self._recent: deque[float] = deque()
        self._lock = threading.Lock()

    def settings(self) -> dict[str, str]:
        """Return the settings of an application that is to speak with this one."""
        return {"ticketmaster.base_url": f"{self.url}{ROOT}", "ticketmaster.api_key": self.api_key}

    def change(self, event_id: str, **members: Any) -> None:
        """Let an event's document have other members; objects are changed member by member. Raises `KeyError`."""
        self._known(event_id)
        _merge(self._changed.setdefault(event_id, {}), members)

    def move(self, event_id: str, starts_at: datetime) -> None:
        """Let an event begin at another time. Raises `KeyError`."""
        with self._lock:
            self.programme.move(event_id, starts_at)

    def cancel(self, event_id: str) -> None:
        """Let an event be cancelled. Raises `KeyError`."""
        self.change(event_id, dates={"status": {"code": "cancelled"}})

    def remove(self, event_id: str) -> None:
        """Let an event vanish. Raises `KeyError`."""
        with self._lock:
            self.programme.remove(event_id)

    def mangle(self, event_id: str, document: Any) -> None:
        """Let anything be answered in the place of an event. Raises `KeyError`."""
        self._known(event_id)
        self._mangled[event_id] = document

    def revoke_key(self) -> None:
        """Let the key be good no more."""
        self._is_revoked = True

    def document(self, event_id: str) -> Any:
        """Return an event as it is answered now. Raises `KeyError`."""
        if event_id in self._mangled:
            return self._mangled[event_id]
        document = documents.event(self._known(event_id), self.url)
        _merge(document, self._changed.get(event_id, {}))
        return document

    def answer(self, call: Call) -> Answer:
        """Answer a call of the API, and say what is left of the day's."""
        if self._is_revoked or call.query.get("apikey") != self.api_key:
            return _fault(HTTPStatus.UNAUTHORIZED, "Invalid ApiKey", "oauth.v2.InvalidApiKey")
        with self._lock:
            refused, headers = self._count()
            answer = refused or self._answered(call)
        return Answer(answer.status, answer.body, dict(answer.headers) | headers)

    def problem(self, status: int, message: str) -> Answer:
        """Return an error as the gateway has them, which stands before the API."""
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return _fault(status, message, "policies.ratelimit.SpikeArrestViolation")
        return _fault(status, message, "messaging.runtime.RouteFailed")

    def show(self, call: Call) -> Answer:
        """Show an event's page, or a picture."""
        kind, _, name = call.path.strip("/").partition("/")
        if kind == "images":
            return Answer(HTTPStatus.OK, _picture(name.partition("-")[0]).encode(), {"Content-Type": "image/svg+xml"})
        listing = self.programme.get(name) if kind == "event" else None
        if listing is None:
            return Answer.html("Not found", HTTPStatus.NOT_FOUND)
        where = f"{listing.city.venues[listing.venue]}, {listing.city.name}"
        return Answer.html(
            f"<h1>{escape(listing.name)}</h1><p>{escape(where)}</p><p>A fake Ticketmaster sells nothing.</p>"
        )

    def _known(self, event_id: str) -> Listing:
        listing = self.programme.get(event_id)
        if listing is None:
            raise KeyError(event_id)
        return listing

    def _count(self) -> tuple[Answer | None, dict[str, str]]:
        """Count a call; return the refusal of one too many, and the headers that tell of it."""
        now = self.now()
        day = int(now // DAY)
        used = self._used[1] + 1 if self._used[0] == day else 1
        self._used = day, used
        headers = {
            "Rate-Limit": str(self.per_day),
            "Rate-Limit-Available": str(max(0, self.per_day - used)),
            "Rate-Limit-Over": str(max(0, used - self.per_day)),
            "Rate-Limit-Reset": str((day + 1) * DAY * 1000),
        }
        if used > self.per_day:
            return _fault(429, "Rate limit quota violation.", "policies.ratelimit.QuotaViolation"), headers
        while self._recent and self._recent[0] <= now - 1:
            self._recent.popleft()
        if self.per_second and len(self._recent) >= self.per_second:
            return self.problem(429, "Spike arrest violation."), headers
        self._recent.append(now)
        return None, headers

    def _answered(self, call: Call) -> Answer:
        kind, _, wanted = call.path.removeprefix(f"{ROOT}/").removesuffix(".json").partition("/")
        try:
            if kind == "events" and wanted:
                return Answer.json(self._event(wanted))
            if kind == "events":
                found, page = page_of(search(self.programme, call.query), call.query)
                return _list(kind, [self.document(listing.id) for listing in found], page)
            known = {"venues": documents.venues, "classifications": documents.classifications}[kind]()
        except Problem as problem:
            return problem.answer()
        except KeyError:
            return Problem("DIS1004", f"Resource not found with provided criteria (id={wanted})", 404).answer()
        return self._known_things(kind, known, wanted, call.query)

    def _event(self, event_id: str) -> Any:
        if self.programme.get(event_id) is None:
            raise KeyError(event_id)
        return self.document(event_id)

    def _known_things(self, kind: str, known: list[dict[str, Any]], wanted: str, query: Mapping[str, str]) -> Answer:
        if wanted:
            one = next((thing for thing in known if thing.get("id") == wanted), None)
            if one is None:
                return Problem("DIS1004", f"Resource not found with provided criteria (id={wanted})", 404).answer()
            return Answer.json(one)
        word = query.get("keyword", "").casefold()
        try:
            return _list(kind, *page_of([thing for thing in known if word in str(thing).casefold()], query))
        except Problem as problem:
            return problem.answer()


def _list(kind: str, found: Sequence[Any], page: Mapping[str, int]) -> Answer:
    """Return a page as it is sent: of nothing, there is no list at all."""
    return Answer.json(({"_embedded": {kind: found}} if found else {}) | {"page": page})


def _fault(status: int, said: str, code: str) -> Answer:
    return Answer.json({"fault": {"faultstring": said, "detail": {"errorcode": code}}}, status)


def _merge(document: dict[str, Any], members: Mapping[str, Any]) -> None:
    for name, value in members.items():
        if isinstance(value, dict) and isinstance(document.get(name), dict):
            _merge(document[name], value)
        else:
            document[name] = copy.deepcopy(value)


def _picture(name: str) -> str:
    """Return a picture of one colour, which is its name's."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 9">'
        f'<rect width="16" height="9" fill="hsl({sum(map(ord, name)) * 37 % 360} 45% 55%)"/></svg>'
    )
