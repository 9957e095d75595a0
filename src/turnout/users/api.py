"""Users over REST."""

from typing import Any

from pyramid.request import Request

from turnout.api.etags import expected_versions
from turnout.api.pages import page, paging_of
from turnout.api.service import Service
from turnout.errors import Denied, Invalid, NotFound, VersionMismatch
from turnout.users import schemas
from turnout.users.errors import UserTaken
from turnout.users.services import UserService

TAG = "Users"

users = Service("users", "/users", TAG)
me = Service("me", "/users/me", TAG)
staff = Service("staff", "/users/staff", TAG)
bulk_delete = Service("users-bulk-delete", "/users/bulk-delete", TAG)
user = Service("user", "/users/{id}", TAG)
SERVICES = (users, me, staff, bulk_delete, user)


@users.get(permission="users:list", query=schemas.UserQuery, answer=schemas.UserPage)
def list_users(request: Request) -> dict[str, Any]:
    """List the users."""
    paging = paging_of(request)
    accounts = request.find_service(UserService)
    return page(request, accounts.find(request.validated["query"], paging), lambda row: accounts.represent(row[0]))


@users.post(
    permission="users:register",
    body=schemas.NewUser,
    answer=schemas.UserView,
    status=201,
    location="/users/{id}",
    refuses=(Invalid, UserTaken),
)
def register(request: Request) -> dict[str, Any]:
    """Make an account."""
    accounts = request.find_service(UserService)
    return accounts.represent(accounts.register(request.validated["body"]))


@me.get(permission="users:read", answer=schemas.UserView, versioned=True)
def read_me(request: Request) -> dict[str, Any]:
    """Read one's own profile."""
    accounts = request.find_service(UserService)
    return accounts.represent(accounts.get(request.actor.user_id, actor=request.actor))


def _update(request: Request) -> dict[str, Any]:
    accounts = request.find_service(UserService)
    changed = accounts.update(
        request.actor.user_id, request.validated["body"], actor=request.actor, expected=expected_versions(request)
    )
    return accounts.represent(changed)


@me.put(
    permission="users:update",
    body=schemas.ProfileUpdate,
    answer=schemas.UserView,
    versioned=True,
    refuses=(Invalid, UserTaken, VersionMismatch),
)
def replace_me(request: Request) -> dict[str, Any]:
    """Replace one's own profile."""
    return _update(request)


@me.patch(
    permission="users:update",
    body=schemas.ProfileUpdate,
    partial=True,
    answer=schemas.UserView,
    versioned=True,
    refuses=(Invalid, UserTaken, VersionMismatch),
)
def change_me(request: Request) -> dict[str, Any]:
    """Change some of one's own profile."""
    return _update(request)


@staff.post(
    permission="users:create_staff",
    body=schemas.NewStaff,
    answer=schemas.UserView,
    status=201,
    location="/users/{id}",
    refuses=(Invalid, UserTaken),
)
def create_staff(request: Request) -> dict[str, Any]:
    """Make a member of staff."""
    accounts = request.find_service(UserService)
    return accounts.represent(accounts.create_staff(request.validated["body"], actor=request.actor))


@bulk_delete.post(permission="users:delete", body=schemas.BulkDelete, answer=schemas.BulkDeleted)
def delete_users(request: Request) -> dict[str, Any]:
    """Delete the users whose usernames begin with a prefix, with their bookings; never staff."""
    return {"deleted": len(request.find_service(UserService).bulk_delete(request.validated["body"]["prefix"]))}


@user.get(permission="users:read", answer=schemas.UserView, versioned=True, refuses=(NotFound,))
def read_user(request: Request) -> dict[str, Any]:
    """Read a user: oneself, or anybody for staff."""
    accounts = request.find_service(UserService)
    return accounts.represent(accounts.get(int(request.matchdict["id"]), actor=request.actor))


@user.patch(
    permission="users:manage",
    body=schemas.UserRoles,
    partial=True,
    answer=schemas.UserView,
    versioned=True,
    refuses=(Invalid, Denied, NotFound, VersionMismatch),
)
def change_roles(request: Request) -> dict[str, Any]:
    """Grant or take roles, or disable an account."""
    accounts = request.find_service(UserService)
    changed = accounts.set_roles(
        int(request.matchdict["id"]),
        request.validated["body"],
        actor=request.actor,
        expected=expected_versions(request),
    )
    return accounts.represent(changed)
