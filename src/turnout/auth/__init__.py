"""Signing in: sessions of access and refresh tokens for people, personal API tokens for programs."""

from datetime import timedelta

import colander
from pyramid.config import Configurator

from turnout import schema as fields
from turnout.auth import api
from turnout.auth.authenticator import Authenticator
from turnout.auth.services import ApiTokenService, SignInService
from turnout.auth.tasks import purge_sign_ins
from turnout.security.actors import ANYONE, USER
from turnout.users.hooks import PasswordChanged, UserDisabled


class AuthSettings(colander.MappingSchema):
    """How long a sign-in lasts."""

    access_minutes = fields.whole(1, 1440, missing=60)
    refresh_minutes = fields.whole(1, 525_600, missing=1440)
    recheck_seconds = fields.whole(
        0, 60, missing=1, description="How long other processes may not have heard that a user was disabled"
    )


def end_sessions(event: PasswordChanged) -> None:
    """Let nobody stay who signed in with the old password, but the session that changed it."""
    here = event.request.actor.session_id
    event.request.find_service(SignInService).sign_out_everywhere(event.user_id, besides=here)


def end_everything(event: UserDisabled) -> None:
    """End the sessions and tokens of a disabled user for good: enabled again, they sign in again."""
    event.request.find_service(SignInService).sign_out_everywhere(event.user_id)
    event.request.find_service(ApiTokenService).revoke_all(event.user_id)


def includeme(config: Configurator) -> None:
    config.declare_settings("auth", AuthSettings)
    config.declare_permission("auth:sign_in", "Sign in", ANYONE, tokens=False)
    config.declare_permission("auth:sign_out", "Sign out", USER, tokens=False)
    config.declare_permission("auth:read_tokens", "See one's own API tokens", USER, tokens=False)
    config.declare_permission("auth:revoke_tokens", "Revoke one's own API tokens", USER, tokens=False)
    config.declare_permission("auth:create_tokens", "Make API tokens", USER, tokens=False)
    config.add_service(SignInService)
    config.add_service(ApiTokenService)
    config.include(Authenticator.includeme)
    config.add_subscriber(end_sessions, PasswordChanged)
    config.add_subscriber(end_everything, UserDisabled)
    config.add_periodic_task(purge_sign_ins, every=timedelta(hours=1))
    for service in api.SERVICES:
        config.add_api_service(service)
    config.add_capability("auth", "Access and refresh tokens for people, scoped API tokens for programs")
