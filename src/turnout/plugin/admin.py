"""Plugins in the admin UI: which there are, how they are set, and what is wrong with those that are left out."""

from collections.abc import Iterable, Mapping
from typing import Any

from turnout.admin.panels import ATTENTION, WHOLE, Block, Facts, Link, Note, panel
from turnout.admin.sections import SYSTEM, AdminSection, Column
from turnout.errors import NotFound
from turnout.paging import Paging, Slice, part_of
from turnout.plugin.schemas import PluginQuery, PluginView
from turnout.plugin.services import QUARANTINED, PluginCatalog
from turnout.security.actors import Actor
from turnout.versions import Versioned


class PluginSection(AdminSection):
    """What is installed. It is switched on and set in the configuration, so this is only to look at."""

    name, title, singular = "plugins", "Plugins", "plugin"
    icon, group, order = "plug", SYSTEM, 40
    description = (
        "What is installed beside the core. Plugins are enabled and set in the configuration of the installation."
    )
    permissions = {"read": "plugins:read"}
    query, view = PluginQuery, PluginView
    columns = ("title", "state", "version", "description")
    facts = (
        "description",
        "state",
        "version",
        "distribution",
        "api_version",
        "requires",
        Column("is_switchable", "Switched by event"),
    )
    label_by = "title"
    ids = "[a-z][a-z0-9_]*"
    empty = "No plugin is installed"

    def __init__(self, catalog: PluginCatalog) -> None:
        self.catalog = catalog

    def find(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        return part_of(self.catalog.all(), paging).shown(_shown)

    def get(self, row_id: str, *, actor: Actor) -> Versioned:
        found = next((one for one in self.catalog.all() if one["name"] == row_id), None)
        if found is None:
            raise NotFound("There is no such plugin.")
        return Versioned(_shown(found), 1)

    @panel("Why it is left out", width=WHOLE, order=10)
    def problem(self, plugin: Mapping[str, Any], *, actor: Actor) -> Iterable[Block]:
        """Show what is wrong with it, and how to mend it."""
        if plugin["problem"]:
            yield Note(plugin["problem"], "danger")

    @panel("Settings", order=20)
    def settings(self, plugin: Mapping[str, Any], *, actor: Actor) -> Iterable[Block]:
        """Show how it is set, but for secrets."""
        if plugin["settings"]:
            yield Facts(plugin["settings"])

    @panel("Plugins", on=ATTENTION, permission="plugins:read", order=40)
    def attention(self, *, actor: Actor) -> Iterable[Block]:
        """Tell of plugins that are enabled, but left out."""
        for one in self.catalog.all():
            if one["state"] == QUARANTINED:
                yield Note(
                    f"The plugin “{one['title']}” is enabled, but had to be left out.",
                    "danger",
                    Link("See why", self.name, one["name"]),
                )


def _shown(plugin: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": plugin["name"], **plugin}
