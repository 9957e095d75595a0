"""Commands that plugins add to ``turnout``.

@click.command()
def settle() -> None:
    "Settle what is open."
    with application() as app, system_request(app) as request:
        request.find_service(SettlementService).settle()

config.add_command(settle)
"""

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from pyramid.config import Configurator

from turnout.errors import Clash, StartError
from turnout.plugin.plugins import CORE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyramid.router import Router

APPLICATION = "turnout.application"


def add_command(config: Configurator, command: click.Command) -> None:
    """Directive: let ``turnout <name>`` run a command, or a group of them; it opens the application with `application`.

    Exit codes are those of all commands: 0 done; 1 refused, or a difference was found; 2 wrong usage; 3 cannot start.
    """
    from turnout.cli import COMMANDS

    name = command.name
    if not name:
        raise StartError("a command needs a name")
    if name in COMMANDS:
        raise Clash(f"it and {CORE} both claim the command turnout {name}")

    def register() -> None:
        config.registry.commands[name] = command

    introspectable = config.introspectable("turnout commands", name, name, "command")
    config.action(("turnout command", name), register, introspectables=(introspectable,))


@contextmanager
def application() -> "Iterator[Router]":
    """Give a running command the application, its database migrated; the command line has it already."""
    from turnout.cli import context

    known = click.get_current_context().meta.get(APPLICATION)
    if known is not None:
        yield known
        return
    with context.application(is_migrated=True) as opened:
        yield opened


def includeme(config: Configurator) -> None:
    config.registry.commands = {}
    config.add_directive("add_command", add_command)
