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

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is meant: Turnout's, or a plugin's, for which the application has to be opened."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            command = _of_plugins(ctx, args[0])
            if command is not None:
                return args[0], command, args[1:]
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with reported():
            return super().invoke(ctx)


def _of_plugins(ctx: click.Context, name: str) -> click.Command | None:
    from turnout.cli.context import application
    from turnout.commands import APPLICATION
    from turnout.migrate import require_migrated

    router = ctx.with_resource(application())
    command: click.Command | None = router.registry.commands.get(name)
    if command is not None:
        require_migrated(router.registry)
        ctx.meta[APPLICATION] = router
    return command


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

    Plugins that are enabled may add commands of their own; their READMEs name them.

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
