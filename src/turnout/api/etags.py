"""ETags from a version number: caches are told the truth, and nobody overwrites what they have not seen.

An ETag is ``"<version>-<digest>"``. ``If-None-Match`` compares all of it, because a representation also shows things
that change without its version (places taken). ``If-Match`` compares the version alone (RFC 9110, section 13.1).
"""

import re
from zlib import crc32

from pyramid.request import Request

_TAG = re.compile(r'"(\d{1,15})-[0-9a-f]{8}"')


def etag(version: int, body: bytes) -> str:
    """Return the ETag of a representation, quoted."""
    return f'"{version}-{crc32(body):08x}"'


def is_unchanged(request: Request, tag: str) -> bool:
    """Tell whether the client already has the representation with this ETag."""
    header = request.headers.get("If-None-Match")
    if header is None:
        return False
    return header.strip() == "*" or tag in [entry.strip().removeprefix("W/") for entry in header.split(",")]


def expected_versions(request: Request) -> frozenset[int] | None:
    """Return the versions that the client's ``If-Match`` allows, or None if it allows any."""
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    return frozenset(int(version) for version in _TAG.findall(header))
