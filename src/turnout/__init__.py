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
    from pyramid.config import Configurator
    from pyramid.exceptions import ConfigurationExecutionError

    from turnout.errors import StartError

    with Configurator(settings=settings) as config:
        config.include("turnout.config")
        try:
            return config.make_wsgi_app()
        except ConfigurationExecutionError as error:
            # Pyramid says where in our code; whoever starts the application wants to know what to mend.
            raise error.evalue if isinstance(error.evalue, StartError) else error from None
