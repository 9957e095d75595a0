"""Members of JSON that may be missing, or something else than they should be."""

from collections.abc import Mapping
from typing import Any

from turnout_external_events.sources import Malformed

Raw = Mapping[str, Any]


def object_of(raw: Raw, name: str) -> Raw:
    """Return a member that is an object; an empty one where it is missing, or something else."""
    found = raw.get(name)
    return found if isinstance(found, dict) else {}


def list_of(raw: Raw, name: str) -> list[Any]:
    """Return a member that is a list; an empty one where it is missing, or something else."""
    found = raw.get(name)
    return found if isinstance(found, list) else []


def objects_of(raw: Raw, name: str) -> list[Raw]:
    """Return the objects in a member that is a list."""
    return [each for each in list_of(raw, name) if isinstance(each, dict)]


def text_of(raw: Raw, name: str) -> str:
    """Return a member that is text, without space around it; "" where it is missing, or something else."""
    found = raw.get(name)
    return found.strip() if isinstance(found, str) else ""


def count_of(raw: Raw, name: str, default: int) -> int:
    """Return a member that is a number of things."""
    found = raw.get(name)
    return found if type(found) is int and found >= 0 else default


def is_true(raw: Raw, *names: str) -> bool:
    """Tell whether one of these members is true, and not merely something."""
    return any(raw.get(name) is True for name in names)


def flag_of(raw: Raw, *names: str) -> bool:
    """Tell whether one of these members is true, on which hangs too much to guess; a missing one is not.

    Raises `Malformed` for one that is neither true nor false.
    """
    for name in names:
        if not isinstance(raw.get(name), bool | None):
            raise Malformed(f"{name} is neither true nor false: {raw[name]!r:.60}.")
    return is_true(raw, *names)
