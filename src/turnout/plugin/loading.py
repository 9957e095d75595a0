"""Setting up the enabled plugins, after the core's features, as these are."""

from collections.abc import Callable

from pyramid.config.actions import ActionInfo

from turnout.plugin import errors
from turnout.plugin.configurator import Configurator
from turnout.plugin.discovery import Loaded
from turnout.plugin.errors import PluginError
from turnout.schema import Schema
from turnout.settings import SettingsError


def _includer(plugin: Loaded) -> Callable[[Configurator], None]:
    """Return what sets up one plugin.

    One function for each, with a name of its own: what one include claims would otherwise win over what those inside it
    claim, instead of colliding.
    """
    manifest = plugin.manifest

    def include(config: Configurator) -> None:
        try:
            config.declare_settings(manifest.name, manifest.settings or Schema)
        except SettingsError as error:
            raise PluginError(manifest.name, errors.SETTINGS, str(error)) from None
        # As if the plugin itself had said it, so that whoever claims the same is told whose it is.
        config.info = ActionInfo(str(plugin.folder / "__init__.py"), 0, "includeme", "")
        config.add_capability(manifest.name, manifest.description)
        config.include(plugin.module)

    include.__name__ = f"include_{manifest.name}"
    return include


def includeme(config: Configurator) -> None:
    for plugin in config.registry.plugins.enabled.values():
        config.include(_includer(plugin))
