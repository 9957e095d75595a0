"""What can go wrong with categories and tags."""

from turnout.errors import Conflict


class SlugTaken(Conflict):
    """Another one has this slug already."""

    code = "slug_taken"
    title = "The slug is taken"
