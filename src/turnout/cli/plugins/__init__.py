"""``turnout plugin``: what is installed, and what helps those who write plugins."""

import click

from turnout.cli.context import Commands, config_option


class PluginCommands(Commands):
    """The commands about plugins."""

    commands_in = {  # noqa: RUF012 - never changed
        "list": "plugins.listing:list_plugins",
        "new": "plugins.new:new",
        "check": "plugins.check:check",
        "revise": "plugins.revise:revise",
        "remove": "plugins.remove:remove",
    }


@click.group(cls=PluginCommands)
@config_option
def plugin() -> None:
    """See, write, check and remove plugins."""
