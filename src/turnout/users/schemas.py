"""Schemas of users."""

import colander

from turnout import schema as fields
from turnout.api.pages import PageQuery, page_of
from turnout.schema import Schema
from turnout.security.passwords import LONGEST, SHORTEST


class Preferences(Schema):
    """What a user likes."""

    favourite_categories = fields.many(fields.slug(name="slug"), 50, missing=(), description="Slugs of categories")


class Profile(Schema):
    """What users say of themselves."""

    first_name = fields.text(100, 0, missing="")
    last_name = fields.text(100, 0, missing="")
    phone = fields.text(40, 0, missing="")
    address = fields.text(500, 0, missing="")
    bio = fields.text(5000, 0, missing="")
    picture_url = fields.url(optional=True)
    preferences = Preferences(missing=lambda: {"favourite_categories": []})


class ProfileUpdate(Profile):
    """A profile as its owner changes it."""

    email = fields.email()
    password = fields.text(LONGEST, SHORTEST, missing=colander.drop, preparer=None, description="A new password")
    current_password = fields.text(
        128, missing=colander.drop, preparer=None, description="Needed to change the password or the email address"
    )


class NewUser(Profile):
    """Somebody who registers."""

    username = fields.matching(
        r"^[A-Za-z0-9_.-]+$", "must have only letters, digits, dots, hyphens and underscores", 150, example="ada"
    )
    email = fields.email(example="ada@example.com")
    password = fields.text(LONGEST, SHORTEST, preparer=None, example="a long sentence nobody guesses")
    is_organizer = fields.flag(missing=False, description="Wants to make events")


class NewStaff(NewUser):
    """A member of staff that a superuser makes."""

    is_superuser = fields.flag(missing=False)


class NewMember(Schema):
    """A member of staff, as a superuser names them; the password is made for them."""

    username = NewStaff()["username"]
    email = NewStaff()["email"]
    first_name = NewStaff()["first_name"]
    last_name = NewStaff()["last_name"]
    is_superuser = fields.flag(missing=False, title="Superuser", description="Makes and changes members of staff, too")


class UserRoles(Schema):
    """What staff change of a user; only superusers change `is_staff`."""

    is_organizer = fields.flag()
    is_active = fields.flag()
    is_staff = fields.flag()


class UserView(Profile):
    """A user, as they and staff see them."""

    id = fields.identifier()
    username = fields.text(150)
    email = fields.email()
    is_organizer = fields.flag()
    wants_to_organize = fields.flag(description="Asked to be an organizer and waits for staff to agree")
    is_staff = fields.flag()
    is_superuser = fields.flag()
    is_active = fields.flag()
    created_at = fields.moment()
    updated_at = fields.moment()


ROLES = {
    "superuser": "is_superuser",
    "staff": "is_staff",
    "organizer": "is_organizer",
    "wants to organize": "wants_to_organize",
}
"""What a user is called for what they may do, or ask for, by the members that say it."""


class UserRow(UserView):
    """A user, as a list shows them."""

    name = fields.text(201, 0)
    roles = fields.many(fields.choice(ROLES, name="role"), len(ROLES))
    is_active = fields.flag(title="Active")
    created_at = fields.moment(title="Registered")


class UserQuery(PageQuery):
    """Filters of the list of users."""

    search = fields.text(100, missing=None, description="Begins the username or email address")
    is_organizer = fields.flag(missing=None)
    wants_to_organize = fields.flag(missing=None)
    is_staff = fields.flag(missing=None)
    is_active = fields.flag(missing=None)


UserPage = page_of(UserView(name="user"))


class BulkDelete(Schema):
    """Which users to delete."""

    prefix = fields.text(150, 3, description="The beginning of their usernames, three characters or more")


class BulkDeleted(Schema):
    """How many users were deleted."""

    deleted = fields.whole()
