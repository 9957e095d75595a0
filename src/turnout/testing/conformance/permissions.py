"""A plugin's permissions: who may do what, said so that those who grant them understand it."""

import re
from collections.abc import Iterator
from typing import Any

from pyramid.security import NO_PERMISSION_REQUIRED

from turnout.api.service import WRITES
from turnout.testing.conformance.subject import Checks, Subject, refuse

VERB = re.compile(r"[a-z]+(_[a-z]+)*")
SHORTEST_DESCRIPTION = 8


class PermissionChecks(Checks):
    """A plugin's permissions: who may do what, said so that those who grant them understand it."""

    def test_every_view_asks_for_a_declared_permission(self, subject: Subject) -> None:
        """Nothing is open by oversight: what anyone may do is granted to ANYONE by name."""
        services = subject.registry.api_services
        refuse(
            f"The view of {view['route_name'] or view['name']} asks for no permission; declare one, granted to ANYONE if "
            "that is what is meant."
            for view, permission in _views(subject)
            if permission == NO_PERMISSION_REQUIRED and view["route_name"] not in services
        )

    def test_every_permission_is_used(self, subject: Subject) -> None:
        """A permission that guards nothing misleads those who grant it."""
        used = {permission for _, permission in _views(subject)}
        used |= {panel.permission for section in subject.sections.values() for panel in section.panels()}
        refuse(
            f"No view asks for the permission {name}; take its declaration away."
            for name in sorted(subject.permissions.keys() - used)
        )

    def test_every_permission_is_described_and_named_well(self, subject: Subject) -> None:
        """Its name tells whose it is and what for, its description what its holder may do."""
        refuse(fault for permission in subject.permissions.values() for fault in _faults(permission, subject.name))

    def test_no_permission_guards_both_reading_and_writing(self, subject: Subject) -> None:
        """A token for a program that reads need not be one that writes."""
        for name in sorted(subject.permissions):
            guarded = [each for each in subject.endpoints if each.operation.permission == name]
            writing = [str(each) for each in guarded if each.operation.method in WRITES]
            reading = [str(each) for each in guarded if each.operation.method not in WRITES]
            if writing and reading:
                refuse(
                    [f"The permission {name} guards reading ({reading[0]}) and writing ({writing[0]}); declare two."]
                )


def _views(subject: Subject) -> Iterator[tuple[Any, str | None]]:
    """Give the plugin's views, each with the permission that it asks for."""
    for entry in subject.registry.introspector.get_category("views") or ():
        view = entry["introspectable"]
        asked = [related["value"] for related in entry["related"] if related.category_name == "permissions"]
        if view["context"] is None and subject.owns_file(view.action_info.file):
            yield view, asked[0] if asked else None


def _faults(permission: Any, plugin: str) -> Iterator[str]:
    feature, _, verb = permission.name.partition(":")
    begins = re.compile(rf"{plugin}([_-][a-z0-9_-]+)?")
    if not begins.fullmatch(feature.replace("-", "_")) or not VERB.fullmatch(verb):
        yield f"The permission {permission.name} should be named like {plugin}:read: the plugin, a colon, what one may do."
    said = permission.description.strip()
    if len(said) < SHORTEST_DESCRIPTION or not said[0].isupper() or said.endswith("."):
        yield (
            f"The permission {permission.name} is described as {permission.description!r}; say what its holder may do, "
            'such as "See who waits for one\'s own events": a capital letter, no full stop.'
        )
