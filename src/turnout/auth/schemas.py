"""Schemas of signing in."""

from turnout import schema as fields
from turnout.api.pages import PageQuery, page_of
from turnout.schema import Schema


class Credentials(Schema):
    """Who wants to sign in: by username or by email address."""

    username = fields.text(254, missing=None)
    email = fields.text(254, missing=None)
    password = fields.text(1000, preparer=None)


class SignInForm(Schema):
    """What the admin's sign-in page asks for."""

    login = fields.text(254, title="Username or email address")
    password = fields.text(1000, preparer=None, title="Password")


class RefreshToken(Schema):
    """A refresh token."""

    refresh_token = fields.text(4000)


class Tokens(Schema):
    """What a sign-in gives."""

    access_token = fields.text(4000)
    refresh_token = fields.text(4000)
    token_type = fields.choice(["Bearer"])
    expires_in = fields.whole(description="Seconds until the access token ends")


class NewApiToken(Schema):
    """A token for a program."""

    name = fields.text(100, example="Box office printer")
    scopes = fields.many(
        fields.text(100, name="scope", example="bookings:read"),
        100,
        1,
        description="Permissions, as `turnout routes` lists them",
    )
    expires_at = fields.moment(optional=True)


class ApiTokenView(Schema):
    """A token, without its secret."""

    id = fields.identifier()
    name = fields.text(100)
    hint = fields.text(12, description="How the token begins")
    scopes = fields.many(fields.text(100, name="scope"), 100)
    created_at = fields.moment()
    expires_at = fields.moment(optional=True)


class CreatedApiToken(ApiTokenView):
    """A token with its secret, which is shown this once."""

    token = fields.text(100)


class ApiTokenQuery(PageQuery):
    """Parameters of the list of tokens."""


class ApiTokenAdminQuery(PageQuery):
    """Filters of the list of tokens in the admin, where staff see everybody's."""

    user = fields.identifier(missing=None)


class ApiTokenAdminView(ApiTokenView):
    """A token, without its secret, with whose it is."""

    user = fields.text(150)


ApiTokenPage = page_of(ApiTokenView(name="token"))
