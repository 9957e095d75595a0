"""What sections and states of sources are called, everywhere the same."""

from collections.abc import Mapping
from dataclasses import dataclass

from turnout.plugin import Actor, Badge

from turnout_external_events.models import STOPPED
from turnout_external_events.services.importing import FILES
from turnout_external_events.sources import Sources
from turnout_external_events.sources.readiness import KEY_REFUSED, NOT_SET_UP, READY, readiness_of

GROUP = "Elsewhere"
READ, IMPORT = "external_events:read", "external_events:import"
FIND, FILE, RUNS, REPORTS, ORIGINS, SEARCHES = (
    "find-elsewhere",
    "import-file",
    "imports",
    "not-imported",
    "imported-events",
    "saved-searches",
)
"""The names of the sections."""
OF_FILES = "A table (CSV)"
SEVERAL = "Several"
_COLOURS = {
    "scheduled": "green",
    "rescheduled": "yellow",
    "gone": "red",
    STOPPED: "yellow",
}
"""Of states that the admin itself does not know."""
_SOURCES = {
    READY: Badge("ready", "green"),
    NOT_SET_UP: Badge("not set up", "yellow"),
    KEY_REFUSED: Badge("key refused", "red"),
}


@dataclass(frozen=True, slots=True)
class State:
    """A source, and why it cannot be asked, "" if it can."""

    name: str
    title: str
    state: str
    missing: str
    by_address: bool

    @property
    def badge(self) -> Badge:
        """Return whether it is ready, in a word."""
        return _SOURCES[self.state]


def states(sources: Sources, actor: Actor) -> list[State]:
    """Return all sources, in the order of their titles; which setting one lacks, staff are told."""
    found = []
    for name, source in sources.items():
        readiness = readiness_of(source)
        found.append(State(name, source.title, readiness.state, readiness.told(actor), source.by_address))
    return sorted(found, key=lambda state: (state.by_address, state.title))


def offered(sources: Sources, actor: Actor) -> list[tuple[str, str]]:
    """Return the sources as a field offers them; one that cannot be asked says so."""
    return [
        (state.name, state.title if state.state == READY else f"{state.title} ({state.badge.text})")
        for state in states(sources, actor)
    ]


def title_of(sources: Mapping[str, object], provider: str) -> str:
    """Return what a source is called; its name, if it is not installed any more."""
    if provider in {"", FILES}:
        return OF_FILES if provider else SEVERAL
    return str(getattr(sources.get(provider), "title", provider))


def badge(state: str) -> Badge:
    """Return the state of something in a word with its colour."""
    return Badge(state, _COLOURS.get(state, ""))


def looks_for(search: Mapping[str, str]) -> str:
    """Return in a line what a search looks for."""
    return ", ".join(part for part in (search["query"], search["category"], search["location"]) if part)
