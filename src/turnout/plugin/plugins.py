"""The plugins of one application: those that are enabled, and those that had to be left out."""

import os.path
from collections.abc import Iterable, Mapping
from typing import Any

from pyramid.config import Configurator

from turnout.plugin.discovery import Loaded, check_prefixes, check_tables, find, in_order, installed, load, wanted
from turnout.plugin.errors import PluginError

CORE = "Turnout"


class Plugins:
    """Knows which plugins there are, and whose something is. `enabled` is in the order in which they are set up."""

    def __init__(self, enabled: Iterable[Loaded] = (), left_out: Mapping[str, PluginError] | None = None) -> None:
        self.enabled = {plugin.name: plugin for plugin in enabled}
        self.left_out = dict(left_out or {})
        self._by_package = {plugin.installed.package.partition(".")[0]: plugin for plugin in enabled}

    @classmethod
    def of(cls, setting: str, left_out: Mapping[str, PluginError]) -> "Plugins":
        """Return the plugins that the setting ``turnout.plugins`` names, but for those left out. Raises `PluginError`."""
        known = installed()
        names = [name for name in wanted(setting, known) if name not in left_out]
        plugins = in_order([load(find(name, known)) for name in names])
        check_prefixes(plugins)
        for plugin in plugins:
            check_tables(plugin)
        return cls(plugins, left_out)

    @property
    def switchable(self) -> dict[str, bool]:
        """Return the plugins that organizers switch by event, and whether each is on where nobody has said anything."""
        manifests = [plugin.manifest for plugin in self.enabled.values()]
        return {manifest.name: manifest.is_on_by_default for manifest in manifests if manifest.is_switchable}

    def owner(self, thing: Any) -> Loaded | None:
        """Return the plugin in which something callable was written, or whose module of this name is; None: the core."""
        module = thing if isinstance(thing, str) else getattr(thing, "__module__", None) or type(thing).__module__
        return self._by_package.get(module.partition(".")[0])

    def owner_of_file(self, path: str | None) -> Loaded | None:
        """Return the plugin to which a file of source code belongs; None: the core."""
        if path is None:
            return None
        inside = os.path.realpath(path)
        return next((p for p in self.enabled.values() if inside.startswith(os.path.realpath(p.folder) + os.sep)), None)

    def blamed(self, error: BaseException) -> Loaded | None:
        """Return the plugin whose code was running when an error was raised, the innermost if several; None: the core's alone."""
        found = None
        trace = error.__traceback__
        while trace is not None:
            found = self.owner(trace.tb_frame.f_globals.get("__name__", "")) or found
            trace = trace.tb_next
        return found


def includeme(config: Configurator) -> None:
    registry = config.registry
    registry.plugins = Plugins.of(registry.settings["turnout.plugins"], registry.plugins.left_out)
    config.add_injectable(Plugins, lambda request: request.registry.plugins)
