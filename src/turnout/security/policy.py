"""The security policy: who is asking, and whether they may."""

from typing import Any, Protocol

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.security import Allowed, Denied

from turnout.security.actors import NOBODY, Actor
from turnout.security.csrf import SESSION_COOKIE


class Authenticator(Protocol):
    """Knows whose a token is; the registry has one as `authenticator`."""

    def by_header(self, request: Request, header: str) -> Actor:
        """Return who sent this ``Authorization`` header. Raises `turnout.errors.Unauthenticated`."""

    def by_cookie(self, request: Request, token: str) -> Actor:
        """Return whose browser has this token, or NOBODY."""


class SecurityPolicy:
    """Knows a caller through the authenticator that a feature registered: by the ``Authorization`` header, or a browser's cookie."""

    def identity(self, request: Request) -> Actor:
        """Return the caller. Raises `turnout.errors.Unauthenticated` for a header that is no good.

        A cookie that is no good is as none: nobody chose to send it.
        """
        authenticator: Authenticator = request.registry.authenticator
        header = request.headers.get("Authorization")
        if header is not None:
            return authenticator.by_header(request, header)
        token = request.cookies.get(SESSION_COOKIE)
        return NOBODY if token is None else authenticator.by_cookie(request, token)

    def authenticated_userid(self, request: Request) -> str | None:
        """Return the caller's user id as text, or None."""
        user_id = request.actor.user_id
        return None if user_id is None else str(user_id)

    def permits(self, request: Request, _context: object, permission: str) -> Allowed | Denied:
        """Tell whether the caller has `permission`."""
        if request.registry.permissions[permission].allows(request.actor):
            return Allowed("%s", permission)
        return Denied("%s", permission)

    def remember(self, _request: Request, _userid: str, **_options: Any) -> list[tuple[str, str]]:
        """Return no headers: who signs in is given tokens, or a cookie (`turnout.security.sessions`), by the view."""
        return []

    def forget(self, _request: Request, **_options: Any) -> list[tuple[str, str]]:
        """Return no headers: who signs out is forgotten here."""
        return []


def includeme(config: Configurator) -> None:
    policy = SecurityPolicy()
    config.set_security_policy(policy)
    config.add_request_method(policy.identity, "actor", reify=True)
