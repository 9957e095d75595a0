"""Schemas of categories and tags."""

from turnout import schema as fields
from turnout.api.pages import PageQuery, page_of
from turnout.schema import Schema
from turnout.taxonomy.services import ORDERINGS


class NewTerm(Schema):
    """What a category and a tag have in common, as staff make it."""

    name = fields.text(100, example="Live music")
    slug = fields.slug(optional=True, description="Its name in addresses; made from the name if left out")
    description = fields.text(2000, 0, missing="")


class NewCategory(NewTerm):
    """A category as staff make or replace it."""


class NewTag(NewTerm):
    """A tag as staff make or replace it."""


class TermView(Schema):
    """What a category and a tag have in common, as everybody sees it."""

    id = fields.identifier()
    name = fields.text(100, example="Live music")
    slug = fields.slug(example="live-music")
    description = fields.text(2000, 0)
    created_at = fields.moment()
    updated_at = fields.moment()


class CategoryView(TermView):
    """A category, as everybody sees it."""


class TagView(TermView):
    """A tag, as everybody sees it."""


class TermQuery(PageQuery):
    """Filters of the lists of categories and of tags."""

    search = fields.text(100, missing=None, description="Begins the name")
    slug = fields.slug(missing=None)
    ordering = fields.choice(ORDERINGS, missing="slug", description="What to sort by; - is descending")


CategoryPage = page_of(CategoryView(name="category"))
TagPage = page_of(TagView(name="tag"))
