"""Errors as pages, for those who use a browser below ``/admin``: the same words that the API answers in JSON."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from pyramid.config import Configurator
from pyramid.exceptions import BadCSRFOrigin, BadCSRFToken
from pyramid.httpexceptions import HTTPException, HTTPForbidden, HTTPFound
from pyramid.renderers import render
from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy.exc import DBAPIError

from turnout import errors
from turnout.api import problems
from turnout.api.problems import PROBLEM
from turnout.security.csrf import ADMIN

UNAUTHORIZED = 401


def as_page(view: Callable[[Any, Request], Response]) -> Callable[[Any, Request], Response]:
    """Return an exception view that shows as a page what `view` answers as a problem document."""

    def page(error: Any, request: Request) -> Response:
        response = view(error, request)
        if response.content_type != PROBLEM:
            return response
        if response.status_int == UNAUTHORIZED:
            return _to_sign_in(request)
        problem = json.loads(response.body)
        html = render("turnout.admin:templates/problem.jinja2", {"problem": problem}, request)
        response.body = html.encode()
        response.content_type, response.charset = "text/html", "utf-8"
        return response

    return page


class _BelowAdmin:
    """Predicate: the path is one of the admin's. Pyramid's own `path_info` fails for paths that are not UTF-8."""

    def __init__(self, _value: bool, _info: Any) -> None:  # noqa: FBT001 - Pyramid's protocol
        pass

    def text(self) -> str:
        return "below_admin"

    phash = text

    def __call__(self, _context: Any, request: Request) -> bool:
        path: str = request.environ["PATH_INFO"]
        return path == ADMIN or path.startswith(ADMIN + "/")


def _to_sign_in(request: Request) -> Response:
    """Send whoever has not signed in, or not lately, to where they can, and from there back."""
    if "HX-Request" in request.headers:  # a part of a page was asked for: the whole one is left
        return Response(status=204, headers={"HX-Redirect": request.route_path("admin:sign-in")})
    back = {"next": request.path_qs} if request.method in {"GET", "HEAD"} else {}
    return HTTPFound(request.route_path("admin:sign-in") + (f"?{urlencode(back)}" if back else ""))


def includeme(config: Configurator) -> None:
    config.add_view_predicate("below_admin", _BelowAdmin)
    for context, view in (
        (errors.DomainError, problems.domain_error),
        (HTTPForbidden, problems.forbidden),
        (HTTPException, problems.http_error),
        (BadCSRFToken, problems.csrf_error),
        (BadCSRFOrigin, problems.csrf_error),
        (UnicodeDecodeError, problems.undecodable),
        (DBAPIError, problems.unexpected),
        (Exception, problems.unexpected),
    ):
        config.add_exception_view(as_page(view), context=context, below_admin=True)
