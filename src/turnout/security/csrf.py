"""Cross-site request forgery: what a browser sends by itself proves nothing.

A request that carries the session cookie and no ``Authorization`` header needs the CSRF token; a token client, whose
credentials no browser adds by itself, does not. Below ``/admin`` everything that writes needs it, signed in or not: a
stranger's form must not sign anybody in as the stranger either.
"""

from typing import Any

from pyramid.config import Configurator
from pyramid.csrf import CookieCSRFStoragePolicy
from pyramid.request import Request

SESSION_COOKIE = "turnout_session"
CSRF_COOKIE = "turnout_csrf"
ADMIN = "/admin"


def needs_check(request: Request) -> bool:
    """Tell whether a browser may have sent this request on a stranger's behalf."""
    if f"{request.path_info}/".startswith(f"{ADMIN}/"):
        return True
    return SESSION_COOKIE in request.cookies and "Authorization" not in request.headers


class Tokens(CookieCSRFStoragePolicy):
    """Keeps the token in a cookie of its own."""

    def check_csrf_token(self, request: Request, supplied_token: Any) -> bool:
        """Tell whether the token that a form sent is the browser's; a file is not."""
        return isinstance(supplied_token, str) and bool(super().check_csrf_token(request, supplied_token))


def includeme(config: Configurator) -> None:
    secure = config.get_settings()["turnout.environment"] == "production"
    config.set_csrf_storage_policy(Tokens(cookie_name=CSRF_COOKIE, secure=secure, httponly=True, samesite="Lax"))
    config.set_default_csrf_options(require_csrf=True, header="X-CSRF-Token", callback=needs_check)
