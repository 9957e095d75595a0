"""What the demo is made of, read from the files beside this one."""

import random
import tomllib
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cached_property
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST_AT_ONCE = 4
MOST_BOOKINGS = 5

Entry = dict[str, Any]


def when(text: str, timezone: str, now: datetime) -> datetime:
    """Return the moment that "<weeks from now> <weekday> <local time>" names; always after today.

    Week 1 is the next seven days, so that the programme is as fresh on whatever day it is loaded.
    """
    weeks, weekday, clock = text.split()
    local = now.astimezone(ZoneInfo(timezone))
    first = local.date() + timedelta(days=1 + 7 * (int(weeks) - 1))
    day = first + timedelta(days=(WEEKDAYS.index(weekday) - first.weekday()) % 7)
    hour, minute = map(int, clock.split(":"))
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(timezone))


class Programme:
    """The demo's people, places and events, as they are `now`."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._chance = random.Random("turnout")  # the same demo every time

    @staticmethod
    def _read(name: str) -> dict[str, list[Entry]]:
        return tomllib.loads(files("turnout.demo").joinpath(name).read_text("utf-8"))

    @cached_property
    def people(self) -> dict[str, list[Entry]]:
        """Return users by role: ``organizer``, ``user``, ``attendee``."""
        return self._read("people.toml")

    @cached_property
    def places(self) -> dict[str, list[Entry]]:
        """Return ``venue``, ``category`` and ``tag`` entries."""
        return self._read("places.toml")

    @cached_property
    def events(self) -> list[Entry]:
        """Return the events, with ``starts_at`` and ``ends_at``."""
        zones = {venue["name"]: venue["timezone"] for venue in self.places["venue"]}
        events = []
        for entry in self._read("programme.toml")["event"]:
            timezone = entry.get("timezone") or zones[entry["venue"]]
            starts_at = when(entry["when"], timezone, self.now)
            ends_at = starts_at + timedelta(hours=entry["hours"])
            description = " ".join(entry["description"].split())
            events.append(
                entry | {"description": description, "timezone": timezone, "starts_at": starts_at, "ends_at": ends_at}
            )
        return events

    def bookings_of(self, event: Entry) -> Iterator[tuple[str, int, str | None]]:
        """Yield who books how many places of which ticket type (None: the only one) at an event."""
        if event.get("status", "published") == "draft":
            return
        names = [user["username"] for user in self.people["user"]]
        self._chance.shuffle(names)
        kinds = [kind["name"] for kind in event.get("tickets", ())]
        left = event.get("booked")
        if left is None:
            most = min(MOST_BOOKINGS, event.get("capacity", 100) // MOST_AT_ONCE)
            for name in names[: self._chance.randint(0, most)]:
                yield name, self._chance.randint(1, MOST_AT_ONCE), self._chance.choice(kinds) if kinds else None
            return
        for position, name in enumerate(names):
            places = -(-left // (len(names) - position))
            if places:
                yield name, places, None
            left -= places
