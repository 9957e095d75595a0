"""A Ticketmaster for tests and demos: a real HTTP server on this machine, which sells nothing.

    with FakeTicketmaster() as ticketmaster:
        settings = ticketmaster.settings()      # what the plugin needs to speak with it
        ...
        ticketmaster.cancel("TMlanternparade")

It behaves as the Discovery API does where the plugin relies on it: paging and its depth, filters, errors, and `limits`. Its
programme is invented, the same for the same `today`; `many` asks for so many events within `days` instead of the usual 300.
`faults` lets calls go wrong.
"""

import copy
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any
from xml.sax.saxutils import escape

from turnout.testing.fakes import BUSY, ERROR, FAULTS, GARBLED, LOST, SILENT, Answer, Call
from turnout_external_events.testing.fakes import Count, FakeSource

from turnout_ticketmaster.fake import documents
from turnout_ticketmaster.fake.programme import LANTERN_PARADE, Listing, Programme
from turnout_ticketmaster.fake.searching import Problem, page_of, search

__all__ = ["BUSY", "ERROR", "FAULTS", "GARBLED", "LANTERN_PARADE", "LOST", "SILENT", "FakeTicketmaster"]

ROOT = "/discovery/v2"
CALLS_A_DAY = 5000


class FakeTicketmaster(FakeSource):
    """Pretends to be Ticketmaster, from when it is entered (``with``) to when it is left."""

    title = "Ticketmaster"
    api_prefixes = (f"{ROOT}/",)

    def __init__(self, port: int = 0, *, days: int = 365, api_key: str = "fake-key", **usual: Any) -> None:
        super().__init__(port, **usual)
        self.api_key = api_key
        self.limits.per_day = CALLS_A_DAY
        self.programme = Programme(self.today, self.many, days)
        self.ids = self.programme.ids
        self._changed: dict[str, dict[str, Any]] = {}
        self._mangled: dict[str, Any] = {}
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

    def document(self, event_id: str) -> Any:
        """Return an event as it is answered now. Raises `KeyError`."""
        if event_id in self._mangled:
            return self._mangled[event_id]
        document = documents.event(self._known(event_id), self.url)
        _merge(document, self._changed.get(event_id, {}))
        return document

    def answer(self, call: Call) -> Answer:
        """Answer a call of the API, and say what is left of the day's."""
        if self.is_revoked or call.query.get("apikey") != self.api_key:
            return _fault(HTTPStatus.UNAUTHORIZED, "Invalid ApiKey", "oauth.v2.InvalidApiKey")
        count = self.limits.take()
        with self._lock:
            answer = self._answered(call) if count.wait is None else self._one_too_many(count)
        return Answer(answer.status, answer.body, dict(answer.headers) | self._left(count))

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

    def _one_too_many(self, count: Count) -> Answer:
        if self.limits.per_day and count.used > self.limits.per_day:
            return _fault(429, "Rate limit quota violation.", "policies.ratelimit.QuotaViolation")
        return self.problem(429, "Spike arrest violation.")

    def _left(self, count: Count) -> dict[str, str]:
        """Return the headers that tell how much of a day's calls is left."""
        if not self.limits.per_day:
            return {}
        left = self.limits.per_day - count.used
        return {
            "Rate-Limit": str(self.limits.per_day),
            "Rate-Limit-Available": str(max(0, left)),
            "Rate-Limit-Over": str(max(0, -left)),
            "Rate-Limit-Reset": str(count.day_ends * 1000),
        }

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
