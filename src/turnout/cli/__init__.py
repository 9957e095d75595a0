"""The command line: ``turnout``.

Exit codes: 0 done; 1 refused, or `check` found a difference; 2 wrong usage; 3 cannot start (settings, database).
"""

import warnings
from typing import Any

import click

from turnout.cli.context import Commands, config_option, reported

COMMANDS = {
    "serve": "serving:serve",
    "worker": "working:worker",
    "celery": "working:celery",
    "migrate": "serving:migrate",
    "user": "people:user",
    "demo": "upkeep:demo",
    "check": "upkeep:check",
    "routes": "listing:routes",
    "plugin": "plugins:plugin",
}


class Cli(Commands):
    """The command line, which tells errors in one line."""

    commands_in = COMMANDS

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with reported():
            return super().invoke(ctx)


@click.group(cls=Cli, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="turnout", message="Turnout %(version)s")
@config_option
def cli() -> None:
    """Turnout: an event booking platform that never oversells.

    \b
    Start with a demo:            turnout serve --demo
    Start an installation:        turnout --config production.ini migrate
                                  turnout --config production.ini user create ada --superuser
                                  turnout --config production.ini serve

    Settings come from the ini file that --config or TURNOUT_CONFIG names, else from development.ini in this folder,
    else from the built-in development defaults. The environment variable TURNOUT_A_B overrides the setting a.b.

    \b
    Exit codes: 0 done; 1 refused, or a difference was found; 2 wrong usage;
    3 cannot start (settings, database).
    """  # noqa: D301 - \b is click's mark for text that keeps its lines


def main() -> None:
    """Run the command line."""
    # Pyramid still imports pkg_resources; whoever runs a command can do nothing about it.
    warnings.filterwarnings("ignore", "pkg_resources is deprecated", UserWarning)
    warnings.filterwarnings("ignore", "Deprecated call to `pkg_resources", DeprecationWarning)
    warnings.filterwarnings("ignore", "'cgi' is deprecated", DeprecationWarning)
    cli(prog_name="turnout")
