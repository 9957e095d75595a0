"""Schemas: what goes in and out. The API reference at ``/docs`` is made from them."""

from turnout.plugin import Schema, fields


class MyPluginView(Schema):
    """The tally of an event."""

    event_id = fields.identifier()
    confirmed = fields.whole(description="How many places were confirmed, whatever became of them")
    updated_at = fields.moment(optional=True, description="null: never yet")


class TallyExtension(Schema):
    """What the plugin adds to the JSON of an event."""

    confirmed = fields.whole(description="How many places were confirmed, whatever became of them")
