"""Putting the application together, with its plugins; without those that cannot be used, if so set.

A plugin may fail at any point: when it is imported, set up, or only when everything is there. What it had registered by
then cannot be taken back, so the application is then put together anew, without it.
"""

from collections.abc import Callable, Mapping
from typing import Any

import structlog
from pyramid.exceptions import ConfigurationConflictError, ConfigurationExecutionError
from pyramid.registry import Registry
from pyramid.router import Router

from turnout.errors import StartError
from turnout.plugin import errors
from turnout.plugin.configurator import Configurator
from turnout.plugin.errors import PluginError
from turnout.plugin.plugins import CORE, Plugins

STOP, QUARANTINE = "stop", "quarantine"
Check = Callable[[Registry], None]
Include = Callable[[Configurator], None]

log = structlog.get_logger()


def assemble(settings: Mapping[str, Any], *checks: Check, include: Include | None = None) -> Router:
    """Return the application. `checks` look at what is there and raise `PluginError` for a plugin that cannot be used.

    Raises `StartError`; with ``turnout.plugins.on_error = quarantine`` not because of a plugin, which is left out.
    """
    left_out: dict[str, PluginError] = {}
    while True:
        config = Configurator(settings=dict(settings))
        config.registry.plugins = Plugins(left_out=left_out)
        try:
            return _assembled(config, checks, include)
        except Exception as error:
            trouble = _explained(error, config.registry.plugins)
            if engine := getattr(config.registry, "engine", None):
                engine.dispose()
            may_be_left_out = config.registry.settings.get("turnout.plugins.on_error") == QUARANTINE
            if not isinstance(trouble, PluginError) or not may_be_left_out or trouble.plugin in left_out:
                if trouble is error:
                    raise
                raise trouble from error
            log.exception("plugin left out", plugin=trouble.plugin, reason=trouble.reason, problem=str(trouble))
            left_out[trouble.plugin] = trouble


def _assembled(config: Configurator, checks: tuple[Check, ...], include: Include | None) -> Router:
    with config:
        config.include("turnout.config")
        if include is not None:
            config.include(include)
        router: Router = config.make_wsgi_app()
    for check in checks:
        check(router.registry)
    return router


def _explained(error: Exception, plugins: Plugins) -> Exception:
    """Return what is to be said of an error: in one line, and naming the plugin whose it is."""
    if isinstance(error, PluginError):
        return error
    if isinstance(error, ConfigurationConflictError):
        return _clash(error, plugins) or error
    owner = None
    if isinstance(error, ConfigurationExecutionError):
        # Pyramid says where in our code; whoever starts the application wants to know what to mend.
        owner = plugins.owner_of_file(error.info.file)
        error = error.evalue if owner or isinstance(error.evalue, StartError) else error
    if isinstance(error, StartError):
        owner = (plugins.owner(error.module) if error.module else None) or owner
    owner = owner or plugins.blamed(error)
    if owner is None:
        return error
    said = str(error) if isinstance(error, StartError) else f"{type(error).__name__}: {error}"
    return PluginError(owner.name, errors.SETUP, " ".join(said.split()))


def _clash(error: ConfigurationConflictError, plugins: Plugins) -> PluginError | None:
    """Return what two claim, if one of them is a plugin; the blame is on the one set up last."""
    order = list(plugins.enabled)
    for discriminator, infos in error._conflicts.items():  # noqa: SLF001 - otherwise only in a text of many lines
        owners = [owner for info in infos if (owner := plugins.owner_of_file(info.file))]
        if not owners:
            continue
        blamed = max(owners, key=lambda owner: order.index(owner.name))
        names = sorted({owner.name for owner in owners} - {blamed.name}) or ([CORE] if len(owners) < len(infos) else [])
        others = " and ".join(names) or "it itself"
        kind, *what = discriminator if isinstance(discriminator, tuple) else (discriminator,)
        thing = f"{str(kind).removeprefix('turnout ')} {' '.join(str(part) for part in what)}".strip()
        return PluginError(blamed.name, errors.CLASH, f"it and {others} both claim the {thing}")
    return None
