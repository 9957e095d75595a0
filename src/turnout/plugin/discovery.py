"""Finding plugins: what is installed, what is enabled, and in which order it is set up."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from importlib.metadata import Distribution, EntryPoint, distributions
from pathlib import Path
from types import ModuleType

from turnout.db import Base
from turnout.plugin import errors
from turnout.plugin.errors import PluginError
from turnout.plugin.manifest import API_VERSION, Plugin

GROUP = "turnout.plugins"
EVERYTHING = "*"
_TAKEN = re.compile(r"Table '([^']+)' is already defined for this MetaData instance")


@dataclass(frozen=True, slots=True)
class Installed:
    """A plugin that is installed, as its distribution describes it; nothing of it is imported yet."""

    name: str
    package: str
    distribution: str
    version: str
    summary: str
    rival: str = ""
    """Another distribution that has a plugin of this name."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A plugin whose package is imported."""

    installed: Installed
    manifest: Plugin
    module: ModuleType

    @property
    def name(self) -> str:
        """Return the plugin's name."""
        return self.manifest.name

    @property
    def folder(self) -> Path:
        """Return the folder of the plugin's package."""
        return Path(self.module.__path__[0])

    def has(self, module: str) -> bool:
        """Tell whether a module, by its dotted name, is part of the plugin."""
        return module == self.installed.package or module.startswith(self.installed.package + ".")


def _described(distribution: Distribution, entry: EntryPoint) -> Installed:
    about = distribution.metadata
    return Installed(entry.name, entry.value, about["Name"], about["Version"], about.get("Summary") or "")  # type: ignore[attr-defined]


def installed() -> dict[str, Installed]:
    """Return every installed plugin by its name."""
    found: dict[str, Installed] = {}
    for distribution in distributions():
        for entry in distribution.entry_points.select(group=GROUP):
            plugin = _described(distribution, entry)
            other = found.setdefault(plugin.name, plugin)
            if (other.distribution, other.package) != (plugin.distribution, plugin.package):
                found[plugin.name] = replace(other, rival=plugin.distribution)
    return dict(sorted(found.items()))


def wanted(setting: str, known: Iterable[str]) -> list[str]:
    """Return the names in the setting ``turnout.plugins``, each once; ``*`` stands for everything installed."""
    names = setting.replace(",", " ").split()
    return list(dict.fromkeys(known if names == [EVERYTHING] else names))


def find(name: str, known: Mapping[str, Installed]) -> Installed:
    """Return an installed plugin. Raises `PluginError`."""
    if name not in known:
        there = f"Installed: {', '.join(known)}." if known else "No plugin is installed."
        raise PluginError(
            name,
            errors.MISSING,
            "it is not installed",
            f"{there} Install it (often: pip install turnout-{name.replace('_', '-')}), "
            "or take it out of turnout.plugins.",
        )
    found = known[name]
    if found.rival:
        raise PluginError(
            name,
            errors.CLASH,
            f"{found.distribution} and {found.rival} both have one of this name",
            "Uninstall one of them.",
        )
    return found


def load(plugin: Installed) -> Loaded:
    """Import a plugin's package and return it with its manifest. Raises `PluginError`."""
    name = plugin.name
    try:
        module = _imported(plugin)
    except Exception as error:
        raise _import_trouble(plugin, error) from error
    manifest = getattr(module, "plugin", None)
    if not isinstance(manifest, Plugin):
        raise PluginError(name, errors.MANIFEST, f"{plugin.package} has no `plugin`, a turnout.plugin.Plugin")
    if faults := manifest.faults():
        raise PluginError(name, errors.MANIFEST, f"its manifest {', and '.join(faults)}")
    if manifest.name != name:
        raise PluginError(name, errors.MANIFEST, f"its manifest calls it {manifest.name}, its entry point {name}")
    if not callable(getattr(module, "includeme", None)):
        raise PluginError(name, errors.MANIFEST, f"{plugin.package} has no includeme(config)")
    if manifest.api_version != API_VERSION:
        raise PluginError(
            name,
            errors.API_VERSION,
            f"it was made for version {manifest.api_version} of the plugin interface, and this Turnout has {API_VERSION}",
            f"Install another version of {plugin.distribution}, or take {name} out of turnout.plugins.",
        )
    return Loaded(plugin, manifest, module)


def _imported(plugin: Installed) -> ModuleType:
    module = import_module(plugin.package)
    if not hasattr(module, "__path__"):
        raise ImportError(f"{plugin.package} is a module; a plugin is a package (a folder with __init__.py)")
    return module


def _import_trouble(plugin: Installed, error: Exception) -> PluginError:
    said = " ".join(str(error).split())
    taken = _TAKEN.match(said)
    if taken is None:
        problem = f"its package {plugin.package} cannot be imported: {type(error).__name__}: {said}"
        return PluginError(plugin.name, errors.IMPORT, problem)
    return PluginError(
        plugin.name, errors.CLASH, f"its table {taken[1]} has the name of another's: {owner_of_table(taken[1])}"
    )


def owner_of_table(name: str) -> str:
    """Name the package whose models have a table of this name."""
    owners = {mapper.class_.__module__ for mapper in Base.registry.mappers if mapper.local_table.name == name}  # type: ignore[attr-defined]
    return ", ".join(sorted(owners)) or "turnout"


def check_tables(plugin: Loaded) -> None:
    """Raise `PluginError` unless the tables of a plugin, and only these, have its prefix."""
    prefix = plugin.manifest.table_prefix
    for mapper in Base.registry.mappers:
        table = str(mapper.local_table.name)  # type: ignore[attr-defined]
        is_own = plugin.has(mapper.class_.__module__)
        if is_own and not table.startswith(prefix):
            raise PluginError(
                plugin.name,
                errors.CLASH,
                f"its table {table} must have a name that begins with {prefix}, as all its tables",
                f"Rename it to {prefix}{table}.",
            )
        if not is_own and table.startswith(prefix):
            raise PluginError(
                plugin.name,
                errors.CLASH,
                f"its tables begin with {prefix}, and so does {table} of {owner_of_table(table)}",
                "Give it another table_prefix.",
            )


def in_order(plugins: Sequence[Loaded]) -> list[Loaded]:
    """Return plugins so that each comes after those it requires; otherwise as they are. Raises `PluginError`."""
    by_name = {plugin.name: plugin for plugin in plugins}
    for plugin in plugins:
        for other in plugin.manifest.requires:
            if other not in by_name:
                raise PluginError(
                    plugin.name,
                    errors.REQUIRES,
                    f"it requires the plugin {other}, which is not enabled",
                    f"Add {other} to turnout.plugins, or take {plugin.name} out of it.",
                )
    places = {plugin.name: place for place, plugin in enumerate(plugins)}
    sorter = TopologicalSorter({plugin.name: plugin.manifest.requires for plugin in plugins})
    try:
        return [by_name[name] for name in _stably(sorter, places)]
    except CycleError as error:
        circle: list[str] = error.args[1]
        raise PluginError(circle[-1], errors.REQUIRES, f"they require each other: {' -> '.join(circle)}") from None


def _stably(sorter: TopologicalSorter[str], places: Mapping[str, int]) -> Iterator[str]:
    sorter.prepare()
    while sorter.is_active():
        for name in sorted(sorter.get_ready(), key=places.__getitem__):
            yield name
            sorter.done(name)


def check_prefixes(plugins: Iterable[Loaded]) -> None:
    """Raise `PluginError` where the tables of two plugins could have the same names, or one's the core's."""
    seen: list[Loaded] = []
    for plugin in plugins:
        prefix = plugin.manifest.table_prefix
        for other in seen:
            theirs = other.manifest.table_prefix
            if prefix.startswith(theirs) or theirs.startswith(prefix):
                raise PluginError(
                    plugin.name,
                    errors.CLASH,
                    f"its tables begin with {prefix}, those of the plugin {other.name} with {theirs}: "
                    "nobody could tell whose a table is",
                )
        seen.append(plugin)
