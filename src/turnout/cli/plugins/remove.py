"""``turnout plugin remove``: a plugin's tables exported and taken away, with all that it left in the core's."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from turnout.cli.context import Refused, application, config_option

if TYPE_CHECKING:
    from pyramid.registry import Registry

    from turnout.plugin.discovery import Installed, Loaded
    from turnout.plugin.removal import Left, Removal


@click.command(
    short_help="Take a plugin's tables away, after exporting them.",
    epilog="""
    \b
    In this order:
      1. Take its name out of turnout.plugins, and start servers and workers anew.
      2. turnout plugin remove reviews
      3. pip uninstall turnout-reviews

    Whatever interrupts it, run it again: it goes on. Messages that were sent stay.
    """,
)
@config_option
@click.argument("name")
@click.option(
    "--export",
    "parent",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    help="Export into a new folder in this one [default: exports, in the folder turnout.data].",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(*, name: str, parent: Path | None, yes: bool) -> None:
    """Export the tables of the plugin NAME, and take away all that it has in the database."""
    from turnout.plugin.discovery import installed
    from turnout.plugin.removal import Removal

    with application(is_migrated=True, without_broken_plugins=True) as router:
        registry = router.registry
        known = installed()
        _refuse_enabled(name, registry.settings["turnout.plugins"], list(known))
        plugin = _plugin(name, known)
        removal = Removal(registry, plugin)
        _refuse_running(name, removal.workers())
        left = removal.left()
        _refuse_referred(name, removal.referring())
        now = registry.clock.now()
        folder = (parent or Path(registry.settings["turnout.data"]) / "exports") / f"{name}-{now:%Y%m%dT%H%M%S.%fZ}"
        if not left.is_nothing:
            _show(name, left, folder)
            _ask(name, yes=yes)
        _take(removal, left, folder, _about(plugin, registry, now))
    click.echo(f"Nothing of {name} is in the database. Uninstall it: pip uninstall {plugin.installed.distribution}")


def _refuse_enabled(name: str, setting: str, known: list[str]) -> None:
    from turnout.plugin.discovery import wanted

    enabled = wanted(setting, known)
    if name in enabled:
        others = " ".join(each for each in enabled if each != name)
        raise Refused(
            f"{name} is enabled: turnout.plugins (or TURNOUT_PLUGINS) is {setting!r}. Make it {others!r}, "
            "start servers and workers anew, then run this again."
        )


def _plugin(name: str, known: dict[str, "Installed"]) -> "Loaded":
    from turnout.plugin.discovery import find, look_into

    if name not in known:
        raise Refused(
            f"{name} is not installed, and only the plugin itself knows which tables are its. Install it again first "
            f"(often: pip install turnout-{name.replace('_', '-')}). Installed: {', '.join(known) or 'none'}."
        )
    return look_into(find(name, known))


def _refuse_running(name: str, workers: list[tuple[str, int]]) -> None:
    if workers:
        found = ", ".join(f"on {host} (process {pid})" for host, pid in workers)
        raise Refused(
            f"{name} is enabled in workers that run: {found}. Take it out of turnout.plugins there and start them anew, "
            "then run this again."
        )


def _refuse_referred(name: str, tables: list[str]) -> None:
    if tables:
        raise Refused(
            f"Other tables refer to those of {name}: {', '.join(tables)}. Remove the plugins whose they are first."
        )


def _show(name: str, left: "Left", folder: Path) -> None:
    click.echo(f"This takes all that the plugin {name} has out of the database:")
    for table, rows in left.tables.items():
        click.echo(f"  {table}: {rows:,} {'row' if rows == 1 else 'rows'}")
    for what, count in (("jobs", left.jobs), ("schedules", left.schedules), ("events with its switch", left.switches)):
        if count:
            click.echo(f"  {what}: {count:,}")
    if left.tables:
        click.echo(f"Its tables are written to {folder} before.")


def _ask(name: str, *, yes: bool) -> None:
    click.echo(
        f"No worker runs with it. Servers without a worker cannot be seen from here: those that were started before {name} "
        "was taken out of turnout.plugins must be gone by now."
    )
    if not yes and click.prompt("Type the plugin's name to go on", default="", show_default=False) != name:
        raise Refused("Nothing was done.")


def _take(removal: "Removal", left: "Left", folder: Path, about: dict[str, Any]) -> None:
    with _progress(sum(left.tables.values())) as told:
        try:
            unknown = removal.take_tables(folder, about, told)
        except OSError as error:
            raise Refused(
                f"The export cannot be written to {folder}: {error.strerror}. Nothing was taken away."
            ) from None
    if left.tables:
        click.echo(f"Wrote {folder}.")
    removal.forget()
    if unknown:
        raise Refused(
            f"Its migrations left these tables, whose names begin as its: {', '.join(unknown)}. They were not touched."
        )
    if not removal.left().is_nothing:
        raise Refused("Something of it came back: a server or worker still runs with it. Stop it, then run this again.")


def _about(plugin: "Loaded", registry: "Registry", now: datetime) -> dict[str, Any]:
    from importlib.metadata import version

    return {
        "plugin": plugin.name,
        "distribution": plugin.installed.distribution,
        "version": plugin.installed.version,
        "turnout": version("turnout"),
        "database": registry.engine.dialect.name,
        "exported_at": now,
    }


@contextmanager
def _progress(rows: int) -> Iterator[Callable[[int], None]]:
    """Show on a terminal how far the export is."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Exporting", total=rows)
        yield lambda more: progress.advance(task, more)
