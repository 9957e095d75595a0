"""The admin UI: sections that features and plugins declare, drawn as lists, pages and forms (``/admin``)."""

import colander
from pyramid.config import Configurator
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.session import SignedCookieSessionFactory

from turnout import schema as fields
from turnout.admin.sections import ENTER
from turnout.assets import YEAR
from turnout.security.actors import ORGANIZER

FLASH_SECONDS = 300


class AdminSettings(colander.MappingSchema):
    """What the admin UI is like."""

    timezone = fields.timezone(missing="UTC", description="Of moments that belong to no event or venue")


def includeme(config: Configurator) -> None:
    config.declare_settings("admin", AdminSettings)
    settings = config.get_settings()
    config.declare_permission(ENTER, "Enter the admin UI", ORGANIZER, tokens=False)
    config.include("turnout.admin.rendering")
    config.include("turnout.admin.registry")
    config.include("turnout.admin.errors")
    config.include("turnout.admin.views.dashboard")
    # Holds nothing but messages from one page to the next; who is signed in is known by another cookie.
    config.set_session_factory(
        SignedCookieSessionFactory(
            settings["turnout.secret"],
            cookie_name="turnout_flash",
            timeout=FLASH_SECONDS,
            httponly=True,
            secure=settings["turnout.environment"] == "production",
            samesite="Lax",
            set_on_exception=False,
        )
    )
    config.add_static_view(
        "admin/static",
        "turnout.admin:static",
        cache_max_age=YEAR,
        content_encodings=["gzip"],  # of the large files, compressed beside them
        permission=NO_PERMISSION_REQUIRED,
    )
