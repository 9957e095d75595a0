"""``turnout import`` as a process of its own, with the almanac for a source: ``python import_process.py URL FOLDER ALMANAC ...``."""

import sys
from pathlib import Path

import click
from turnout.clock import Clock
from turnout.commands import APPLICATION
from turnout.testing.applications import Application

from turnout_external_events.cli import import_events
from turnout_external_events.testing import add_almanac


def main(url, path, almanac, *arguments):
    application = Application(url, Path(path), add_almanac, **{"turnout.plugins": "external_events"})
    application.registry.clock = Clock()
    application.registry.almanac_url = almanac
    parent = click.Context(click.Group("turnout"), info_name="turnout")
    parent.meta[APPLICATION] = application.router
    import_events.main(list(arguments), "import", parent=parent)


if __name__ == "__main__":
    main(*sys.argv[1:])
