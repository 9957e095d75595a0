"""``turnout plugin revise``: the next migration of a plugin, written from what its models have and its tables have not."""

import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import click

from turnout.cli.context import Refused, application, config_option

if TYPE_CHECKING:
    from turnout.migrate import Line
    from turnout.plugin.discovery import Loaded


@click.command(
    short_help="Write a plugin's next migration.",
    epilog="""
    \b
    Example:
      turnout plugin revise reviews "add a title"     writes 0002_add_a_title.py
      turnout migrate
    """,
)
@config_option
@click.argument("name")
@click.argument("message")
def revise(*, name: str, message: str) -> None:
    """Write the next migration of the plugin NAME; MESSAGE says what it does, as "add a title".

    It has whatever the plugin's models have and the database has not. The plugin's source must be installed (pip install
    -e), and the database at its newest migration.
    """
    if not message.strip() or not message.isprintable() or set(message) & set('"\\'):
        raise click.BadParameter("must be a line of text without quotation marks and backslashes", param_hint="MESSAGE")
    from turnout import migrate
    from turnout.plugin.discovery import check_tables, find, installed, load

    with application(without_broken_plugins=True) as router:
        engine = router.registry.engine
        plugin = load(find(name, installed()))
        check_tables(plugin)
        line = _line(plugin)
        for each in (migrate.CORE, line):
            if not migrate.standing(engine, each).is_current:
                what = "the core's" if each is migrate.CORE else "its"
                raise Refused(
                    f"The database has not all of {what} migrations that are there already. Run: turnout migrate"
                )
        path = migrate.revise(engine, message.strip(), line)
    if path is None:
        click.echo(f"The tables of {name} are as its models say; nothing was written.")
    else:
        click.echo(f"Wrote {path}. Read it, then run: turnout migrate")


def _line(plugin: "Loaded") -> "Line":
    from turnout.migrate import line_of

    line = line_of(plugin)
    if line is None:
        raise Refused(
            f"Make the folder {plugin.folder / 'migrations' / 'versions'} first: migrations are written into it."
        )
    installed_in = {Path(sysconfig.get_path(kind)).resolve() for kind in ("purelib", "platlib")}
    if installed_in & set(plugin.folder.resolve().parents):
        raise Refused(
            f"{plugin.name} is installed without its source. Where that is, run: pip install -e .  Then run this again."
        )
    return line
