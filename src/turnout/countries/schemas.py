"""Schemas of countries."""

from turnout import schema as fields
from turnout.api.pages import PageQuery, page_of
from turnout.schema import Schema


class CountryView(Schema):
    """A country."""

    code = fields.country(description="ISO 3166-1 alpha-2", example="PT")
    name = fields.text(100, description="In English", example="Portugal")


class CountryQuery(PageQuery):
    """Parameters of the list of countries."""


CountryPage = page_of(CountryView(name="country"))
