"""Versions of rows: what an ETag says, and what keeps two writers from overwriting each other."""

from collections.abc import Collection
from typing import Any

from turnout.errors import VersionMismatch


class Versioned(dict[str, Any]):
    """The representation of a thing that has a version."""

    def __init__(self, members: dict[str, Any], version: int) -> None:
        super().__init__(members)
        self.version = version


def require_version(version: int, expected: Collection[int] | None) -> None:
    """Raise `VersionMismatch` unless the caller, who may expect certain versions, has seen this one."""
    if expected is not None and version not in expected:
        raise VersionMismatch
