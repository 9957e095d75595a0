"""A demo: an invented programme in real towns, so that there is something to look at and to book."""

from typing import TYPE_CHECKING

from turnout.errors import StartError

if TYPE_CHECKING:
    from pyramid.router import Router

PASSWORD = "demo"  # noqa: S105 - well known on purpose; the demo is refused in production
ADMINISTRATOR = ("admin", "admin")
ACCOUNTS = (
    ("Administrator", *ADMINISTRATOR),
    ("Organizer", "harbour", PASSWORD),
    ("Visitor", "ada", PASSWORD),
)
"""Whom to try it as: what they are, username and password."""


def ensure_demo(application: "Router") -> bool:
    """Bring the database up to date and, if it has no users, fill it; tell whether it was filled.

    Raises `StartError` in production, where accounts with well-known passwords have no place.
    """
    from turnout.migrate import bring_up, is_at_head, lines_of
    from turnout.system import system_request

    if application.registry.settings["turnout.environment"] == "production":
        raise StartError("The demo has well-known passwords; it is refused where turnout.environment is production.")
    registry = application.registry
    for line in lines_of(registry.plugins.enabled.values()):
        if not is_at_head(registry.engine, line):
            bring_up(registry.engine, line)
    with system_request(application) as request:
        from turnout.paging import Paging
        from turnout.users.services import UserService

        if request.find_service(UserService).find({}, Paging(1, 1, None)).rows:
            return False
        from turnout.demo.loading import load

        load(request)
    return True
