"""The manifest: what a plugin says of itself before anything of it is set up."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import colander

API_VERSION = 1
"""The version of the contract between Turnout and its plugins (docs/plugins/versions.md)."""
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
LONGEST_NAME = 30
RESERVED = ("alembic_", "events_search", "pg_", "sqlite_")
"""How the names of tables begin that the databases make for themselves, and Turnout's migrations, without a model."""
_KINDS: Mapping[str, type] = {
    "name": str, "title": str, "description": str, "api_version": int, "requires": tuple, "table_prefix": str,
    "is_switchable": bool, "is_on_by_default": bool,
}  # fmt: skip


def is_reserved(table_prefix: str) -> bool:
    """Tell whether names that begin so could be those of `RESERVED` tables."""
    return table_prefix.startswith(RESERVED) or any(taken.startswith(table_prefix) for taken in RESERVED)


def _is_schema(thing: object) -> bool:
    return isinstance(thing, type) and issubclass(thing, colander.MappingSchema)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """What a plugin says of itself. Its package has one, called ``plugin``.

    - `name`: the entry point's name, too, and the prefix of its settings: lower-case letters, digits and single
      underscores, at most 30 characters.
    - `title`, `description`: for people, such as "Reviews" and "What guests thought of an event"; the description is also
      advertised as a capability at ``GET /api/v1``.
    - `api_version`: the version of the contract that it was written for, `API_VERSION` at that time.
    - `requires`: names of other plugins, without which it cannot be; they are set up before it.
    - `settings`: a colander schema; its node ``keep_days`` becomes the setting ``<name>.keep_days``, in the environment
      ``TURNOUT_<NAME>_KEEP_DAYS``. A node with ``secret=True``, or whose name ends in key, password, secret or token, is
      never shown.
    - `table_prefix`: what the names of its tables begin with, ``<name>_`` unless said otherwise; it ends in an underscore.
    - `is_switchable`: organizers turn it on and off for each event. While it is off, none of its paths, listeners,
      subscribers, tasks and extensions is there for that event; Turnout sees to it, so each of them must say which event
      it is about: a path by ``/events/{id}`` or `Service`'s ``event_of``, a task by its argument ``event_id``, a domain
      event by its field ``event_id``. A periodic task is about no event: let it find what is due and put one task for each.
    - `is_on_by_default`: what goes for events of which nobody has said anything.
    """

    name: str
    title: str
    description: str
    api_version: int
    requires: tuple[str, ...] = ()
    settings: type[colander.MappingSchema] | None = None
    table_prefix: str = ""
    is_switchable: bool = False
    is_on_by_default: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "table_prefix", self.table_prefix or f"{self.name}_")

    def faults(self) -> list[str]:
        """Return what is wrong with the manifest, in words that follow on "its manifest ..."."""
        found = [
            f"has a {name} that is no {kind.__name__}: {getattr(self, name)!r}"
            for name, kind in _KINDS.items()
            if not isinstance(getattr(self, name), kind)
        ]
        if self.settings is not None and not _is_schema(self.settings):
            found.append(f"has settings that are no class of colander.MappingSchema: {self.settings!r}")
        if found:
            return found
        if not all(isinstance(other, str) for other in self.requires):
            found.append(f"requires what is no name: {self.requires!r}")
        if not NAME.fullmatch(self.name) or len(self.name) > LONGEST_NAME:
            found.append(
                f"has the name {self.name!r}: use lower-case letters, digits and single underscores, {LONGEST_NAME} at most"
            )
        if not NAME.fullmatch(self.table_prefix.removesuffix("_")) or not self.table_prefix.endswith("_"):
            found.append(f"has the table prefix {self.table_prefix!r}: it must be like 'reviews_'")
        elif is_reserved(self.table_prefix):
            found.append(f"has the table prefix {self.table_prefix!r}: the database and Turnout have such tables")
        if not self.title.strip() or not self.description.strip():
            found.append("needs a title and a description")
        return found
