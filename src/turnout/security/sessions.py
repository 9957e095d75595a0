"""The cookie that keeps a browser signed in: a token, out of reach of scripts and of other sites' forms."""

from pyramid.request import Request
from pyramid.response import Response

from turnout.security.csrf import SESSION_COOKIE


def keep_cookie(request: Request, response: Response, token: str | None) -> None:
    """Let the browser keep `token` until it is closed, or with None forget the one that it has."""
    response.set_cookie(
        SESSION_COOKIE,
        token,
        path="/",
        secure=request.registry.settings["turnout.environment"] == "production",
        httponly=True,
        samesite="Lax",
    )
