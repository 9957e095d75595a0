"""The sign-in page of the admin, and signing out."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import colander
from pyramid.config import Configurator
from pyramid.csrf import new_csrf_token
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response

from turnout.admin.sections import ENTER
from turnout.api.problems import status_of
from turnout.api.reading import message_of
from turnout.auth.schemas import SignInForm
from turnout.auth.services import SignInService
from turnout.errors import DomainError, Invalid, TooManyAttempts
from turnout.security.csrf import ADMIN, SESSION_COOKIE
from turnout.security.sessions import keep_cookie

_BELOW = re.compile(r"(/[\w.~!$&'()*+,;=:@%/-]*)?(\?[!-\"$-\[\]-~]*)?", re.ASCII)
_DOTS = frozenset({".", ".."})


def show_sign_in(request: Request) -> dict[str, Any] | Response:
    """Show the form; whoever is signed in already is sent on."""
    if request.has_permission(ENTER):
        return HTTPSeeOther(destination(request))
    return _form(request)


def sign_in(request: Request) -> dict[str, Any] | Response:
    """Sign the browser in and send it on, or show the form again with what is wrong."""
    sent = {name: value for name, value in request.POST.items() if isinstance(value, str)}
    try:
        token = request.find_service(SignInService).sign_in_browser(
            **_read(sent),
            may_enter=request.registry.permissions[ENTER].allows,
            address=request.remote_addr,
            instead_of=request.cookies.get(SESSION_COOKIE),
        )
    except DomainError as error:
        request.response.status_int = status_of(type(error))
        if isinstance(error, TooManyAttempts):
            request.response.headers["Retry-After"] = str(error.seconds)
        return _form(request, login=sent.get("login", ""), error=error)
    new_csrf_token(request)
    response = HTTPSeeOther(destination(request))
    keep_cookie(request, response, token)
    return response


def sign_out(request: Request) -> Response:
    """End the browser's session, if it has not ended by itself, and show the form to sign in again."""
    token = request.cookies.get(SESSION_COOKIE)
    if token is not None:
        request.find_service(SignInService).sign_out_browser(token)
    request.session.invalidate()  # what it told whoever was signed in is not for the next one
    request.session.flash("You are signed out.")
    response = HTTPSeeOther(request.route_path("admin:sign-in"))
    keep_cookie(request, response, None)
    return response


def destination(request: Request) -> str:
    """Return where to go after signing in: the path below ``/admin`` that the request names as `next`, or ``/admin``.

    It comes from an address that anybody can have made, so anything else is not followed: other hosts, other paths,
    whatever browsers read as these.
    """
    home = request.script_name + ADMIN
    wanted = request.params.get("next")
    if not isinstance(wanted, str) or not wanted.startswith(home):
        return home
    rest = wanted.removeprefix(home)
    if not _BELOW.fullmatch(rest) or _DOTS & set(unquote(rest.partition("?")[0]).split("/")):
        return home
    return wanted


def _read(sent: Mapping[str, str]) -> dict[str, str]:
    """Return what was typed. Raises `Invalid`."""
    found, errors = {}, {}
    for node in SignInForm().children:
        try:
            found[node.name] = node.deserialize(sent.get(node.name, ""))
        except colander.Invalid as error:
            errors[node.name] = f"{node.title} {message_of(error)}"
    if errors:
        raise Invalid(errors)
    return found


def _form(request: Request, login: str = "", error: DomainError | None = None) -> dict[str, Any]:
    """Return what the template shows. The password is not among it."""
    request.response.headers["Cache-Control"] = "no-store"
    return {
        "login": login,
        "next": destination(request),
        "errors": dict(error.errors) if isinstance(error, Invalid) else {},
        "problem": "" if error is None or isinstance(error, Invalid) else error.detail.removesuffix("."),
    }


def includeme(config: Configurator) -> None:
    config.add_route("admin:sign-in", ADMIN + "/sign-in")
    config.add_route("admin:sign-out", ADMIN + "/sign-out")
    page = {"permission": "auth:sign_in", "renderer": "turnout.admin:templates/sign_in.jinja2"}
    config.add_view(show_sign_in, route_name="admin:sign-in", request_method="GET", **page)
    config.add_view(sign_in, route_name="admin:sign-in", request_method="POST", **page)
    # Of whoever's session ended meanwhile, too: they want to be out, and are.
    config.add_view(sign_out, route_name="admin:sign-out", request_method="POST", permission="auth:sign_in")
