"""Users: accounts, profiles and roles."""

import colander
from pyramid.config import Configurator

from turnout import schema as fields
from turnout.images.hooks import ImagesSought
from turnout.security.actors import ANYONE, STAFF, SUPERUSER, USER
from turnout.users import api
from turnout.users.admin import UserSection
from turnout.users.services import UserService


class UserSettings(colander.MappingSchema):
    """How people become users."""

    organizer_signup = fields.choice(
        ["open", "approval"], missing="open", description="open: who asks is an organizer; approval: staff grant it"
    )


def keep_images(event: ImagesSought) -> None:
    """Say which images users show."""
    event.keep(event.request.find_service(UserService).pictures_among(event.paths))


def includeme(config: Configurator) -> None:
    config.declare_settings("users", UserSettings)
    config.declare_permission("users:register", "Make an account", ANYONE, tokens=False)
    config.declare_permission("users:read", "Read one's own profile", USER)
    config.declare_permission("users:update", "Change one's own profile", USER, tokens=False)
    config.declare_permission("users:list", "See other people's accounts", STAFF)
    config.declare_permission("users:manage", "Change other people's roles and disable accounts", STAFF, tokens=False)
    config.declare_permission("users:delete", "Delete test users in bulk", STAFF)
    config.declare_permission("users:create_staff", "Make members of staff", SUPERUSER, tokens=False)
    config.add_service(UserService)
    config.add_subscriber(keep_images, ImagesSought)
    for service in api.SERVICES:
        config.add_api_service(service)
    config.add_admin_section(UserSection)
    config.add_capability("users", "Registration, profiles and roles")
