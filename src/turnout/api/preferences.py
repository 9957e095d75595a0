"""The ``Prefer`` header (RFC 7240): what a client would like, and may not get."""

import re

from pyramid.request import Request

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_VALUE = rf"""(?:\s*=\s*({_WORD}|"(?:[^"\\]|\\.)*"|))?"""
_PREFERENCE = re.compile(rf"\s*({_WORD}){_VALUE}((?:\s*;\s*(?:{_WORD}{_VALUE})?)*)\s*(?:,|\Z)")
_NEXT = re.compile(r"""(?:[^,"]|"(?:[^"\\]|\\.)*(?:"|\Z))*(?:,|\Z)""")


def preferences(header: str) -> dict[str, str]:
    """Return each preference's value, "" where it has none; parameters are left out, and so is what cannot be read.

    Names are in lower case. Of those that are there more than once, the first counts (section 2).
    """
    found: dict[str, str] = {}
    place = 0
    while place < len(header):
        match = _PREFERENCE.match(header, place)
        if match is None:
            match = _NEXT.match(header, place)
        else:
            value = match[2] or ""
            found.setdefault(match[1].lower(), re.sub(r"\\(.)", r"\1", value[1:-1]) if value[:1] == '"' else value)
        place = match.end() if match else len(header)
    return found


def prefers(request: Request, name: str) -> bool:
    """Tell whether the client prefers what `name` says; no preference that takes a value is asked for in this way."""
    header = request.headers.get("Prefer")
    return header is not None and preferences(header).get(name) == ""
