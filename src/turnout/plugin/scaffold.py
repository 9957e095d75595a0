"""Writing a new plugin: the template, filled in."""

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pyramid.registry import Registry

from turnout.api.service import PREFIX, operations
from turnout.errors import Conflict, Invalid
from turnout.migrate import core_tables
from turnout.plugin.manifest import LONGEST_NAME, NAME, is_reserved

TEMPLATE = Path(__file__).parent / "template"
TITLE = re.compile(r"\w[\w &'.,:()/-]{0,59}")
_LEFT_BEHIND = re.compile(r"__pycache__|build|dist|var|.+\.(egg-info|pyc)|\.venv|\..+_cache")
"""What working on the template leaves in its folder."""
SERVER = "server"
"""A prefix of settings that the application does not know: `turnout.server` reads them."""
EXECUTABLE = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH


@dataclass(frozen=True, slots=True)
class Names:
    """A new plugin's name, in every form in which the template has its own."""

    name: str
    title: str

    @property
    def hyphenated(self) -> str:
        """Return it as distributions and addresses have it."""
        return self.name.replace("_", "-")

    @property
    def camel(self) -> str:
        """Return it as classes have it."""
        return "".join(word.capitalize() for word in self.name.split("_"))

    def fill(self, text: str) -> str:
        """Return text of the template, or a path in it, with these names instead."""
        forms = {
            "my_plugin": self.name,
            "my-plugin": self.hyphenated,
            "MY_PLUGIN": self.name.upper(),
            "MyPlugin": self.camel,
            "My plugin": self.title,
        }
        return re.sub("|".join(forms), lambda found: forms[found[0]], text)


def names_of(name: str, title: str = "") -> Names:
    """Return the names of a new plugin; where no title is given, it is the name in words. Raises `Invalid`."""
    title = title.strip() or name.replace("_", " ").capitalize()
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise Invalid(
            {"name": f"{name!r}: use lower-case letters, digits and single underscores, {LONGEST_NAME} at most"}
        )
    if not TITLE.fullmatch(title):
        raise Invalid({"title": f"{title!r}: use letters, digits, spaces and simple punctuation, 60 at most"})
    return Names(name, title)


def taken_by(name: str, registry: Registry) -> str | None:
    """Name what the application has already and the new plugin would claim, too; None: nothing."""
    path = f"{PREFIX}/events/{{id}}/{name.replace('_', '-')}"
    prefix, route = f"{name}_", f"api:{name}"
    claims = {
        f"the settings {name}.*": name in {*registry["turnout.settings"], SERVER},
        f"the capability {name}": name in registry.capabilities,
        f"the path {path}": any(operation.path == path for operation in operations(registry)),
        f"the route {route}": route in registry.api_services,
        f"the admin section {name.replace('_', '-')}": registry.introspector.get(
            "turnout admin", name.replace("_", "-")
        )
        is not None,
        f"tables that begin with {prefix}": is_reserved(prefix)
        or any(table.startswith(prefix) for table in core_tables()),
    }
    return next((claim for claim, is_taken in claims.items() if is_taken), None)


def write(names: Names, folder: Path) -> list[str]:
    """Write the new plugin into `folder`, which must not be there yet; return the files, below it.

    Raises `Conflict`, and `OSError` where it cannot be written.
    """
    if os.path.lexists(folder):
        raise Conflict(f"{folder} is there already.")
    written = []
    for source in _files(TEMPLATE):
        path = names.fill(str(source.relative_to(TEMPLATE)))
        copy = folder / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(names.fill(source.read_text("utf-8")), "utf-8")
        if source.stat().st_mode & stat.S_IXUSR:
            copy.chmod(copy.stat().st_mode | EXECUTABLE)
        written.append(path)
    return sorted(written)


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if _LEFT_BEHIND.fullmatch(path.name):
            continue
        if path.is_dir():
            yield from _files(path)
        else:
            yield path
