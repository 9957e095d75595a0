"""``config.add_event_source(name, source)``, and who has been added."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from turnout.plugin import Configurator, Request, StartError

from turnout_external_events.sources.contract import EventSource
from turnout_external_events.sources.readiness import readiness_of

_NAME = re.compile(r"[a-z][a-z0-9_]{0,29}")
_TAKEN = frozenset({"runs", "searches", "sources", "uploads"})
"""What paths below ``/external-events`` begin with that is no source's name."""


class Sources(Mapping[str, EventSource]):
    """All sources by name, each made when it is first asked for."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._classes: Mapping[str, type[EventSource]] = request.registry.event_sources

    def __getitem__(self, name: str) -> EventSource:
        found: EventSource = self._request.find_service(self._classes[name])
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._classes)

    def __len__(self) -> int:
        return len(self._classes)


def add_event_source(config: Configurator, name: str, source: type[EventSource]) -> None:
    """Directive: let events be found at `source`, which clients call `name` (lower-case letters, digits, underscores).

    By the same name ``GET /health`` says whether it can be asked (`readiness_of`); without it the installation works all the same.
    """
    if not _NAME.fullmatch(name) or name in _TAKEN:
        raise StartError(
            f"the event source {name!r} must be called by lower-case letters, digits and underscores, and not {', '.join(sorted(_TAKEN))}"
        )

    def register() -> None:
        config.registry.event_sources[name] = source

    def check(request: Request) -> dict[str, Any]:
        readiness = readiness_of(request.find_service(source))
        return {"status": "ok" if readiness.is_ready else readiness.state}

    check.__module__ = source.__module__  # what goes wrong with it is the fault of the plugin that has the source
    config.add_service(source)
    config.add_health_check(name, check, critical=False)
    config.action(("turnout event source", name), register)
