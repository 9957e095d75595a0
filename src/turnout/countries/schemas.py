"""Schemas of countries."""

import colander

from turnout import schema as fields
from turnout.schema import Schema


class CountryView(Schema):
    """A country."""

    code = fields.country(description="ISO 3166-1 alpha-2", example="PT")
    name = fields.text(100, description="In English", example="Portugal")


class CountryList(Schema):
    """All countries, in the order of their names."""

    count = fields.whole()
    results = colander.SchemaNode(colander.Sequence(), CountryView(name="country"))
