"""Health in the admin UI: what does not work, on the dashboard."""

from collections.abc import Iterable

from turnout.admin.panels import ATTENTION, Block, Note, panel
from turnout.admin.sections import ENTER, AdminSection
from turnout.health.checks import OK, Components
from turnout.security.actors import Actor

SAID_BY_OTHERS = frozenset({"plugins"})
"""Components of which a feature has more to say itself."""


class HealthSection(AdminSection):
    """Adds to the dashboard what does not work."""

    name, title, singular = "health", "Health", "component"

    def __init__(self, components: Components) -> None:
        self.components = components

    @panel("Health", on=ATTENTION, permission=ENTER, order=50)
    def attention(self, *, actor: Actor) -> Iterable[Block]:
        """Tell of components that do not work."""
        for name, found in self.components.read().items():
            if found["status"] != OK and name not in SAID_BY_OTHERS:
                state = str(found["status"]).replace("_", " ")
                yield Note(f"The health check “{name}” says: {state}.", "danger")
