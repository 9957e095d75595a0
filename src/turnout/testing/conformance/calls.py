"""Every request that can be made up for a plugin's operations without knowing what they are about."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session
from webtest import TestResponse

from turnout.api.openapi.document import document
from turnout.api.service import WRITES
from turnout.bookings.models import Booking
from turnout.db import metadata
from turnout.events.models import Event
from turnout.testing.clients import Api
from turnout.testing.conformance.samples import sample
from turnout.testing.conformance.subject import Endpoint, Subject

MISSING = 999_999_999_999
"""An id that nothing has."""
SOME_TEXT = "x"


@dataclass(frozen=True, slots=True)
class Call:
    """A request. `declared` are the statuses that the OpenAPI document says it may be answered with."""

    method: str
    path: str
    body: Any
    declared: frozenset[str]

    def by(self, client: Api) -> TestResponse:
        """Send it; whatever is answered is returned."""
        # Any status is fine: `request` fails the test for others than the one expected.
        return client.send(self.method, self.path, self.body)

    def __str__(self) -> str:
        return f"{self.method} {self.path}" + ("" if self.body is None else f" with {self.body}")


def known_ids(subject: Subject, session: Session) -> list[int]:
    """Return ids that paths may be about: those of what there is, the first, and one that nothing has."""
    found = {1, MISSING}
    for model in (Event, Booking):
        found.update(session.scalars(select(model.id).order_by(model.id).limit(2)))
    for name in subject.tables:
        keys = inspect(metadata.tables[name]).primary_key.columns.values()
        if len(keys) == 1:
            found.update(key for key in session.scalars(select(keys[0]).limit(2)) if isinstance(key, int))
    return sorted(found)


def calls(subject: Subject, ids: Iterable[int], event_id: int) -> Iterator[Call]:
    """Give requests for all operations: about each id, with an empty body and with one that fits; deletions come last."""
    described = document(subject.registry)
    order = ("GET", "POST", "PUT", "PATCH", "DELETE")
    for endpoint in sorted(subject.endpoints, key=lambda each: order.index(each.operation.method)):
        operation = described["paths"][endpoint.path][endpoint.operation.method.lower()]
        declared = frozenset(operation["responses"])
        query = _query(operation, described)
        for path in sorted(_paths(endpoint, ids, event_id)):
            for body in _bodies(endpoint, operation, described["components"]["schemas"]):
                yield Call(endpoint.operation.method, path + query, body, declared)


def _paths(endpoint: Endpoint, ids: Iterable[int], event_id: int) -> set[str]:
    names = re.findall(r"{(\w+)}", endpoint.path)
    about_event = {"event_id", *(["id"] if endpoint.path.startswith("/events/{id}") else [])}
    found = set()
    for number in ids:
        alike = {name: str(number) if name == "id" or name.endswith("_id") else quote(SOME_TEXT) for name in names}
        of_event = alike | {name: str(event_id) for name in about_event & set(names)}
        found |= {endpoint.path.format(**alike), endpoint.path.format(**of_event)}
    return found


def _query(operation: Mapping[str, Any], described: Mapping[str, Any]) -> str:
    needed = {
        parameter["name"]: sample(parameter["schema"], described["components"]["schemas"])
        for parameter in operation["parameters"]
        if parameter.get("in") == "query" and parameter["required"]
    }
    return f"?{urlencode(needed)}" if needed else ""


def _bodies(endpoint: Endpoint, operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> list[Any]:
    if "requestBody" in operation:
        content = next(iter(operation["requestBody"]["content"].values()))
        return [{}, sample(content["schema"], schemas)]
    return [{}] if endpoint.operation.method in WRITES else [None]
