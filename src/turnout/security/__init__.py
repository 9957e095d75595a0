"""Who may do what: actors, permissions, the policy, passwords, CSRF and response headers."""

from pyramid.config import Configurator


def includeme(config: Configurator) -> None:
    config.include("turnout.security.permissions")
    config.include("turnout.security.policy")
    config.include("turnout.security.csrf")
    config.include("turnout.security.headers")
