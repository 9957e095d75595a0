"""Categories and tags in the admin UI: for staff to make, for everybody else to read."""

from collections.abc import Collection, Mapping
from typing import Any

from turnout.admin.actions import action
from turnout.admin.sections import PROGRAMME, AdminSection
from turnout.paging import Paging, Slice
from turnout.security.actors import Actor
from turnout.taxonomy import schemas
from turnout.taxonomy.services import CategoryService, TagService, represent
from turnout.versions import Versioned


class TermSection(AdminSection):
    """What the sections of categories and of tags share."""

    group = PROGRAMME
    query = schemas.TermQuery
    columns = ("name", "slug", "description", "updated_at")
    terms: CategoryService | TagService

    def find(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        return self.terms.find(filters, paging).shown(lambda row: represent(row[0]))

    def get(self, row_id: int, *, actor: Actor) -> Versioned:
        return represent(self.terms.get(row_id))

    def create(self, values: Mapping[str, Any], *, actor: Actor) -> int:
        return self.terms.create(values).id

    def update(
        self, row_id: int, values: Mapping[str, Any], *, actor: Actor, expected: Collection[int] | None = None
    ) -> None:
        self.terms.update(row_id, values, expected=expected)


class CategorySection(TermSection):
    """The kinds of events."""

    name, title, singular = "categories", "Categories", "category"
    icon, order = "category", 40
    description = "The kinds of events. Each event has one at most."
    permissions = {"read": "categories:read", "create": "categories:create", "update": "categories:update"}
    view, form = schemas.CategoryView, schemas.NewCategory

    def __init__(self, terms: CategoryService) -> None:
        self.terms = terms

    @action("Delete", permission="categories:delete", icon="trash", destructive=True, bulk=True)
    def delete(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> None:
        """Delete a category that no event has."""
        self.terms.delete(row_id, expected=expected)

    @delete.consequences
    def foresee_delete(self, category: Mapping[str, Any], *, actor: Actor) -> list[str]:
        events = self.terms.count_events(category["id"])
        if events:
            return [f"{_so_many(events)} this category, so it cannot be deleted. Give them another one first."]
        return ["No event has this category."]


class TagSection(TermSection):
    """What is said of events in a word."""

    name, title, singular = "tags", "Tags", "tag"
    icon, order = "tags", 50
    description = "What is said of events in a word. Each event can have many."
    permissions = {"read": "tags:read", "create": "tags:create", "update": "tags:update"}
    view, form = schemas.TagView, schemas.NewTag
    chosen_by = "slug"

    def __init__(self, terms: TagService) -> None:
        self.terms = terms

    @action("Delete", permission="tags:delete", icon="trash", destructive=True, bulk=True)
    def delete(self, row_id: int, *, actor: Actor, expected: Collection[int] | None = None) -> None:
        """Delete a tag, and take it from its events."""
        self.terms.delete(row_id, expected=expected)

    @delete.consequences
    def foresee_delete(self, tag: Mapping[str, Any], *, actor: Actor) -> list[str]:
        events = self.terms.count_events(tag["id"])
        return [f"{_so_many(events)} this tag now, and will not any more." if events else "No event has this tag."]


def _so_many(events: int) -> str:
    return "1 event has" if events == 1 else f"{events} events have"
