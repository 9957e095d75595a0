"""What changed between two states of a thing, in a form that can be kept: JSON, short, and without secrets."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from turnout.schema import iso
from turnout.settings import MASK

Kept = dict[str, Any]

LONGEST_TEXT = 300
BEFORE_DIFFERENCE = 40
"""How much of two long texts is kept from before the place where they begin to differ."""
MOST_ENTRIES = 50
DEEPEST = 6
MOST_CHARACTERS = 20_000
"""Of all that is kept of one state, as JSON."""
MORE = "…"
UNTOLD = "updated_at"
"""The member that changes whenever anything does."""

_SECRET = re.compile(r"(?:^|[^a-z])(?:password|passwd|passphrase|secret|token|key|credential)s?(?:[^a-z]|$)")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def is_secret(name: str) -> bool:
    """Tell whether a member of this name is never kept: ``password_hash``, ``apiKey``, ``secret``, but not ``keywords``."""
    return bool(_SECRET.search(_HUMP.sub("_", name).lower()))


def changes(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> tuple[Kept | None, Kept | None]:
    """Return what is to be kept of two states: where both are given, only the members that differ.

    Of a secret only that it is there, or is another now.
    """
    if before is not None and after is not None:
        before, after = _differing(before, after)
    return _bounded(before), _bounded(after)


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Kept, Kept]:
    old: Kept = {}
    new: Kept = {}
    for name in dict.fromkeys((*before, *after)):
        if name == UNTOLD or (name in before and name in after and before[name] == after[name]):
            continue
        if name in before:
            old[name] = before[name]
        if name in after:
            new[name] = after[name]
        match old.get(name), new.get(name):
            case Mapping() as was, Mapping() as now:
                old[name], new[name] = _differing(was, now)
            case str() as was, str() as now:
                old[name], new[name] = _from_where_they_differ(was, now)
    return old, new


def _from_where_they_differ(before: str, after: str) -> tuple[str, str]:
    shorter = min(len(before), len(after))
    alike = next((place for place in range(shorter) if before[place] != after[place]), shorter)
    start = alike - BEFORE_DIFFERENCE
    if start <= 0 or max(len(before), len(after)) <= LONGEST_TEXT:
        return before, after
    return MORE + before[start:], MORE + after[start:]


def _bounded(state: Mapping[str, Any] | None) -> Kept | None:
    if state is None:
        return None
    kept: Kept = _kept(state, DEEPEST)
    size = len(json.dumps(kept, ensure_ascii=False))
    return kept if size <= MOST_CHARACTERS else {MORE: f"too much to keep: {size} characters"}


def _kept(value: Any, depth: int) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        # As pages show it: a word with a colour or an address, or several values, such as an amount and its currency.
        value = getattr(value, "text", None) or asdict(value)
    if isinstance(value, Mapping) and depth:
        found = {
            str(name): MASK if is_secret(str(name)) and each else _kept(each, depth - 1)
            for name, each in islice(value.items(), MOST_ENTRIES)
        }
        return found if len(value) <= MOST_ENTRIES else found | {MORE: f"{len(value)} members"}
    if isinstance(value, (list, tuple, set, frozenset)) and depth:
        entries = sorted(value, key=str) if isinstance(value, (set, frozenset)) else value
        kept = [_kept(each, depth - 1) for each in islice(entries, MOST_ENTRIES)]
        return kept if len(value) <= MOST_ENTRIES else [*kept, f"{MORE} ({len(value)} entries)"]
    return _leaf(value)


def _leaf(value: Any) -> Any:
    match value:
        case None | bool() | int():
            return value
        case Decimal() | float():
            return str(value)  # JSON has no NaN, and no exact decimals
        case datetime():
            return iso(value)
        case date():
            return value.isoformat()
        case str():
            return value if len(value) <= LONGEST_TEXT else f"{value[:LONGEST_TEXT]}{MORE} ({len(value)} characters)"
    return f"({type(value).__name__})"  # what cannot be said in JSON, or is nested too deeply
