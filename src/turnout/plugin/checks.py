"""Whether all the plugins that should be there are."""

from typing import Any

from pyramid.request import Request

LEFT_OUT = "left_out"


def check_plugins(request: Request) -> dict[str, Any]:
    """Name the plugins that run and, with the reason in one word, those that were left out."""
    plugins = request.registry.plugins
    found: dict[str, Any] = {"status": "ok", "enabled": list(plugins.enabled)}
    if plugins.left_out:
        found |= {"status": LEFT_OUT, LEFT_OUT: {name: error.reason for name, error in plugins.left_out.items()}}
    return found
