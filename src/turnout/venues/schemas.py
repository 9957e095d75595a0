"""Schemas of venues."""

from turnout import schema as fields
from turnout.api.pages import PageQuery, page_of
from turnout.schema import Schema
from turnout.venues.services import ORDERINGS


class NewVenue(Schema):
    """A venue as somebody makes or replaces it."""

    name = fields.text(200, example="Teatro do Rio")
    address = fields.text(500, 0, missing="", example="Rua das Flores 12")
    city = fields.text(100, example="Lisbon")
    country = fields.country(description="ISO 3166-1 alpha-2", example="PT")
    capacity = fields.whole(1, optional=True, description="The most people at once; null: no limit", example=450)
    facilities = fields.many(
        fields.text(60, name="facility", example="wheelchair access"), 50, missing=(), description="What there is"
    )
    timezone = fields.timezone(missing="UTC", description="IANA time zone", example="Europe/Lisbon")


class VenueView(NewVenue):
    """A venue, as everybody sees it."""

    id = fields.identifier()
    created_by_id = fields.identifier(optional=True, description="The user who made it")
    created_at = fields.moment()
    updated_at = fields.moment()


class VenueQuery(PageQuery):
    """Filters of the list of venues."""

    search = fields.text(100, missing=None, description="Begins the name or the city")
    city = fields.text(100, missing=None, description="The city, in upper or lower case")
    country = fields.country(missing=None, description="ISO 3166-1 alpha-2")
    min_capacity = fields.whole(1, missing=None, description="Has room for so many people, or no limit")
    ordering = fields.choice(ORDERINGS, missing="name", description="What to sort by; - is descending")


VenuePage = page_of(VenueView(name="venue"))
