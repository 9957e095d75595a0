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


def assemble(
    settings: Mapping[str, Any],
    *checks: Check,
    include: Include | None = None,
    without_broken_plugins: bool = False,
) -> Router:
    """Return the application. `checks` look at what is there and raise `PluginError` for a plugin that cannot be used.

    Raises `StartError`; with ``turnout.plugins.on_error = quarantine`` not because of a plugin, which is left out. What
    only looks at the plugins asks for it `without_broken_plugins`: they are left out without a line in the log.
    """
    left_out: dict[str, PluginError] = {}
    while True:
        config = Configurator(settings=dict(settings))
        config.registry.plugins = Plugins(left_out=left_out)
        try:
            return _assembled(config, checks, include)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            trouble = _explained(error, config.registry.plugins)
            if engine := getattr(config.registry, "engine", None):
                engine.dispose()
            is_quarantined = config.registry.settings.get("turnout.plugins.on_error") == QUARANTINE
            may_be_left_out = without_broken_plugins or is_quarantined
            if not isinstance(trouble, PluginError) or not may_be_left_out or trouble.plugin in left_out:
                if trouble is error:
                    raise
                raise trouble from error
            if not without_broken_plugins:
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


def _explained(error: BaseException, plugins: Plugins) -> BaseException:
    """Return what is to be said of an error: in one line, and naming the plugin whose it is."""
    if isinstance(error, ConfigurationConflictError):
        return _clash(error, plugins) or error
    owner = None
    if isinstance(error, ConfigurationExecutionError):
        # Pyramid says where in our code; whoever starts the application wants to know what to mend.
        owner = getattr(error.info, "plugin", None)
        error = error.evalue if owner or isinstance(error.evalue, StartError) else error
    if isinstance(error, PluginError) and (owner is None or owner.name == error.plugin):
        return error
    if isinstance(error, StartError) and not isinstance(error, PluginError):
        owner = getattr(error.registered, "plugin", owner)
    owner = owner or plugins.blamed(error)
    if owner is None:
        return error
    return PluginError(owner.name, errors.reason_of(error), errors.said(error))


def _clash(error: ConfigurationConflictError, plugins: Plugins) -> PluginError | None:
    """Return what two claim, if one of them is a plugin; the blame is on the one set up last."""
    order = [CORE, *plugins.enabled]
    for discriminator, infos in error._conflicts.items():  # noqa: SLF001 - otherwise only in a text of many lines
        claimants = {plugins.named(getattr(info, "plugin", None)) for info in infos}
        *others, blamed = sorted(claimants, key=order.index)
        if blamed == CORE:
            continue
        thing = _named(discriminator)
        if others:
            return PluginError(blamed, errors.CLASH, f"it and {' and '.join(others)} both claim the {thing}")
        return PluginError(blamed, errors.CLASH, f"it claims the {thing} twice")
    return None


def _named(discriminator: Any) -> str:
    """Return in words what two claim: Pyramid's discriminators say what kind of thing it is, and then which."""
    kind, *what = discriminator if isinstance(discriminator, tuple) else (discriminator,)
    if kind == "view":
        _context, name, route, *_predicates = what
        return f"views of the route {route}" if route else f"view {name}"
    names = [getattr(part, "__name__", None) or str(part) for part in (kind, *what) if part]
    return " ".join(names).removeprefix("turnout ")
