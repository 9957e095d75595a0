"""What the fake has at the moment: the programme, and what has become of its events since."""

import bisect
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from threading import RLock
from typing import Any

from turnout_seatgeek.fake.programme import FIRST_ID, Document, Programme


class Catalog:
    """Events by id and by when they start; those that nobody changed are made when they are asked for."""

    def __init__(self, programme: Programme) -> None:
        self._programme = programme
        self._lock = RLock()
        self._changed: dict[int, Document] = {}
        self._shown: dict[int, Any] = {}
        events = (programme.event(number) for number in range(programme.count))
        self._order = sorted((_start(event), event["id"]) for event in events)
        self._starts = {event_id: start for start, event_id in self._order}
        self.version = 0
        """How often anything was changed."""

    def __contains__(self, event_id: int) -> bool:
        return event_id in self._starts

    def __len__(self) -> int:
        return len(self._order)

    def event(self, event_id: int) -> Document:
        """Return an event as it is. Raises `KeyError`."""
        if event_id not in self._starts:
            raise KeyError(event_id)
        return deepcopy(self._changed.get(event_id) or self._programme.event(event_id - FIRST_ID))

    def shown(self, event_id: int) -> Any:
        """Return what is answered as that event: the event, or what it was mangled to. Raises `KeyError`."""
        event = self.event(event_id)
        return self._shown.get(event_id, event)

    def ids(self, least: str = "", most: str = "~") -> list[int]:
        """Return the ids of events that start in UTC from `least` to `most`, both included, in that order."""
        with self._lock:
            first = bisect.bisect_left(self._order, (least, 0))
            end = bisect.bisect_right(self._order, (most, float("inf")))
            return [event_id for _, event_id in self._order[first:end]]

    def events(self, ids: Iterable[int]) -> Iterator[Document]:
        """Return events as they are."""
        return (self.event(event_id) for event_id in ids)

    def change(self, event_id: int, fields: Mapping[str, Any]) -> None:
        """Give an event other fields; documents among them, such as the venue, keep what is not named. Raises `KeyError`."""
        with self._lock:
            event = self.event(event_id)
            for name, value in fields.items():
                both = isinstance(value, dict) and isinstance(event.get(name), dict)
                event[name] = event[name] | value if both else value
            self._changed[event_id] = event
            self._place(event_id, _start(event))

    def mangle(self, event_id: int, document: Any) -> None:
        """Let something else be answered as an event, which is found as before. Raises `KeyError`."""
        with self._lock:
            self.event(event_id)
            self._shown[event_id] = document
            self.version += 1

    def remove(self, event_id: int) -> None:
        """Let there be no such event any more. Raises `KeyError`."""
        with self._lock:
            self._order.remove((self._starts.pop(event_id), event_id))
            self.version += 1

    def _place(self, event_id: int, start: str) -> None:
        self._order.remove((self._starts[event_id], event_id))
        bisect.insort(self._order, (start, event_id))
        self._starts[event_id] = start
        self.version += 1


def _start(event: Document) -> str:
    """Return by what an event is sorted: when it starts in UTC; those of which only the wall clock is said, by that."""
    return str(event["datetime_utc"] or event["datetime_local"] or "")
