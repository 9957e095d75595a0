"""Schemas of plugins."""

from turnout import schema as fields
from turnout.api.pages import PageQuery, page_of
from turnout.plugin.services import STATES
from turnout.schema import Schema


class PluginView(Schema):
    """A plugin."""

    name = fields.text(60)
    title = fields.text(200, 0)
    description = fields.text(2000, 0)
    state = fields.choice(STATES, description="quarantined: enabled, but left out because it cannot be used")
    problem = fields.text(2000, optional=True, description="Why it is quarantined, and how to mend it")
    distribution = fields.text(200, 0, description="The Python distribution that it came with")
    version = fields.text(100, 0)
    api_version = fields.whole(optional=True, description="Of the plugin interface; null while it is not enabled")
    requires = fields.many(fields.text(60, name="name"), 100, description="Names of other plugins")
    is_switchable = fields.flag(description="Whether organizers turn it on and off for each event")
    settings = fields.anything(description="Its settings by their full names; secrets are not shown")


PluginPage = page_of(PluginView(name="plugin"))


class PluginQuery(PageQuery):
    """Parameters of the list of plugins."""
