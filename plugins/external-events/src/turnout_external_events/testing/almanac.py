"""A source for tests, which speaks real HTTP: no test of events from elsewhere needs another's network.

def includeme(config):
    add_almanac(config)              # events can be found at "almanac"

with Almanac() as almanac:
    application.registry.almanac_url = almanac.url
    almanac.put(ExternalEvent("1", "Fado night", starts_at=...))
    ...
    almanac.faults.every = 2         # what goes wrong there
"""

from datetime import datetime
from http import HTTPStatus
from typing import Any, NewType
from urllib.parse import quote

from turnout.plugin import Configurator, Request, Settings
from turnout.testing.fakes import Answer, Call, Fake

from turnout_external_events.services.documents import event_of_json, event_to_json
from turnout_external_events.sources.calling import Caller
from turnout_external_events.sources.contract import (
    Criteria,
    EventSource,
    ExternalEvent,
    Found,
    KeyRefused,
    NotThere,
    Pace,
    QuotaSpent,
    Refused,
    SourceError,
)
from turnout_external_events.sources.reading import each, one

AlmanacUrl = NewType("AlmanacUrl", str)
KEY = "almanac-key"
A_DAY = 86_400.0


class Almanac(Fake):
    """Knows events, and tells them in their neutral shape. `deepest`: how many of one search it shows at most.

    `quota` is how many calls it answers still, None: any number; `key` is the one that it takes.
    """

    api_prefixes = ("/events",)

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.documents: dict[str, Any] = {}
        self.key = KEY
        self.quota: int | None = None
        self.deepest = 1000

    def put(self, *events: ExternalEvent) -> None:
        """Know these events, as they are now."""
        for event in events:
            self.documents[event.external_id] = event_to_json(event)

    def remove(self, external_id: str) -> None:
        """Forget an event."""
        del self.documents[external_id]

    def answer(self, call: Call) -> Answer:
        """Answer as other sources do."""
        if call.query.get("key") != self.key:
            return Answer.json({"error": "invalid key"}, HTTPStatus.UNAUTHORIZED)
        if self.quota is not None:
            if not self.quota:
                return Answer.json({"error": "quota"}, HTTPStatus.TOO_MANY_REQUESTS)
            self.quota -= 1
        external_id = call.path.removeprefix("/events").strip("/")
        if external_id:
            document = self.documents.get(external_id)
            return self.problem(404, "unknown") if document is None else Answer.json(document)
        return self._page(call)

    def problem(self, status: int, message: str) -> Answer:
        """Return an error."""
        return Answer.json({"error": message}, status)

    def _page(self, call: Call) -> Answer:
        page, size = int(call.query["page"]), int(call.query["size"])
        if (page - 1) * size >= self.deepest:
            return self.problem(400, "too deep")
        found = [document for document in self._sorted() if _matches(document, call)]
        begin = (page - 1) * size
        return Answer.json({"total": len(found), "events": found[begin : begin + size]})

    def _sorted(self) -> list[Any]:
        return sorted(self.documents.values(), key=lambda each: (str(each["starts_at"]), str(each["external_id"])))


def _matches(document: Any, call: Call) -> bool:
    query, starts_at = call.query.get("query", ""), document.get("starts_at")
    if query.casefold() not in str(document.get("title")).casefold():
        return False
    if starts_at is None:
        return "from" not in call.query and "to" not in call.query
    moment = datetime.fromisoformat(starts_at)
    begin, end = (call.query.get(name) for name in ("from", "to"))
    return (begin is None or moment >= datetime.fromisoformat(begin)) and (
        end is None or moment <= datetime.fromisoformat(end)
    )


class AlmanacCaller(Caller):
    """The way to the almanac."""

    title = "Almanac"

    def problem(self, status: int, document: Any) -> SourceError:
        """Say what a refusal means."""
        if status == HTTPStatus.UNAUTHORIZED:
            return KeyRefused("Almanac does not take the key.")
        if status == HTTPStatus.NOT_FOUND:
            return NotThere("Almanac has no such event.")
        if status == HTTPStatus.TOO_MANY_REQUESTS and document == {"error": "quota"}:
            return QuotaSpent("Almanac answers no more today.", A_DAY)
        return Refused("Almanac refuses.")


class AlmanacSource(EventSource):
    """Events of the almanac."""

    title = "Almanac"
    largest_page = 100
    deepest = 1000
    caller: AlmanacCaller

    def __init__(self, caller: AlmanacCaller) -> None:
        self.caller = caller

    def search(self, criteria: Criteria, page: int, size: int, pace: Pace) -> Found:
        """Return a page of what matches."""
        parameters: dict[str, str | int] = {"query": criteria.query, "page": page, "size": size}
        for name, moment in {"from": criteria.date_from, "to": criteria.date_to}.items():
            if moment is not None:
                parameters[name] = moment.isoformat()
        document = self.caller.get("/events", parameters, pace)
        events, refused = each(document["events"], event_of_json, lambda raw: (raw["external_id"], raw["title"]))
        return Found(events, document["total"], page * size < document["total"], refused)

    def fetch(self, external_id: str, pace: Pace) -> ExternalEvent:
        """Return an event."""
        return one(self.caller.get(f"/events/{quote(external_id, safe='')}", {}, pace), event_of_json)


def add_almanac(config: Configurator) -> None:
    """Let events be found at an almanac, whose address is `registry.almanac_url`."""
    callers: dict[str, AlmanacCaller] = {}

    def caller(request: Request) -> AlmanacCaller:
        url: str = request.registry.almanac_url
        if url not in callers:
            settings: Settings = request.registry.settings
            callers[url] = AlmanacCaller(
                settings, base_url=url, secrets={"key": KEY}, per_second=1000, per_day=1_000_000
            )
        return callers[url]

    config.add_injectable(AlmanacCaller, caller)
    config.add_event_source("almanac", AlmanacSource)
