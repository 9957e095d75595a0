"""Words of forms: what fields are called, and what is said to be wrong with them."""

import re
from typing import Any

from turnout.api.reading import message_of


def in_words(name: str) -> str:
    """Return "Sale starts at" for ``sale_starts_at``."""
    words = name.replace("_", " ").replace(".", " ").replace("-", " ").strip().removesuffix(" id")
    return words[:1].upper() + words[1:]


def for_people(description: str) -> str:
    """Return what a schema says of a member, for whoever fills a form in: there is no null, but an empty field."""
    words = re.sub(r"\bnull\b", "empty", re.sub(r"\bNull\b", "Empty", description)).replace("`", "")
    return words[:1].upper() + words[1:]


def said(field: Any) -> str:
    """Return what is wrong with a field, to go on after its title."""
    message = message_of(field.error)
    return "is required" if message == "Required" else message
