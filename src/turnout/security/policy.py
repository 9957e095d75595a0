"""The security policy: who is asking, and whether they may."""

from typing import Any

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.security import Allowed, Denied

from turnout.security.actors import NOBODY, Actor


class SecurityPolicy:
    """Knows a caller by the ``Authorization`` header, through the authenticator that a feature registered."""

    def identity(self, request: Request) -> Actor:
        """Return the caller. Raises `turnout.errors.Unauthenticated` for credentials that are no good."""
        header = request.headers.get("Authorization")
        if header is None:
            return NOBODY
        actor: Actor = request.registry.authenticate(request, header)
        return actor

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
        """Return no headers: tokens are remembered by the client."""
        return []

    def forget(self, _request: Request, **_options: Any) -> list[tuple[str, str]]:
        """Return no headers: tokens are forgotten by the client."""
        return []


def includeme(config: Configurator) -> None:
    policy = SecurityPolicy()
    config.set_security_policy(policy)
    config.add_request_method(policy.identity, "actor", reify=True)
