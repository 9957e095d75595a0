"""``turnout plugin new``: a plugin of one's own, complete and tested from the first moment."""

import tempfile
from pathlib import Path

import click

from turnout.cli.context import Refused


@click.command(
    epilog="""
    \b
    Examples:
      turnout plugin new guestbook
      turnout plugin new seat_map --title "Seat map" --into plugins/seat-map

    NAME has lower-case letters, digits and single underscores; settings, tables and permissions begin with it.
    """
)
@click.argument("name")
@click.option("--title", default="", help="Its name for people [default: NAME in words].")
@click.option("--into", type=click.Path(path_type=Path), metavar="FOLDER", help="[default: ./turnout-NAME]")
def new(*, name: str, title: str, into: Path | None) -> None:
    """Write a new plugin called NAME: complete, working and tested."""
    from turnout.plugin.discovery import installed
    from turnout.plugin.scaffold import names_of, write

    names = names_of(name, title)
    if name in installed():
        raise Refused(f"A plugin called {name} is installed already, by {installed()[name].distribution}.")
    if claim := _taken(name):
        raise Refused(f"A plugin cannot be called {name}: Turnout itself has {claim}.")
    folder = into or Path(f"turnout-{names.hyphenated}")
    try:
        written = write(names, folder)
    except OSError as error:
        raise Refused(f"{error.filename}: {error.strerror}") from None
    click.echo(f"Wrote {names.title} into {folder}:")
    for path in written:
        click.echo(f"  {path}")
    click.echo(f"""
Next:
  cd {folder}
  pip install -e '.[test]'
  pytest
  export TURNOUT_PLUGINS={name}
  turnout migrate
  turnout serve""")


def _taken(name: str) -> str | None:
    """Name what Turnout itself has that the plugin would claim; settings of this installation play no part."""
    from turnout.plugin.assembly import assemble
    from turnout.plugin.scaffold import taken_by

    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "turnout.environment": "testing",
            "turnout.secret": "n" * 32,
            "database.url": f"sqlite:///{folder}/turnout.sqlite",
        }
        registry = assemble(settings).registry
        registry.engine.dispose()
        return taken_by(name, registry)
