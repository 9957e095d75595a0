"""Finding plugins: what is installed, what is enabled, and in which order it is set up."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from importlib.metadata import Distribution, EntryPoint, distributions
from pathlib import Path
from types import ModuleType

from turnout.db import Base, metadata
from turnout.plugin import errors
from turnout.plugin.errors import PluginError
from turnout.plugin.manifest import API_VERSION, Plugin

GROUP = "turnout.plugins"
EVERYTHING = "*"
_CAME_WITH = "turnout.plugin"
"""What a table's `info` calls the package that was being imported when it was described."""
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
    said = {name: about.get(name) or "" for name in ("Name", "Version", "Summary")}  # type: ignore[attr-defined]
    return Installed(entry.name, entry.value, said["Name"], said["Version"], said["Summary"])


def installed() -> dict[str, Installed]:
    """Return every installed plugin by its name."""
    found: dict[str, Installed] = {}
    for distribution in distributions():
        for entry in distribution.entry_points.select(group=GROUP):
            plugin = _described(distribution, entry)
            other = found.setdefault(plugin.name, plugin)
            if _identity(other) != _identity(plugin):
                found[plugin.name] = replace(other, rival=plugin.distribution)
    return dict(sorted(found.items()))


def _identity(plugin: Installed) -> tuple[str, str]:
    """Return what is the same where one distribution is found twice, as an older tool wrote its name and a newer one."""
    return re.sub(r"[-_.]+", "-", plugin.distribution).lower(), plugin.package


def wanted(setting: str, known: Iterable[str]) -> list[str]:
    """Return the names in the setting ``turnout.plugins``, each once; ``*`` stands for everything installed."""
    names = setting.replace(",", " ").split()
    return list(dict.fromkeys(known if EVERYTHING in names else names))


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
    loaded = look_into(plugin)
    spoken = loaded.manifest.api_version
    if spoken != API_VERSION:
        raise PluginError(
            plugin.name,
            errors.API_VERSION,
            f"it was made for version {spoken} of the plugin interface, and this Turnout has {API_VERSION}",
            f"Install another version of {plugin.distribution}, or take {plugin.name} out of turnout.plugins.",
        )
    return loaded


def owner_among(plugins: Iterable[Installed], module: str) -> Installed | None:
    """Return the plugin to which a module belongs, the innermost if one's package lies within another's; or None."""
    found = [p for p in plugins if module == p.package or module.startswith(p.package + ".")]
    return max(found, key=lambda plugin: len(plugin.package), default=None)


def look_into(plugin: Installed) -> Loaded:
    """Do the same for a plugin of any version of the interface: one that cannot be used any more can be removed."""
    name = plugin.name
    try:
        module = _imported(plugin)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # sys.exit() in a plugin is no reason for us to go
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
    return Loaded(plugin, manifest, module)


def _imported(plugin: Installed) -> ModuleType:
    from turnout.migrate import load_models

    load_models()
    known = set(metadata.tables)
    try:
        module = import_module(plugin.package)
    finally:
        for name in metadata.tables.keys() - known:
            metadata.tables[name].info.setdefault(_CAME_WITH, plugin.package)
    if not hasattr(module, "__path__"):
        raise ImportError(f"{plugin.package} is a module; a plugin is a package (a folder with __init__.py)")
    return module


def _import_trouble(plugin: Installed, error: BaseException) -> PluginError:
    taken = _TAKEN.match(str(error))
    if taken is None:
        problem = f"its package {plugin.package} cannot be imported: {errors.said(error)}"
        return PluginError(plugin.name, errors.IMPORT, problem)
    return PluginError(plugin.name, errors.CLASH, f"it and {_owner_of_table(taken[1])} both claim the table {taken[1]}")


def _owner_of_table(name: str) -> str:
    package = metadata.tables[name].info.get(_CAME_WITH)
    owners = (plugin.name for plugin in installed().values() if plugin.package == package)
    return next(owners, package or "Turnout")


def check_tables(plugin: Loaded) -> None:
    """Raise `PluginError` unless the tables of a plugin, and none of the core's, have its prefix."""
    from turnout.migrate import core_tables

    prefix = plugin.manifest.table_prefix
    for table in sorted(core_tables()):
        if table.startswith(prefix):
            problem = f"its tables begin with {prefix}, and so does Turnout's table {table}"
            raise PluginError(plugin.name, errors.CLASH, problem, "Give it another table_prefix.")
    for model in models_of(Base):
        if plugin.has(model.__module__):
            _require_prefix(plugin, str(model.__table__.name), prefix)  # type: ignore[attr-defined]


def models_of(base: type[Base]) -> Iterator[type[Base]]:
    """Give every class that has a table; SQLAlchemy's own list breaks where one could not be finished."""
    for model in base.__subclasses__():
        if hasattr(model, "__table__"):
            yield model
        yield from models_of(model)


def check_unmapped_tables(plugins: Collection[Loaded]) -> None:
    """Raise `PluginError` for a table without a class that has no plugin's prefix; the plugin is the one it came with."""
    by_package = {plugin.installed.package: plugin for plugin in plugins}
    for table in metadata.tables.values():
        came_with = by_package.get(table.info.get(_CAME_WITH, ""))
        if came_with is not None:
            _require_prefix(came_with, table.name, *(plugin.manifest.table_prefix for plugin in plugins))


def _require_prefix(plugin: Loaded, table: str, *prefixes: str) -> None:
    prefix = plugin.manifest.table_prefix
    if not table.startswith(prefixes):
        problem = f"its table {table} must have a name that begins with {prefix}, as all its tables"
        raise PluginError(plugin.name, errors.CLASH, problem, f"Rename it to {prefix}{table}.")


def in_order(plugins: Sequence[Loaded], left_out: Mapping[str, PluginError] | None = None) -> list[Loaded]:
    """Return plugins so that each comes after those it requires; otherwise as they are. Raises `PluginError`."""
    by_name = {plugin.name: plugin for plugin in plugins}
    for plugin in plugins:
        for other in plugin.manifest.requires:
            if other in (left_out or {}):
                problem = f"it requires the plugin {other}, which cannot be used either"
                raise PluginError(plugin.name, errors.REQUIRES, problem, f"Mend {other} first.")
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
    ready: list[str] = []
    while sorter.is_active():
        ready = sorted([*ready, *sorter.get_ready()], key=places.__getitem__)
        name = ready.pop(0)
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
                    "Give one of them another table_prefix.",
                )
        seen.append(plugin)
