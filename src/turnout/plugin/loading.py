"""Setting up the enabled plugins, after the core's features, as these are."""

from collections.abc import Callable

from pyramid.exceptions import ConfigurationConflictError

from turnout.plugin import errors
from turnout.plugin.configurator import Configurator
from turnout.plugin.discovery import Loaded, check_tables
from turnout.plugin.errors import PluginError, said
from turnout.plugin.mapping import check_models
from turnout.schema import Schema
from turnout.settings import SettingsError


def _includer(plugin: Loaded) -> Callable[[Configurator], None]:
    """Return what sets up one plugin.

    One function for each, with a name of its own: what one include claims would otherwise win over what those inside it
    claim, instead of colliding.
    """
    manifest = plugin.manifest

    def include(config: Configurator) -> None:
        with config.registry.plugins.set_up(plugin):
            try:
                _declare_settings(config, plugin)
                config.add_capability(manifest.name, manifest.description)
                config.include(plugin.module)
                # Again, for what was imported only now.
                check_tables(plugin)
                check_models(list(config.registry.plugins.enabled.values()))
            except ConfigurationConflictError:
                raise
            except PluginError as error:
                if error.plugin == manifest.name:
                    raise
                raise PluginError(manifest.name, error.reason, said(error)) from error
            except Exception as error:
                raise PluginError(manifest.name, errors.reason_of(error), said(error)) from error

    include.__name__ = f"include_{manifest.name}"
    return include


def _declare_settings(config: Configurator, plugin: Loaded) -> None:
    name, declared = plugin.name, config.registry["turnout.settings"]
    if name in declared:
        plugins = config.registry.plugins
        other = plugins.named(plugins.owner(declared[name]))
        raise PluginError(name, errors.CLASH, f"it and {other} both claim the settings {name}.*", "Rename the plugin.")
    try:
        config.declare_settings(name, plugin.manifest.settings or Schema)
    except SettingsError as error:
        raise PluginError(name, errors.SETTINGS, str(error)) from None


def includeme(config: Configurator) -> None:
    for plugin in config.registry.plugins.enabled.values():
        config.include(_includer(plugin))
