"""The plugins of one application: those that are enabled, and those that had to be left out."""

import functools
import os.path
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pyramid.config import Configurator

from turnout.plugin.discovery import (
    Loaded,
    check_prefixes,
    check_tables,
    check_unmapped_tables,
    find,
    in_order,
    installed,
    load,
    wanted,
)
from turnout.plugin.errors import PluginError
from turnout.plugin.mapping import check_models

CORE = "Turnout"
_BLAMED = "turnout_plugin"


class Plugins:
    """Knows which plugins there are, and whose something is. `enabled` is in the order in which they are set up.

    `setting_up` is the plugin whose registrations are being made or carried out, while the application starts.
    """

    def __init__(self, enabled: Iterable[Loaded] = (), left_out: Mapping[str, PluginError] | None = None) -> None:
        self.enabled = {plugin.name: plugin for plugin in enabled}
        self.left_out = dict(left_out or {})
        self.setting_up: Loaded | None = None

    @classmethod
    def of(cls, setting: str, left_out: Mapping[str, PluginError]) -> "Plugins":
        """Return the plugins that the setting ``turnout.plugins`` names, but for those left out. Raises `PluginError`."""
        known = installed()
        names = [name for name in wanted(setting, known) if name not in left_out]
        loaded: list[Loaded] = []
        for name in names:
            # Models are looked at before another plugin is imported, which would meet the trouble and be blamed for it.
            loaded.append(load(find(name, known)))
            check_models(loaded)
        plugins = in_order(loaded, left_out)
        check_prefixes(plugins)
        for plugin in plugins:
            check_tables(plugin)
        check_unmapped_tables(plugins)
        return cls(plugins, left_out)

    @property
    def switchable(self) -> dict[str, bool]:
        """Return the plugins that organizers switch by event, and whether each is on where nobody has said anything."""
        manifests = [plugin.manifest for plugin in self.enabled.values()]
        return {manifest.name: manifest.is_on_by_default for manifest in manifests if manifest.is_switchable}

    @contextmanager
    def set_up(self, plugin: Loaded) -> Iterator[None]:
        """Take whatever is registered within this block for the plugin's."""
        before, self.setting_up = self.setting_up, plugin
        try:
            yield
        finally:
            self.setting_up = before

    def as_of(self, plugin: Loaded, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that does the same as `function`, while whatever it registers is the plugin's."""

        @functools.wraps(function)
        def carry_out(*args: Any, **options: Any) -> Any:
            with self.set_up(plugin):
                return function(*args, **options)

        return carry_out

    @staticmethod
    def named(plugin: Loaded | None) -> str:
        """Return the name of a plugin, or the core's for None."""
        return CORE if plugin is None else plugin.name

    def owner(self, thing: Any) -> Loaded | None:
        """Return the plugin in which something callable was written, or whose module of this name is; None: the core."""
        module = _module_of(thing)
        found = [plugin for plugin in self.enabled.values() if plugin.has(module)]
        return max(found, key=lambda plugin: len(plugin.installed.package), default=None)

    def registrar(self, thing: Any) -> Loaded | None:
        """Return the plugin that registers something callable: its owner or, for a library's, the plugin being set up."""
        is_ours = _module_of(thing).partition(".")[0] == "turnout"
        return self.owner(thing) or (None if is_ours else self.setting_up)

    def owner_of_file(self, path: str | None) -> Loaded | None:
        """Return the plugin to which a file of source code belongs; None: the core."""
        if path is None:
            return None
        inside = os.path.realpath(path)
        return next((p for p in self.enabled.values() if inside.startswith(os.path.realpath(p.folder) + os.sep)), None)

    def blamed(self, error: BaseException) -> Loaded | None:
        """Return the plugin whose code was running when an error was raised, the innermost if several; None: the core's alone."""
        found = self.enabled.get(getattr(error, _BLAMED, ""))
        if found is not None:
            return found
        trace = error.__traceback__
        while trace is not None:
            found = self.owner(trace.tb_frame.f_globals.get("__name__", "")) or found
            trace = trace.tb_next
        return found


def blame(error: BaseException, plugin: Loaded) -> None:
    """Note whose an error is, where its traceback might not tell; the first to say so is the innermost."""
    error.__dict__.setdefault(_BLAMED, plugin.name)


def _module_of(thing: Any) -> str:
    return thing if isinstance(thing, str) else getattr(thing, "__module__", None) or type(thing).__module__


def includeme(config: Configurator) -> None:
    registry = config.registry
    registry.plugins = Plugins.of(registry.settings["turnout.plugins"], registry.plugins.left_out)
    config.add_injectable(Plugins, lambda request: request.registry.plugins)
