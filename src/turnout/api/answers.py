"""Answers: what a view returns becomes JSON bytes, with status, ETag and Location."""

from decimal import Decimal
from typing import Any

import orjson
from pyramid.request import Request
from pyramid.response import Response

from turnout.api.etags import etag, is_unchanged
from turnout.versions import Versioned

JSON = "application/json"
ACCEPTED = 202
POLL_SECONDS = 1


class Accepted(Versioned):
    """What was accepted because the client would rather not wait (``Prefer: respond-async``), and is decided later."""


class Existing(Versioned):
    """What was there already where something was to be made: answered 200 instead of 201."""


_STATUSES: dict[type[Versioned], int] = {Accepted: ACCEPTED, Existing: 200}
"""How a view's answer is answered whatever its operation says."""


def _default(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"cannot be said in JSON: {type(value).__name__}")


def dumps(value: Any) -> bytes:
    """Write JSON: moments in UTC ending in Z, amounts as text."""
    return orjson.dumps(value, default=_default, option=orjson.OPT_UTC_Z)


def caching(request: Request, max_age: int | None) -> dict[str, str]:
    """Return the headers that say who may keep an answer: anybody for `max_age` seconds, if nobody in particular has asked."""
    if request.actor.is_signed_in:
        return {"Cache-Control": "private, no-cache"}
    if max_age is None:
        return {"Cache-Control": "no-cache"}
    # What is kept for anybody is not for those who would be shown theirs.
    return {"Cache-Control": f"public, max-age={max_age}", "Vary": "Authorization, Cookie"}


def tell_accepted(response: Response) -> None:
    """Say, in an answer 202, why it is one (RFC 7240, section 3) and when to look again (in seconds)."""
    if response.status_int == ACCEPTED:
        response.headers["Preference-Applied"] = "respond-async"
        response.headers["Retry-After"] = str(POLL_SECONDS)


def respond(
    request: Request, result: Any, status: int, location: str | None, *, max_age: int | None = None
) -> Response:
    """Return the response for what a view returned; a response passes through.

    With `max_age`, in seconds, anybody may keep for so long what nobody in particular is shown, and everyone gets an ETag.
    """
    if isinstance(result, Response):
        return result
    if result is None:
        return Response(status=204)
    body = dumps(result)
    status = next((other for kind, other in _STATUSES.items() if isinstance(result, kind)), status)
    response = Response(body, status, content_type=JSON)
    tell_accepted(response)
    kept = caching(request, max_age)
    response.headers.update(kept)
    if isinstance(result, Versioned) or max_age is not None:
        tag = etag(result.version if isinstance(result, Versioned) else 0, body)
        response.headers["ETag"] = tag
        if request.method in {"GET", "HEAD"} and is_unchanged(request, tag):
            return Response(status=304, headers={"ETag": tag, **kept})
    if location is not None:
        response.headers["Location"] = request.application_url + "/api/v1" + location.format_map(result)
    return response
