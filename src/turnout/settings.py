"""Declared settings: checked at start, every one overridable by an environment variable.

A feature declares what it understands with ``config.declare_settings("bookings", BookingSettings)``, a colander schema whose
nodes become ``bookings.<node>``. The setting ``a.b`` is read from the environment variable ``TURNOUT_A_B`` first, then
from the ini file, then from the schema's default; ``turnout.data`` is ``TURNOUT_DATA``.
"""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import colander
from pyramid.config import Configurator

from turnout.errors import Clash, StartError

SHORTEST_SECRET = 32
PLACEHOLDER = "change-me"
MASK = "********"
"""What is shown instead of a secret."""


class SettingsError(StartError):
    """A setting that cannot be used; the message names it and says what to do."""


class TurnoutSettings(colander.MappingSchema):
    """Settings of the installation as a whole."""

    environment = colander.SchemaNode(
        colander.String(), missing="development", validator=colander.OneOf(["development", "testing", "production"])
    )
    data = colander.SchemaNode(colander.String(), missing="var", description="Folder for the database and other files")
    secret = colander.SchemaNode(colander.String(), missing="", description="Signs tokens; 32 characters or more")
    plugins = colander.SchemaNode(
        colander.String(), missing="", description="Names of the plugins that are enabled; *: all that are installed"
    )
    plugins_on_error = colander.SchemaNode(
        colander.String(),
        name="plugins.on_error",
        missing="stop",
        validator=colander.OneOf(["stop", "quarantine"]),
        description="What becomes of a plugin that cannot be used: nothing starts, or all but it does",
    )


def variable_name(setting: str) -> str:
    """Name the environment variable that overrides `setting`."""
    return "TURNOUT_" + setting.removeprefix("turnout.").upper().replace(".", "_")


def is_secret(node: colander.SchemaNode) -> bool:
    """Tell whether a setting's value must never be shown; a node says so by ``secret=True``, or by its name."""
    return bool(getattr(node, "secret", False)) or str(node.name).endswith(("secret", "password", "key", "token"))


def read(prefix: str, schema: colander.SchemaNode, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the checked values of `schema`, keyed by full name.

    Raises `SettingsError` for a value that does not fit or a name below `prefix` that nobody declared.
    """
    found = {}
    for node in schema.children:
        name = f"{prefix}.{node.name}"
        raw = os.environ.get(variable_name(name), given.get(name, colander.null))
        try:
            found[name] = node.deserialize(colander.null if raw == "" else raw)
        except colander.Invalid as error:
            problem = "; ".join(error.asdict(translate=_words).values())
            shown = f"{problem} (it is {raw!r})"
            if is_secret(node):
                shown = problem.replace(str(raw), MASK)
            raise SettingsError(f"Setting {name} (or {variable_name(name)}) cannot be used: {shown}.") from None
    unknown = sorted(name for name in given if name.startswith(prefix + ".") and name not in found)
    if unknown:
        known = ", ".join(sorted(found))
        raise SettingsError(f"Setting {unknown[0]} is not known. Known: {known}.")
    return found


def _names(prefix: str, schema: type[colander.MappingSchema]) -> list[str]:
    return [f"{prefix}.{node.name}" for node in schema().children]


def _words(message: Any) -> str:
    """Return what colander says of a value, with what it is about filled in."""
    return str(message.interpolate() if hasattr(message, "interpolate") else message)


def declare_settings(config: Configurator, prefix: str, schema: type[colander.MappingSchema]) -> None:
    """Directive: declare the settings below `prefix` and replace their raw values with checked ones.

    What a plugin names as ``settings`` in its manifest is declared already. Raises `SettingsError` for a value that does not
    fit, or one that is given and not declared.
    """
    settings = config.get_settings()
    declared: dict[str, type[colander.MappingSchema]] = config.registry.setdefault("turnout.settings", {})
    if prefix in declared:
        raise Clash(
            f"The settings {prefix}.* are declared twice: by {declared[prefix].__module__} and by {schema.__module__}."
        )
    known = {variable_name(name): name for other in declared for name in _names(other, declared[other])}
    for name in _names(prefix, schema):
        if variable_name(name) in known:
            other = known[variable_name(name)]
            raise Clash(f"The settings {other} and {name} would both be read from {variable_name(name)}.")
    settings.update(read(prefix, schema(), settings))
    declared[prefix] = schema


def _secret(settings: Mapping[str, Any]) -> str:
    """Return the signing secret; outside production one is made once and kept beside the data."""
    given = str(settings["turnout.secret"])
    if settings["turnout.environment"] == "production":
        if len(given) < SHORTEST_SECRET or PLACEHOLDER in given:
            raise SettingsError(
                "Setting turnout.secret (or TURNOUT_SECRET) must be a secret of your own, 32 characters or more. "
                "Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
            )
        return given
    if given:
        return given
    path = Path(settings["turnout.data"]) / "secret"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:  # noqa: PTH123 - the mode must be right from the first moment
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return path.read_text("ascii")


def includeme(config: Configurator) -> None:
    config.add_directive("declare_settings", declare_settings, action_wrap=False)
    config.declare_settings("turnout", TurnoutSettings)
    settings = config.get_settings()
    settings["turnout.secret"] = _secret(settings)
