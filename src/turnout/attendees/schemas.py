"""Schemas of attendees."""

from turnout import schema as fields
from turnout.api.pages import PageQuery, page_of
from turnout.attendees.services import ORDERINGS
from turnout.schema import Schema


class NewAttendee(Schema):
    """Somebody who registers as an attendee, or replaces what is known of them."""

    first_name = fields.text(100, example="Ada")
    last_name = fields.text(100, example="Moreira")
    email = fields.email(example="ada@example.com")
    phone = fields.text(40, 0, missing="", example="+351 555 0100")
    date_of_birth = fields.day(optional=True, description="Between 1900 and today", example="1990-05-01")


class AttendeeView(Schema):
    """An attendee, as they and staff see them."""

    id = fields.identifier()
    first_name = fields.text(100)
    last_name = fields.text(100, 0, description="Empty if their account has none")
    email = fields.email()
    phone = fields.text(40, 0)
    date_of_birth = fields.day(optional=True)
    user_id = fields.identifier(optional=True, description="The user whose attendee it is; null: without an account")
    created_at = fields.moment()
    updated_at = fields.moment()


class AttendeeQuery(PageQuery):
    """Filters of the list of attendees."""

    search = fields.text(100, missing=None, description="Begins the first name, the last name or the email address")
    email = fields.email(missing=None, description="The email address, in upper or lower case")
    ordering = fields.choice(ORDERINGS, missing="id", description="What to sort by; - is descending")


AttendeePage = page_of(AttendeeView(name="attendee"))
