"""Schemas of images."""

from turnout import schema as fields
from turnout.schema import Schema


class ImageView(Schema):
    """An image that was added."""

    id = fields.identifier()
    url = fields.url(description="What to give where an image is referred to, such as an event's `image_url`")
    thumbnail_url = fields.url(description="The same, at most 320 pixels wide and high")
    width = fields.whole(1)
    height = fields.whole(1)
    bytes = fields.whole(1)
