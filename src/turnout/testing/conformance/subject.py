"""The plugin that is looked at, and what all checks share."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import pytest
from pyramid.registry import Registry

from turnout.admin.sections import AdminSection
from turnout.api.service import PREFIX, Operation, Service
from turnout.db import Base
from turnout.errors import StartError
from turnout.migrate import Line, line_of
from turnout.outbox.handlers import Handler
from turnout.plugin.discovery import Loaded, find, installed, load
from turnout.security.permissions import Permission
from turnout.testing.applications import Application
from turnout.testing.fixtures import Workshop


def refuse(faults: Iterable[str]) -> None:
    """Fail the test with everything that is wrong, in words alone; it passes where nothing is."""
    found = list(faults)
    if found:
        pytest.fail("\n".join(found), pytrace=False)


def chain(name: str) -> list[Loaded]:
    """Return a plugin after all those that it requires. Raises `PluginError`."""
    known = installed()
    found: dict[str, Loaded] = {}

    def follow(wanted: str, path: tuple[str, ...]) -> None:
        if wanted in found or wanted in path:
            return  # that they require each other is told when they start
        loaded = load(find(wanted, known))
        for other in loaded.manifest.requires:
            follow(other, (*path, wanted))
        found[wanted] = loaded

    follow(name, ())
    return list(found.values())


def admin_sections(registry: Registry) -> dict[str, type[AdminSection]]:
    """Return all sections of the admin UI by name, those that only add to other pages included."""
    entries = registry.introspector.get_category("turnout admin") or ()
    return {entry["introspectable"].title: entry["introspectable"]["section"] for entry in entries}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An operation of the plugin, with the service that it belongs to."""

    operation: Operation
    service: Service

    @property
    def path(self) -> str:
        """Return the path below ``/api/v1``."""
        return self.operation.path.removeprefix(PREFIX)

    def __str__(self) -> str:
        return f"{self.operation.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Subject:
    """A plugin, and an application in which it is enabled with those that it requires, and no other."""

    plugin: Loaded
    required: str
    """The names of those that it requires, as the setting ``turnout.plugins`` takes them."""
    application: Application

    @property
    def name(self) -> str:
        """Return the plugin's name."""
        return self.plugin.name

    @property
    def enabled(self) -> str:
        """Return the names of the plugin and of those that it requires."""
        return f"{self.required} {self.name}".strip()

    @property
    def registry(self) -> Registry:
        """Return the application's registry."""
        return self.application.registry

    @property
    def line(self) -> Line | None:
        """Return the plugin's line of migrations."""
        return line_of(self.plugin)

    @property
    def tables(self) -> set[str]:
        """Return the names of the tables that the plugin's models describe."""
        mappers = [mapper for mapper in Base.registry.mappers if self.plugin.has(mapper.class_.__module__)]
        return {str(mapper.local_table.name) for mapper in mappers}  # type: ignore[attr-defined]

    @property
    def endpoints(self) -> list[Endpoint]:
        """Return the plugin's operations."""
        services = self.registry.api_services.values()
        found = [
            Endpoint(operation, service)
            for service in services
            for operation, view in service.views()
            if self.plugin.has(view.__module__)
        ]
        return sorted(found, key=str)

    @property
    def permissions(self) -> dict[str, Permission]:
        """Return the permissions that the plugin declares."""
        entries = self.registry.introspector.get_category("turnout permissions") or ()
        found = [entry["introspectable"] for entry in entries]
        own = [each["permission"] for each in found if self.owns_file(each.action_info.file)]
        return {permission.name: permission for permission in own}

    @property
    def handlers(self) -> dict[str, Handler]:
        """Return the plugin's listeners, tasks and periodic tasks."""
        known = self.registry.handlers.items()
        return {name: handler for name, handler in known if handler.plugin and handler.plugin.name == self.name}

    @property
    def extensions(self) -> list[str]:
        """Return the names of what the plugin adds to events."""
        entries = self.registry.introspector.get_category("turnout event extensions") or ()
        found = [entry["introspectable"] for entry in entries]
        return [each.title for each in found if self.owns_file(each.action_info.file)]

    @property
    def sections(self) -> dict[str, type[AdminSection]]:
        """Return the plugin's sections of the admin UI, by name."""
        known = admin_sections(self.registry).items()
        return {name: section for name, section in known if self.plugin.has(section.__module__)}

    def owns_file(self, path: str) -> bool:
        """Tell whether a file of source code is the plugin's."""
        owner = self.registry.plugins.owner_of_file(path)
        return owner is not None and owner.name == self.name


class Checks:
    """What the parts of the suite share; each check is told of everything that is wrong at once."""

    plugin: ClassVar[str]
    """The name of the plugin."""

    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls, workshop: Workshop, settings: Mapping[str, str]) -> Subject:
        """Start an application with the plugin; where it does not start, one check tells so, and the others are skipped."""
        try:
            *required, plugin = chain(cls.plugin)
            names = " ".join(other.name for other in required)
            application = workshop.application("sqlite", None, f"{names} {plugin.name}".strip(), settings)
        except StartError as error:
            raise pytest.skip.Exception(f"It does not start, as another check tells: {error}") from None
        return Subject(plugin, names, application)

    @pytest.fixture(scope="class")
    @classmethod
    def plugins(cls, subject: Subject) -> str:
        """Enable the plugin, and those that it requires."""
        return subject.enabled

    @pytest.fixture
    def application(self, workshop: Workshop, database: str, plugins: str, settings: Mapping[str, str]) -> Application:
        """Give the application under test; where it does not start, one check tells so, and the others are skipped."""
        try:
            return workshop.application(database, None, plugins, settings)
        except StartError as error:
            raise pytest.skip.Exception(f"It does not start, as another check tells: {error}") from None
