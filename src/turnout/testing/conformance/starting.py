"""Whether a plugin starts: alone, and beside all others."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from turnout.errors import StartError
from turnout.plugin.assembly import QUARANTINE
from turnout.plugin.discovery import installed
from turnout.plugin.errors import API_VERSION, IMPORT, MANIFEST, MISSING, SETTINGS, PluginError
from turnout.testing.applications import Application
from turnout.testing.conformance.subject import Checks, Subject, chain, refuse
from turnout.testing.fixtures import Workshop

GIVE = "(Tests give settings in the fixture `settings`, turnout plugin check takes them as --set NAME=VALUE.)"
BEFORE_STARTING = {MISSING, IMPORT, MANIFEST, API_VERSION}


class StartChecks(Checks):
    """Whether a plugin starts: alone, and beside all others."""

    def test_it_starts_with_only_what_it_requires(
        self, workshop: Workshop, database: str, settings: Mapping[str, str]
    ) -> None:
        """It says what it needs, gets along without anything else, and its migrations run."""
        refuse(_obstacles(self.plugin, workshop, database, settings))

    def test_it_starts_together_with_every_other_plugin(
        self, subject: Subject, workshop: Workshop, settings: Mapping[str, str], tmp_path: Path
    ) -> None:
        """It claims nothing that another plugin here claims: no path, table, permission, setting, capability, extension."""
        own = subject.enabled.split()
        others = [name for name in installed() if name not in own]
        if not others:
            pytest.skip("No other plugin is installed here.")

        def left_out(names: list[str]) -> dict[str, PluginError]:
            given = {"turnout.plugins": " ".join(names), "turnout.plugins.on_error": QUARANTINE} | dict(settings)
            application = Application(workshop.fresh("sqlite"), tmp_path, None, **given)
            application.close()
            found: dict[str, PluginError] = application.registry.plugins.left_out
            return found

        together = left_out([*own, *others])
        if together:
            refuse(_clashes(subject.name, together, left_out(others)))


def _obstacles(name: str, workshop: Workshop, database: str, settings: Mapping[str, str]) -> Iterator[str]:
    """Give what keeps a plugin from starting; where it cannot even be loaded, another check tells so."""
    try:
        names = " ".join(plugin.name for plugin in chain(name))
        workshop.application(database, None, names, settings)
    except PluginError as error:
        if error.plugin == name and error.reason in BEFORE_STARTING:
            raise pytest.skip.Exception(f"It cannot be loaded, as another check tells: {error}") from None
        needs_settings = error.plugin == name and error.reason == SETTINGS
        yield f"{error} {GIVE}" if needs_settings else str(error)
    except StartError as error:
        yield str(error)


def _clashes(name: str, together: Mapping[str, PluginError], without: Mapping[str, PluginError]) -> Iterator[str]:
    """Give what cannot be used because the plugin `name` is there, too."""
    for other, error in together.items():
        if other == name:
            yield str(error)
        elif other not in without:
            yield f"With it, another plugin cannot be used that can be used without it. {error}"
