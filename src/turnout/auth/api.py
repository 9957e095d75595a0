"""Signing in over REST."""

from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from turnout.api.pages import page, paging_of
from turnout.api.problems import domain_error
from turnout.api.service import Service
from turnout.auth import schemas
from turnout.auth.errors import BadCredentials, InvalidToken
from turnout.auth.models import ApiToken
from turnout.auth.services import ApiTokenService, SignInService
from turnout.errors import Invalid, NotFound, TooManyAttempts
from turnout.paging import part_of

TAG = "Sign-in"

login = Service("login", "/auth/login", TAG)
refresh = Service("refresh", "/auth/refresh", TAG)
logout = Service("logout", "/auth/logout", TAG)
tokens = Service("api-tokens", "/auth/tokens", TAG)
token = Service("api-token", "/auth/tokens/{id}", TAG)
SERVICES = (login, refresh, logout, tokens, token)


@login.post(
    permission="auth:sign_in",
    body=schemas.Credentials,
    answer=schemas.Tokens,
    refuses=(Invalid, BadCredentials, TooManyAttempts),
    secret=True,
)
def sign_in(request: Request) -> dict[str, Any]:
    """Sign in with a username or an email address, and a password."""
    given = request.validated["body"]
    if (given["username"] is None) == (given["email"] is None):
        raise Invalid({"username": "give either the username or the email address"})
    login = given["username"] or given["email"]
    return request.find_service(SignInService).sign_in(login, given["password"], address=request.remote_addr)


@refresh.post(
    permission="auth:sign_in", body=schemas.RefreshToken, answer=schemas.Tokens, refuses=(InvalidToken,), secret=True
)
def rotate(request: Request) -> dict[str, Any] | Response:
    """Exchange a refresh token for new tokens; using one twice ends its session."""
    found = request.find_service(SignInService).refresh(request.validated["body"]["refresh_token"])
    if found is not None:
        return found
    response = domain_error(InvalidToken("This refresh token was used before; its session has been ended."), request)
    response.headers["X-Tm"] = "commit"  # the refusal must not undo the end of the session
    return response


@logout.post(permission="auth:sign_out")
def sign_out(request: Request) -> None:
    """End the session whose access token, or cookie, is sent."""
    request.find_service(SignInService).sign_out(request.actor.session_id)


def represent(row: ApiToken) -> dict[str, Any]:
    """Return what a user sees of a token."""
    return {name: getattr(row, name) for name in ("id", "name", "hint", "scopes", "created_at", "expires_at")}


@tokens.get(permission="auth:read_tokens", query=schemas.ApiTokenQuery, answer=schemas.ApiTokenPage)
def list_tokens(request: Request) -> dict[str, Any]:
    """List one's own API tokens."""
    found = request.find_service(ApiTokenService).all(actor=request.actor)
    return page(request, part_of(found, paging_of(request)), represent)


@tokens.post(
    permission="auth:create_tokens",
    body=schemas.NewApiToken,
    answer=schemas.CreatedApiToken,
    status=201,
    refuses=(Invalid,),
    secret=True,
)
def create_token(request: Request) -> dict[str, Any]:
    """Make an API token; its secret is shown in this answer and never again."""
    row, secret = request.find_service(ApiTokenService).create(request.validated["body"], actor=request.actor)
    return represent(row) | {"token": secret}


@token.delete(permission="auth:revoke_tokens", refuses=(NotFound,))
def revoke_token(request: Request) -> None:
    """Revoke an API token."""
    request.find_service(ApiTokenService).revoke(int(request.matchdict["id"]), actor=request.actor)
