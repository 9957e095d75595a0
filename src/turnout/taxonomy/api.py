"""Categories and tags over REST: two tables, one shape."""

from dataclasses import dataclass
from typing import Any

from pyramid.request import Request

from turnout.api.etags import expected_versions
from turnout.api.pages import page, paging_of
from turnout.api.service import Service, View
from turnout.errors import InUse, Invalid, NotFound, VersionMismatch
from turnout.schema import Schema
from turnout.taxonomy import schemas
from turnout.taxonomy.errors import SlugTaken
from turnout.taxonomy.services import CategoryService, TagService, represent


@dataclass(frozen=True, slots=True)
class Kind:
    """What differs between categories and tags."""

    singular: str
    plural: str
    service: type[CategoryService | TagService]
    body: type[Schema]
    view: type[Schema]
    page: type[Schema]


def _described(view: View, name: str, description: str) -> View:
    """Name a view for OpenAPI, and say what it does."""
    view.__name__, view.__doc__ = name, description
    return view


def _collection(kind: Kind) -> Service:
    collection = Service(kind.plural, f"/{kind.plural}", kind.plural.capitalize())

    def find(request: Request) -> dict[str, Any]:
        paging = paging_of(request)
        return page(
            request,
            request.find_service(kind.service).find(request.validated["query"], paging),
            lambda row: represent(row[0]),
        )

    def create(request: Request) -> dict[str, Any]:
        return represent(request.find_service(kind.service).create(request.validated["body"]))

    collection.add_view(
        "GET",
        _described(find, f"list_{kind.plural}", f"List {kind.plural}."),
        permission=f"{kind.plural}:read",
        query=schemas.TermQuery,
        answer=kind.page,
    )
    collection.add_view(
        "POST",
        _described(create, f"create_{kind.singular}", f"Make a {kind.singular}: for staff."),
        permission=f"{kind.plural}:create",
        body=kind.body,
        answer=kind.view,
        status=201,
        location=f"/{kind.plural}/{{id}}",
        refuses=(Invalid, SlugTaken),
    )
    return collection


def _item(kind: Kind) -> Service:
    item = Service(kind.singular, f"/{kind.plural}/{{id}}", kind.plural.capitalize())

    def read(request: Request) -> dict[str, Any]:
        return represent(request.find_service(kind.service).get(int(request.matchdict["id"])))

    def replace(request: Request) -> dict[str, Any]:
        changed = request.find_service(kind.service).update(
            int(request.matchdict["id"]), request.validated["body"], expected=expected_versions(request)
        )
        return represent(changed)

    def change(request: Request) -> dict[str, Any]:
        return replace(request)

    def delete(request: Request) -> None:
        request.find_service(kind.service).delete(int(request.matchdict["id"]), expected=expected_versions(request))

    item.add_view(
        "GET",
        _described(read, f"read_{kind.singular}", f"Read a {kind.singular}."),
        permission=f"{kind.plural}:read",
        answer=kind.view,
        versioned=True,
        refuses=(NotFound,),
    )
    for method, view, verb, what in (("PUT", replace, "replace", "a"), ("PATCH", change, "change", "some of a")):
        item.add_view(
            method,
            _described(view, f"{verb}_{kind.singular}", f"{verb.capitalize()} {what} {kind.singular}: for staff."),
            permission=f"{kind.plural}:update",
            body=kind.body,
            partial=method == "PATCH",
            answer=kind.view,
            versioned=True,
            refuses=(Invalid, NotFound, SlugTaken, VersionMismatch),
        )
    item.add_view(
        "DELETE",
        _described(delete, f"delete_{kind.singular}", f"Delete a {kind.singular}: for staff."),
        permission=f"{kind.plural}:delete",
        versioned=True,
        refuses=(NotFound, InUse, VersionMismatch),
    )
    return item


KINDS = (
    Kind("category", "categories", CategoryService, schemas.NewCategory, schemas.CategoryView, schemas.CategoryPage),
    Kind("tag", "tags", TagService, schemas.NewTag, schemas.TagView, schemas.TagPage),
)
SERVICES = tuple(service for kind in KINDS for service in (_collection(kind), _item(kind)))
