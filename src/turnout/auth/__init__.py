"""Signing in: sessions of people, by access and refresh tokens or in a browser; personal API tokens for programs."""

from datetime import timedelta

import colander
from limits import parse_many
from pyramid.config import Configurator
from pyramid.request import Request

from turnout import schema as fields
from turnout.auth import admin, api
from turnout.auth.authenticator import Authenticator
from turnout.auth.services import ApiTokenService, Grantable, SignInService
from turnout.auth.tasks import purge_sign_ins
from turnout.auth.throttle import MEMORY, REDIS, Throttle
from turnout.security.actors import ANYONE, USER
from turnout.users.hooks import PasswordChanged, PasswordReset, UserDisabled


def check_limits(node: colander.SchemaNode, value: str) -> None:
    """Raise `colander.Invalid` for what are no limits."""
    try:
        limits = parse_many(value)
    except ValueError:
        limits = []
    if not limits or any(limit.amount < 1 for limit in limits):
        raise colander.Invalid(node, 'must be like "5 per minute; 20 per hour"')


def check_storage(node: colander.SchemaNode, value: str) -> None:
    """Raise `colander.Invalid` for what is neither memory nor an address of Redis."""
    if value != MEMORY and not value.startswith(REDIS):
        raise colander.Invalid(node, f"must be {MEMORY} or begin with one of: {', '.join(REDIS)}")


class AuthSettings(colander.MappingSchema):
    """How long a sign-in lasts, and how often one may fail to sign in."""

    access_minutes = fields.whole(1, 1440, missing=60)
    refresh_minutes = fields.whole(1, 525_600, missing=1440)
    idle_minutes = fields.whole(5, 1440, missing=60, description="A browser not seen for so long is signed out")
    session_hours = fields.whole(1, 720, missing=12, description="A browser is signed out after so long in any case")
    throttle_account = colander.SchemaNode(
        colander.String(),
        missing="5 per minute; 20 per hour",
        validator=check_limits,
        description="Failures to sign in to an account from one address",
    )
    throttle_address = colander.SchemaNode(
        colander.String(),
        missing="50 per minute; 300 per hour",
        validator=check_limits,
        description="Failures to sign in from one address, to whatever account",
    )
    throttle_storage = colander.SchemaNode(
        colander.String(),
        missing=MEMORY,
        validator=check_storage,
        secret=True,
        description="redis://...: all processes count together",
    )
    recheck_seconds = fields.whole(
        0, 60, missing=1, description="How long other processes may not have heard that a user was disabled"
    )


def end_sessions(event: PasswordChanged) -> None:
    """Let nobody stay who signed in with the old password, but the session that changed it."""
    here = event.request.actor.session_id
    event.request.find_service(SignInService).sign_out_everywhere(event.user_id, besides=here)


def end_everything(event: UserDisabled | PasswordReset) -> None:
    """End the sessions and tokens of a user for good: enabled again, or with a new password, they sign in again."""
    event.request.find_service(SignInService).sign_out_everywhere(event.user_id)
    event.request.find_service(ApiTokenService).revoke_all(event.user_id)


def grantable(request: Request) -> dict[str, str]:
    """Return the permissions that whoever asks may give to tokens, with what they are."""
    return {
        name: permission.description
        for name, permission in sorted(request.registry.permissions.items())
        if permission.tokens and permission.allows(request.actor)
    }


def includeme(config: Configurator) -> None:
    config.declare_settings("auth", AuthSettings)
    config.declare_permission("auth:sign_in", "Sign in", ANYONE, tokens=False)
    config.declare_permission("auth:sign_out", "Sign out", USER, tokens=False)
    config.declare_permission("auth:read_tokens", "See one's own API tokens", USER, tokens=False)
    config.declare_permission("auth:revoke_tokens", "Revoke one's own API tokens", USER, tokens=False)
    config.declare_permission("auth:create_tokens", "Make API tokens", USER, tokens=False)
    config.registry.throttle = Throttle.of(config.get_settings())
    config.add_injectable(Throttle, lambda request: request.registry.throttle)
    config.add_injectable(Grantable, grantable)
    config.add_service(SignInService)
    config.add_service(ApiTokenService)
    config.include(Authenticator.includeme)
    config.add_subscriber(end_sessions, PasswordChanged)
    config.add_subscriber(end_everything, UserDisabled)
    config.add_subscriber(end_everything, PasswordReset)
    config.add_periodic_task(purge_sign_ins, every=timedelta(hours=1))
    for service in api.SERVICES:
        config.add_api_service(service)
    config.include(admin)
    config.add_admin_section(admin.ApiTokenSection)
    config.add_admin_section(admin.SignInSection)
    config.add_capability("auth", "Access and refresh tokens for people, scoped API tokens for programs")
