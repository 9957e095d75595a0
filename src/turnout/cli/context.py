"""What the commands share: settings, the application, a request made by the system, and errors in one line."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import click

from turnout.errors import DomainError, StartError

if TYPE_CHECKING:
    from pyramid.router import Router

    from turnout.plugin.assembly import Check

QUARANTINE = "quarantine"
REFUSED = 1
CANNOT_START = 3
SPARE = 12
"""How many database connections a process may need beside one for each thread that the user asks for."""
CONFIG = "turnout.config"
DEFAULT_CONFIG = "development.ini"


class Commands(click.Group):
    """Imports a command when it is wanted: `commands_in` says where, as ``module:function`` below ``turnout.cli``."""

    commands_in: ClassVar[Mapping[str, str]] = {}

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Return the names, in the order in which people need them."""
        return list(self.commands_in)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        """Return the command `name`."""
        if name not in self.commands_in:
            return None
        module, _, function = self.commands_in[name].partition(":")
        command: click.Command = getattr(import_module(f"turnout.cli.{module}"), function)
        return command


class Refused(click.ClickException):
    """The rules of the domain refused what was asked."""

    exit_code = REFUSED


class CannotStart(click.ClickException):
    """Settings or database do not allow to start."""

    exit_code = CANNOT_START


def _remember(ctx: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        ctx.meta[CONFIG] = value


def config_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option ``--config``; before or after the command's name, it means the same."""
    return click.option(
        "-c",
        "--config",
        metavar="FILE",
        expose_value=False,
        callback=_remember,
        help="Ini file with the settings [default: $TURNOUT_CONFIG, else development.ini if it is here].",
    )(function)


def load_settings() -> dict[str, Any]:
    """Return the settings of the ini file that applies. Raises `StartError` for one that cannot be read."""
    path = click.get_current_context().meta.get(CONFIG) or os.environ.get("TURNOUT_CONFIG")
    if path is None:
        if not Path(DEFAULT_CONFIG).is_file():
            return {}
        path = DEFAULT_CONFIG
    if not Path(path.partition("#")[0]).is_file():
        raise StartError(f"The settings file {path} does not exist.")
    from pyramid.paster import get_appsettings

    try:
        return dict(get_appsettings(path))
    except Exception as error:  # noqa: BLE001 - plaster, PasteDeploy and configparser each have errors of their own
        raise StartError(f"The settings file {path} cannot be read: {' '.join(str(error).split())}") from None


@contextmanager
def application(
    overriding: Mapping[str, Any] | None = None,
    *checks: "Check",
    is_migrated: bool = False,
    without_broken_plugins: bool = False,
) -> Iterator["Router"]:
    """Give the application with the settings that apply, after `checks`; `overriding` ones win over the ini file's.

    With `is_migrated` the database must be at the version that the code needs: raises `StartError` otherwise. What is
    about a plugin that may be broken comes `without_broken_plugins`, whatever the settings say.
    """
    from turnout.migrate import require_migrated
    from turnout.plugin.assembly import assemble

    if is_migrated:
        checks = (*checks, require_migrated)
    router = assemble(load_settings() | dict(overriding or {}), *checks, without_broken_plugins=without_broken_plugins)
    try:
        yield router
    finally:
        router.registry.engine.dispose()


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Show whoever watches that something takes its time."""
    from rich.console import Console

    with Console(stderr=True).status(f"{what} ..."):
        yield


def _database_trouble(error: Any) -> str:
    said = " ".join(str(error.orig).split())
    sqlstate = getattr(error.orig, "sqlstate", None)
    if sqlstate == "42P01" or said.startswith("no such table"):
        return "The database is not migrated. Run: turnout migrate"
    if said.startswith(("database is locked", "database table is locked")) or sqlstate == "55P03":
        return "The database is busy with something else; nothing was changed. Try again."
    return f"The database cannot be used: {said}"


@contextmanager
def reported() -> Iterator[None]:
    """Turn what can be foreseen to go wrong into one line on stderr and an exit code."""
    try:
        yield
    except DomainError as error:
        raise Refused(error.detail) from None
    except StartError as error:
        raise CannotStart(str(error)) from None
    except (PermissionError, FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise CannotStart(f"{error.filename}: {error.strerror}") from None
    except Exception as error:
        from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

        if isinstance(error, DBAPIError):
            raise CannotStart(_database_trouble(error)) from None
        if isinstance(error, (ArgumentError, NoSuchModuleError)):
            raise CannotStart(f"Setting database.url cannot be used: {error}") from None
        raise
