"""Static files of ours, with addresses that change when they do: browsers may keep them for long."""

from functools import cache
from hashlib import sha256
from importlib.resources import files

YEAR = 365 * 24 * 3600
"""Seconds for which browsers keep them."""


@cache
def fingerprint(package: str, name: str) -> str:
    """Return what changes with the file `name` below the package's folder ``static``."""
    return sha256((files(package) / "static" / name).read_bytes()).hexdigest()[:8]
