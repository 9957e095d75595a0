"""Response headers that tell browsers to trust nothing that we did not send."""

from collections.abc import Callable

from pyramid.config import Configurator
from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.response import Response
from pyramid.tweens import INGRESS, MAIN

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}
CONTENT_SECURITY_POLICY = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"


def headers_tween(handler: Callable[[Request], Response], registry: Registry) -> Callable[[Request], Response]:
    """Add the headers that every response carries; a view that needs another policy sets it itself."""
    always = dict(ALWAYS)
    if registry.settings["turnout.environment"] == "production":
        always["Strict-Transport-Security"] = "max-age=31536000"

    def tween(request: Request) -> Response:
        response = handler(request)
        response.headers.update(always)
        if response.content_type == "text/html":
            response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        return response

    return tween


def includeme(config: Configurator) -> None:
    # Outermost, so that errors have them, too.
    config.add_tween(
        "turnout.security.headers.headers_tween", under=INGRESS, over=("turnout.api.entry.entry_tween", MAIN)
    )
