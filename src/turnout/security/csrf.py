"""Cross-site request forgery: what a browser sends by itself proves nothing.

A request that carries the session cookie and no ``Authorization`` header needs the CSRF token; a token client, whose
credentials no browser adds by itself, does not.
"""

from pyramid.config import Configurator
from pyramid.csrf import CookieCSRFStoragePolicy
from pyramid.request import Request

SESSION_COOKIE = "turnout_session"


def needs_check(request: Request) -> bool:
    """Tell whether a browser may have sent this request on a stranger's behalf."""
    return SESSION_COOKIE in request.cookies and "Authorization" not in request.headers


def includeme(config: Configurator) -> None:
    secure = config.get_settings()["turnout.environment"] == "production"
    config.set_csrf_storage_policy(
        CookieCSRFStoragePolicy(cookie_name="turnout_csrf", secure=secure, httponly=True, samesite="Lax")
    )
    config.set_default_csrf_options(require_csrf=True, header="X-CSRF-Token", callback=needs_check)
