"""How a source stands, without asking it: whether it lacks anything, and what its key was last said to be."""

from dataclasses import dataclass

from turnout.plugin import Actor

from turnout_external_events.sources.contract import EventSource

READY, NOT_SET_UP, KEY_REFUSED = "ready", "not_set_up", "key_refused"
STATES = (READY, NOT_SET_UP, KEY_REFUSED)
"""Of a source: it can be asked; it lacks something; it refused its key when it was asked last."""
FOR_STAFF = "It is not set up here so that it can be asked; staff can see why."


@dataclass(frozen=True, slots=True)
class Readiness:
    """How a source stands: one of `STATES`, and why it cannot be asked, "" if it can; that names settings."""

    state: str = READY
    reason: str = ""

    @property
    def is_ready(self) -> bool:
        """Tell whether it can be asked, as far as is known."""
        return self.state == READY

    def told(self, actor: Actor) -> str:
        """Return the reason as an actor may know it."""
        return told(self.reason, actor) if self.reason else ""


def readiness_of(source: EventSource) -> Readiness:
    """Return how a source stands."""
    missing = source.check()
    if missing is not None:
        return Readiness(NOT_SET_UP, missing)
    refused = source.caller.refused_key() if source.caller is not None else None
    return Readiness() if refused is None else Readiness(KEY_REFUSED, refused)


def told(reason: str, actor: Actor) -> str:
    """Return what a source lacks, or says of its key, as an actor may know it: settings are for staff."""
    return reason if actor.is_staff else FOR_STAFF
