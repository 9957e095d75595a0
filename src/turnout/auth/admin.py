"""The sign-in page of the admin, and signing out; API tokens and sign-ins in the admin."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import colander
from pyramid.config import Configurator
from pyramid.csrf import new_csrf_token
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response

from turnout.admin.actions import Made, action
from turnout.admin.destinations import destination
from turnout.admin.flashes import flash
from turnout.admin.forms.widgets import Choices
from turnout.admin.panels import Block, Link, Table, panel
from turnout.admin.sections import ENTER, SYSTEM, AdminSection, Column
from turnout.api.problems import domain_error
from turnout.api.reading import message_of
from turnout.auth.schemas import ApiTokenAdminQuery, ApiTokenAdminView, NewApiToken, SignInForm
from turnout.auth.services import ApiTokenService, SignInService
from turnout.db import AnyRow
from turnout.errors import DomainError, Invalid
from turnout.paging import Paging, Slice
from turnout.security.actors import Actor
from turnout.security.csrf import ADMIN, SESSION_COOKIE
from turnout.security.sessions import keep_cookie
from turnout.versions import Versioned

SHOWN = 5
"""How many tokens a user's page shows."""
_SAID = ("Retry-After", "WWW-Authenticate")
"""What a refusal of the API says in headers, and so does the page."""


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
        refusal = domain_error(error, request)
        request.response.status_int = refusal.status_int
        request.response.headers.update({name: refusal.headers[name] for name in _SAID if name in refusal.headers})
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
    flash(request, "You are signed out.")
    response = HTTPSeeOther(request.route_path("admin:sign-in"))
    keep_cookie(request, response, None)
    return response


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


class ApiTokenSection(AdminSection):
    """Tokens for programs: one's own; staff see whose there are, and revoke them."""

    name, title, singular = "api-tokens", "API tokens", "API token"
    icon, group, order = "key", SYSTEM, 60
    description = "A program that has a token does in its user's name what the token's scopes say."
    permissions = {"read": "auth:read_tokens", "create": "auth:create_tokens"}
    query, view, form = ApiTokenAdminQuery, ApiTokenAdminView, NewApiToken
    columns = ("name", "hint", Column("user", to="users", id="user_id"), "created_at", "expires_at")
    facts = (Column("user", to="users", id="user_id"), "hint", "scopes", "created_at", "expires_at")
    owned_by = "user_id"
    pickers = {"user": "users"}
    empty = "There are no tokens yet"

    def __init__(self, tokens: ApiTokenService) -> None:
        self.tokens = tokens

    def find(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        return self.tokens.find(filters, paging, actor=actor).shown(_token)

    def get(self, row_id: int, *, actor: Actor) -> Versioned:
        return _token(self.tokens.get(row_id, actor=actor))

    def offered(self, values: Mapping[str, Any], *, actor: Actor) -> Mapping[str, Choices]:
        return {"scopes": [(name, f"{name}: {words}") for name, words in self.tokens.grantable.items()]}

    def create(self, values: Mapping[str, Any], *, actor: Actor) -> Made:
        token, secret = self.tokens.create(values, actor=actor)
        return Made(token.id, secret)

    @action("Revoke", permission="auth:revoke_tokens", icon="trash", destructive=True, bulk=True)
    def revoke(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> None:
        """Make a token good for nothing, at once and for good."""
        self.tokens.revoke(row_id, actor=actor, anybodys=True)

    @revoke.consequences
    def foresee_revoke(self, token: Mapping[str, Any], *, actor: Actor) -> list[str]:
        return [f"Programs that use {token['hint']} in the name of {token['user']} are refused from now on."]

    @panel("API tokens", on="users", permission="auth:read_tokens", order=50)
    def of_user(self, user: Mapping[str, Any], *, actor: Actor) -> Iterator[Block]:
        found = self.find({"user": user["id"]}, Paging(1, SHOWN), actor=actor)
        yield Table(
            ("Token", "Begins with", "Scopes", "Ends"),
            [
                (Link(row["name"], self.name, row["id"]), row["hint"], row["scopes"], row["expires_at"])
                for row in found.rows
            ],
            empty="No program acts in this user's name.",
            more=Link("All tokens", self.name, None, {"user": user["id"]}) if found.has_next else None,
        )


def _token(row: AnyRow) -> Versioned:
    shown = {name: getattr(row.ApiToken, name) for name in ("id", "name", "hint", "scopes", "created_at", "expires_at")}
    return Versioned(shown | {"user_id": row.ApiToken.user_id, "user": row.username}, 1)


class SignInSection(AdminSection):
    """Where a user is signed in, on the user's page."""

    name, title, singular = "sign-ins", "Sign-ins", "sign-in"

    def __init__(self, sign_ins: SignInService) -> None:
        self.sign_ins = sign_ins

    @panel("Signed in", on="users", permission="users:list", order=40)
    def of_user(self, user: Mapping[str, Any], *, actor: Actor) -> Iterator[Block]:
        yield Table(
            ("With", "Since", "Last seen", "Until, at the latest"),
            [
                ("a browser" if one.cookie_hash else "the API", one.created_at, one.last_seen_at, one.expires_at)
                for one in self.sign_ins.sessions_of(user["id"])
            ],
            empty="Nowhere now.",
        )

    @action("Sign out everywhere", permission="users:manage", icon="logout", on="users")
    def sign_out_everywhere(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> None:
        """End all that a user has signed in to, such as on a telephone that was lost."""
        self.sign_ins.sign_out_everywhere(row_id)

    @sign_out_everywhere.consequences
    def foresee_sign_out_everywhere(self, user: Mapping[str, Any], *, actor: Actor) -> list[str]:
        return ["They have to sign in again, with the same password, wherever they are.", "Their API tokens stay good."]


def includeme(config: Configurator) -> None:
    config.add_route("admin:sign-in", ADMIN + "/sign-in")
    config.add_route("admin:sign-out", ADMIN + "/sign-out")
    page = {"permission": "auth:sign_in", "renderer": "turnout.admin:templates/sign_in.jinja2"}
    config.add_view(show_sign_in, route_name="admin:sign-in", request_method="GET", **page)
    config.add_view(sign_in, route_name="admin:sign-in", request_method="POST", **page)
    # Of whoever's session ended meanwhile, too: they want to be out, and are.
    config.add_view(sign_out, route_name="admin:sign-out", request_method="POST", permission="auth:sign_in")
