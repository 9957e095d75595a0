"""Which plugins are on for which events: organizers say so, and Turnout sees to it (`turnout.plugin.boundary`)."""

from collections.abc import Collection, Mapping
from typing import Any

from pyramid.request import Request
from sqlalchemy import select

from turnout.api.reading import field_of
from turnout.errors import Invalid
from turnout.events.models import Event


class EventSwitches:
    """Knows the plugins that can be switched by event; `defaults` says which are on where nobody has said anything."""

    def __init__(self, defaults: Mapping[str, bool]) -> None:
        self.defaults = defaults

    def checked(self, given: Mapping[str, Any]) -> dict[str, bool]:
        """Return what a client wrote. Raises `Invalid` for what is no switchable plugin's name, or not true or false."""
        known = ", ".join(sorted(self.defaults)) or "none"
        wrong = [
            (field_of("plugins", name), f"cannot be switched by event; these can: {known}")
            if name not in self.defaults
            else (field_of("plugins", name), "must be true or false")
            for name, value in given.items()
            if name not in self.defaults or type(value) is not bool
        ]
        if wrong:
            raise Invalid(wrong)
        return dict(given)

    def is_on(self, switches: Mapping[str, bool], name: str) -> bool:
        """Tell whether a plugin is on for an event with these switches."""
        return name not in self.defaults or switches.get(name, self.defaults[name])

    def shown(self, switches: Mapping[str, bool]) -> dict[str, bool]:
        """Return every switchable plugin with whether it is on for an event."""
        return {name: self.is_on(switches, name) for name in sorted(self.defaults)}


def switches_of(request: Request) -> EventSwitches:
    """Return the switches as the application's plugins have them."""
    return EventSwitches(request.registry.plugins.switchable)


def learn_switches(request: Request, event_ids: Collection[int]) -> None:
    """Read the switches of many events at once, so that they are not read one by one."""
    unknown = set(event_ids) - request.event_switches.keys()
    if unknown:
        found = request.db.execute(select(Event.id, Event.switches).where(Event.id.in_(unknown)))
        request.event_switches.update({row.id: row.switches for row in found})


def is_switched_on(request: Request, name: str, event_id: int) -> bool:
    """Tell whether a plugin is on for an event; for one that does not exist it is, and finds that out itself."""
    known = request.event_switches
    if event_id not in known:
        known[event_id] = request.db.scalar(select(Event.switches).where(Event.id == event_id))
    switches = known[event_id]
    return switches is None or switches_of(request).is_on(switches, name)
