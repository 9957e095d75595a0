"""Answers: what a view returns becomes JSON bytes, with status, ETag and Location."""

from decimal import Decimal
from typing import Any

import orjson
from pyramid.request import Request
from pyramid.response import Response

from turnout.api.etags import etag, is_unchanged
from turnout.versions import Versioned

JSON = "application/json"


def _default(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"cannot be said in JSON: {type(value).__name__}")


def dumps(value: Any) -> bytes:
    """Write JSON: moments in UTC ending in Z, amounts as text."""
    return orjson.dumps(value, default=_default, option=orjson.OPT_UTC_Z)


def respond(request: Request, result: Any, status: int, location: str | None) -> Response:
    """Return the response for what a view returned; a response passes through."""
    if isinstance(result, Response):
        return result
    if result is None:
        return Response(status=204)
    body = dumps(result)
    response = Response(body, status, content_type=JSON)
    response.headers["Cache-Control"] = "no-cache" if request.actor.user_id is None else "private, no-cache"
    if isinstance(result, Versioned):
        tag = etag(result.version, body)
        response.headers["ETag"] = tag
        if request.method in {"GET", "HEAD"} and is_unchanged(request, tag):
            return Response(status=304, headers={"ETag": tag, "Cache-Control": response.headers["Cache-Control"]})
    if location is not None:
        response.headers["Location"] = request.application_url + "/api/v1" + location.format_map(result)
    return response
