"""The admin UI: what the plugin adds to pages there. With `find`, `get` and the like it has pages of its own, too."""

from collections.abc import Iterable, Mapping
from typing import Any

from turnout.plugin import Actor, AdminSection, Facts, panel

from turnout_my_plugin.services import TallyService


class MyPluginSection(AdminSection):
    """Adds the tally to the pages of events."""

    name = "my-plugin"
    title = "My plugin"
    singular = "tally"

    def __init__(self, tallies: TallyService) -> None:
        self.tallies = tallies

    @panel(
        "My plugin",
        on="events",
        permission="my_plugin:read",
    )
    def of_event(self, event: Mapping[str, Any], *, actor: Actor) -> Iterable[Facts]:
        """Show how many places were confirmed."""
        tally = self.tallies.get(event["id"], actor=actor)
        yield Facts({"Places confirmed": tally["confirmed"], "Last": tally["updated_at"]})
