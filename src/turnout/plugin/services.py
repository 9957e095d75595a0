"""Telling which plugins there are."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from turnout.injection import Settings
from turnout.plugin.discovery import Installed, installed
from turnout.plugin.plugins import Plugins
from turnout.settings import MASK, is_secret

ENABLED, DISABLED, QUARANTINED = "enabled", "disabled", "quarantined"
STATES = (ENABLED, DISABLED, QUARANTINED)


class PluginCatalog:
    """Shows every plugin that is installed, and those that should be."""

    def __init__(self, plugins: Plugins, settings: Settings) -> None:
        self.plugins = plugins
        self.settings = settings

    def all(self) -> list[dict[str, Any]]:
        """Return every plugin as it is shown, by name."""
        known = installed()
        return [self._shown(name, known.get(name)) for name in sorted({*known, *self.plugins.left_out})]

    def _shown(self, name: str, found: Installed | None) -> dict[str, Any]:
        loaded = self.plugins.enabled.get(name)
        trouble = self.plugins.left_out.get(name)
        manifest = loaded.manifest if loaded else None
        return {
            "name": name,
            "title": manifest.title if manifest else name.replace("_", " ").capitalize(),
            "description": manifest.description if manifest else found.summary if found else "",
            "state": ENABLED if loaded else QUARANTINED if trouble else DISABLED,
            "problem": str(trouble) if trouble else None,
            "distribution": found.distribution if found else "",
            "version": found.version if found else "",
            "api_version": manifest.api_version if manifest else None,
            "requires": list(manifest.requires) if manifest else [],
            "is_switchable": bool(manifest and manifest.is_switchable),
            "settings": self._settings(name) if manifest and manifest.settings else {},
        }

    def _settings(self, name: str) -> Mapping[str, Any]:
        manifest = self.plugins.enabled[name].manifest
        assert manifest.settings is not None  # noqa: S101 - the caller has looked
        found = {}
        for node in manifest.settings().children:
            value = self.settings[f"{name}.{node.name}"]
            found[f"{name}.{node.name}"] = MASK if is_secret(node) and value else _in_json(value)
        return found


def _in_json(value: Any) -> Any:
    """Return a setting's value as JSON can say it; a plugin's may be of any kind."""
    if isinstance(value, (set, frozenset)):
        return sorted((_in_json(each) for each in value), key=str)
    if isinstance(value, (list, tuple)):
        return [_in_json(each) for each in value]
    is_plain = value is None or isinstance(value, (str, int, float, Decimal, datetime, date))
    return value if is_plain else str(value)
