"""Lists over HTTP: the parameters they take, and the links between their pages."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import colander
from pyramid.request import Request

from turnout import schema as fields
from turnout.api.reading import query_pairs
from turnout.paging import DEEPEST, Paging, Slice
from turnout.schema import Schema


class PageQuery(Schema):
    """The parameters that every list takes: `page`, `page_size` and `cursor`. A list with filters or orderings inherits it."""

    page = fields.whole(1, DEEPEST, missing=1, description="The page, from 1")
    page_size = fields.whole(1, 100, missing=10, description="Results on a page")
    cursor = colander.SchemaNode(
        fields.Text(allow_empty=True),
        missing=None,
        validator=fields.Length(0, 500),
        description="Empty to start a walk through everything; then as `next` gives it",
    )


def page_of(results: colander.SchemaNode) -> type[Schema]:
    """Return the schema of a list of `results`, a schema with a name: ``page_of(QuestionView(name="question"))``."""

    class Page(Schema):
        count = fields.whole(0, fields.MAX_ID)
        count_is_exact = fields.flag()
        next = fields.url(optional=True)
        previous = fields.url(optional=True)
        results_ = colander.SchemaNode(colander.Sequence(), results, name="results")

    Page.__name__ = f"{type(results).__name__}Page"
    return Page


def paging_of(request: Request) -> Paging:
    """Take the paging parameters out of the checked query of a view with ``query=PageQuery``, or a subclass of it.

    What remains in ``request.validated["query"]`` are the list's own parameters.
    """
    query = request.validated["query"]
    return Paging(query.pop("page"), query.pop("page_size"), query.pop("cursor"))


def page(request: Request, found: Slice, represent: Callable[[Any], Any] | None = None) -> dict[str, Any]:
    """Return the answer of a list, with the links to its other pages, for a view with ``answer=page_of(...)``.

    `represent` makes of each row what is shown; the rows are as `fetch` gives them, so of ``select(Question)`` it gets the
    row, not the question: ``page(request, found, lambda row: represent(row.Question))``. Without it the rows of `found` are
    shown as they are, and must be mappings already.
    """
    given = dict(query_pairs(request))
    number = int(given.get("page", 1))

    def link(**changed: Any) -> str:
        return f"{request.path_url}?{urlencode(given | changed)}"

    following = previous = None
    if found.next_cursor is not None:
        following = link(cursor=found.next_cursor)
    elif found.has_next:
        following = link(page=number + 1)
    if number > 1 and "cursor" not in given:
        previous = link(page=number - 1)
    return {
        "count": found.count,
        "count_is_exact": found.is_exact,
        "next": following,
        "previous": previous,
        "results": [represent(row) for row in found.rows] if represent else list(found.rows),
    }
