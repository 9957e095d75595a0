"""A plugin's settings: told to those who set them, with defaults that are sound, and no secret shown."""

from collections.abc import Iterator
from pathlib import Path

import colander
import pytest

from turnout.errors import StartError
from turnout.plugin import errors
from turnout.plugin.errors import PluginError
from turnout.settings import MASK, is_secret, variable_name
from turnout.testing.applications import Application
from turnout.testing.clients import Api
from turnout.testing.conformance.subject import Checks, Subject, chain, refuse
from turnout.testing.fixtures import Workshop

SECRET_WORDS = frozenset({"key", "secret", "password", "passphrase", "token", "credential", "credentials"})


def looks_secret(name: str) -> bool:
    """Tell whether, by its name, the value of a setting is for nobody's eyes."""
    return bool(SECRET_WORDS & set(name.split("_"))) or name.endswith(("key", "secret", "password", "token"))


class SettingsChecks(Checks):
    """A plugin's settings: told to those who set them, with defaults that are sound, and no secret shown."""

    def test_its_settings_are_described(self, subject: Subject) -> None:
        """Staff see each setting with what it means."""
        refuse(
            f"The setting {subject.name}.{node.name} has no description; give its node description='...', with the unit."
            for node in _nodes(subject)
            if not str(node.description or "").strip()
        )

    def test_it_starts_without_settings_or_names_the_one_it_needs(self, workshop: Workshop, tmp_path: Path) -> None:
        """Whoever installs it sees it work at once, or is told in one line what is missing."""
        refuse(_unnamed(self.plugin, workshop.fresh("sqlite"), tmp_path))

    def test_its_secrets_are_masked(self, subject: Subject, api: Api) -> None:
        """`GET /plugins` shows staff the settings, but for those that are secret."""
        (shown,) = [
            each
            for each in api.as_role("staff").get("/plugins", page_size=100).json["results"]
            if each["name"] == subject.name
        ]
        refuse(_unmasked(subject, shown["settings"]))


def _unnamed(name: str, database_url: str, folder: Path) -> Iterator[str]:
    """Give what is said at the start without settings, unless that names the setting that is needed."""
    try:
        plugins = chain(name)
        names = " ".join(plugin.name for plugin in plugins)
        Application(database_url, folder, None, **{"turnout.plugins": names}).close()
    except StartError as error:
        if not isinstance(error, PluginError) or error.reason != errors.SETTINGS:
            raise pytest.skip.Exception(f"It does not start, as another check tells: {error}") from None
        schemas = [plugin.manifest.settings for plugin in plugins if plugin.name == error.plugin]
        nodes = [node.name for schema in schemas if schema is not None for node in schema().children]
        if not any(f"{error.plugin}.{node}" in str(error) for node in nodes):
            yield f"Without settings it does not start, and does not say which one it needs: {error}"


def _nodes(subject: Subject) -> list[colander.SchemaNode]:
    schema = subject.plugin.manifest.settings
    return [] if schema is None else list(schema().children)


def _unmasked(subject: Subject, shown: dict[str, object]) -> Iterator[str]:
    for node in _nodes(subject):
        setting = f"{subject.name}.{node.name}"
        if getattr(node, "secret", None) is False or not (is_secret(node) or looks_secret(node.name)):
            continue
        if not is_secret(node) or shown[setting] not in {MASK, "", None}:
            yield (
                f"The setting {setting} ({variable_name(setting)}) looks like a secret and is shown to staff; give its "
                "node secret=True, or secret=False if everybody may see it."
            )
