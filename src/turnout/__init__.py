"""Turnout: an event booking platform with a REST API that never oversells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyramid.router import Router


def main(global_config: dict[str, str] | None = None, **settings: Any) -> Router:  # noqa: ARG001 - PasteDeploy's protocol
    """Make the WSGI application (PasteDeploy's app factory protocol).

    `settings` are the ini file's; a setting ``a.b`` is overridden by the environment variable ``TURNOUT_A_B``.
    Raises `turnout.settings.SettingsError` for settings that cannot be used.
    """
    from turnout.plugin.assembly import assemble

    return assemble(settings)
