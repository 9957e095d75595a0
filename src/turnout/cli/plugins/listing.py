"""``turnout plugin list``: which plugins there are, and what keeps those from running that do not."""

from typing import TYPE_CHECKING, Any

import click

from turnout.cli.context import config_option, load_settings

if TYPE_CHECKING:
    from pyramid.registry import Registry

    from turnout.plugin.discovery import Installed

TABLES = {True: "migrated", False: "not migrated", None: "-"}


@click.command("list", epilog="It works where nothing starts because of a plugin, too, and says because of which.")
@config_option
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def list_plugins(*, as_json: bool) -> None:
    """List the plugins: those that are installed, and those that should be."""
    from turnout.plugin.assembly import assemble

    registry = assemble(load_settings(), _require_tables, without_broken_plugins=True).registry
    try:
        plugins = _found(registry)
    finally:
        registry.engine.dispose()
    if as_json:
        import json

        click.echo(json.dumps(plugins, indent=2, default=str))
    elif plugins:
        _show(plugins, registry.settings["turnout.plugins.on_error"])
    else:
        click.echo("No plugin is installed.")


def _require_tables(registry: "Registry") -> None:
    """Raise `PluginError` for a plugin whose tables are not as its code needs them, if the database can be asked."""
    from sqlalchemy.exc import DBAPIError

    from turnout.migrate import CORE, lines_of, require_line

    for line in lines_of(registry.plugins.enabled.values()):
        if line is not CORE:
            try:
                require_line(registry.engine, line)
            except DBAPIError as error:
                click.echo(f"The database cannot be asked: {' '.join(str(error.orig).split())}", err=True)
                return


def _found(registry: "Registry") -> list[dict[str, Any]]:
    from turnout.plugin.discovery import find, installed, load
    from turnout.plugin.errors import PluginError
    from turnout.plugin.services import DISABLED, PluginCatalog

    known = installed()
    plugins = PluginCatalog(registry.plugins, registry.settings).all()
    for plugin in plugins:
        plugin["is_migrated"] = _is_migrated(registry, plugin["name"], known)
        if plugin["state"] == DISABLED:
            try:
                load(find(plugin["name"], known))
            except PluginError as error:
                plugin["problem"] = str(error)
    return plugins


def _is_migrated(registry: "Registry", name: str, known: "dict[str, Installed]") -> bool | None:
    """Tell whether a plugin's tables are as its code needs them; None if it has none, or if that cannot be told."""
    from sqlalchemy.exc import DBAPIError

    from turnout.migrate import line_of, standing
    from turnout.plugin.discovery import find, load
    from turnout.plugin.errors import MIGRATION, PluginError

    try:
        line = line_of(load(find(name, known)))
        return None if line is None else standing(registry.engine, line).is_current
    except DBAPIError:
        return None
    except PluginError as error:
        return False if error.reason == MIGRATION else None


def _show(plugins: list[dict[str, Any]], on_error: str) -> None:
    from rich.console import Console
    from rich.table import Table

    from turnout.plugin.assembly import STOP
    from turnout.plugin.services import QUARANTINED

    table = Table("Name", "State", "Tables", "Version", "Distribution", box=None, header_style="bold", pad_edge=False)
    for plugin in plugins:
        about = (plugin["name"], plugin["state"], TABLES[plugin["is_migrated"]])
        table.add_row(*about, plugin["version"], plugin["distribution"])
    console = Console()
    if not console.is_terminal:
        console.width = 240  # into a pipe or a file, nothing is cut
    console.print(table)
    for plugin in plugins:
        if plugin["problem"]:
            click.echo(f"\n{plugin['problem']}")
    if any(plugin["state"] == QUARANTINED for plugin in plugins):
        stops = "nothing starts as long as that is so" if on_error == STOP else "everything else runs without it"
        click.echo(f"\nturnout.plugins.on_error is {on_error}: {stops}.")
