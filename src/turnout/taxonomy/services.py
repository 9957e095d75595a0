"""What can be done with categories and tags: the same, with one table each."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from typing import Any, ClassVar, Generic, TypeVar

from sqlalchemy import or_, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from turnout.clock import Clock
from turnout.errors import InUse, Invalid, NotFound
from turnout.filters import begins
from turnout.paging import Ordering, Paging, Slice, fetch
from turnout.taxonomy.errors import SlugTaken
from turnout.taxonomy.models import Category, Tag
from turnout.versions import Versioned, require_version

LONGEST_SLUG = 60
ORDERINGS = ("slug", "-slug", "id", "-id")

T = TypeVar("T", Category, Tag)

# Letters that do not decompose into an ASCII one and a mark.
_LETTERS = str.maketrans({"ø": "o", "đ": "d", "ð": "d", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th"})


def slugify(name: str) -> str:
    """Return the slug for a name: ASCII letters, digits and hyphens; "" if nothing of the name can be said in them."""
    folded = unicodedata.normalize("NFKD", name.casefold().translate(_LETTERS))
    words = re.findall(r"[a-z0-9]+", folded.encode("ascii", "ignore").decode().lower())
    return "-".join(words)[:LONGEST_SLUG].strip("-")


def represent(term: Category | Tag) -> Versioned:
    """Return what everybody sees."""
    return Versioned(
        {
            "id": term.id,
            "name": term.name,
            "slug": term.slug,
            "description": term.description,
            "created_at": term.created_at,
            "updated_at": term.updated_at,
        },
        term.version,
    )


class TermService(Generic[T]):
    """What `CategoryService` and `TagService` share."""

    model: type[T]
    noun: ClassVar[str]
    of_events: ClassVar[str]
    """The statement that counts the events that have the one with an ``:id``."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self.session = session
        self.clock = clock

    def get(self, term_id: int) -> T:
        """Return the one with this id. Raises `NotFound`."""
        term = self.session.get(self.model, term_id)
        if term is None:
            raise NotFound(f"There is no such {self.noun}.")
        return term

    def resolve(self, wanted: Iterable[int | str], field: str) -> list[T]:
        """Return those with these ids or slugs, each once, in the order in which they are named.

        Raises `Invalid` for `field`, naming every one that there is not.
        """
        keys = list(dict.fromkeys(wanted))
        ids = [key for key in keys if isinstance(key, int)]
        slugs = [key for key in keys if isinstance(key, str)]
        model = self.model
        rows = self.session.scalars(select(model).where(or_(model.id.in_(ids), model.slug.in_(slugs)))) if keys else ()
        known: dict[int | str, T] = {}
        for row in rows:
            known[row.id] = known[row.slug] = row
        unknown = [str(key) for key in keys if key not in known]
        if unknown:
            raise Invalid({field: f"there is no {self.noun} {', '.join(unknown)}"})
        return list(dict.fromkeys(known[key] for key in keys))

    def find(self, filters: Mapping[str, Any], paging: Paging) -> Slice:
        """Return a part of all, filtered and sorted (see `TermQuery`)."""
        model = self.model
        query = select(model)
        if filters.get("search") is not None:
            query = query.where(begins(model.name, filters["search"]))
        if filters.get("slug") is not None:
            query = query.where(model.slug == filters["slug"])
        wanted = filters.get("ordering", "slug")
        column: Any = model.slug if wanted.endswith("slug") else model.id
        ordering = Ordering(wanted, column, model.id, descending=wanted.startswith("-"))
        return fetch(self.session, query, ordering, paging)

    def create(self, new: Mapping[str, Any]) -> T:
        """Make one; its slug is made from the name if none is given. Raises `Invalid`, `SlugTaken`."""
        values = dict(new)
        values["slug"] = self._free_slug(values.get("slug"), values["name"])
        now = self.clock.now()
        term = self.model(**values, created_at=now, updated_at=now)
        self.session.add(term)
        self._flush()
        return term

    def update(self, term_id: int, changes: Mapping[str, Any], *, expected: Collection[int] | None = None) -> T:
        """Change one. A slug of None is made from the name. Raises `NotFound`, `Invalid`, `SlugTaken`, `VersionMismatch`."""
        term = self.get(term_id)
        require_version(term.version, expected)
        values = dict(changes)
        if "slug" in values:
            values["slug"] = self._free_slug(values["slug"], values.get("name", term.name), besides=term.id)
        for name, value in values.items():
            setattr(term, name, value)
        term.updated_at = self.clock.now()
        self._flush()
        return term

    def delete(self, term_id: int, *, expected: Collection[int] | None = None) -> None:
        """Delete one. Raises `NotFound`, `VersionMismatch`, and `InUse` for a category that events have."""
        term = self.get(term_id)
        require_version(term.version, expected)
        try:
            with self.session.begin_nested():
                self.session.delete(term)
        except IntegrityError:
            raise InUse(f"There are events with this {self.noun}.") from None

    def count_events(self, term_id: int) -> int:
        """Return how many events have this one."""
        return self.session.scalar(text(self.of_events), {"id": term_id}) or 0

    def _free_slug(self, given: str | None, name: str, besides: int = 0) -> str:
        slug = given or slugify(name)
        if not slug:
            raise Invalid({"slug": "cannot be made from this name; give one"})
        if self.session.scalar(select(self.model.id).where(self.model.slug == slug, self.model.id != besides)):
            raise self._taken(slug)
        return slug

    def _taken(self, slug: str) -> SlugTaken:
        return SlugTaken(
            f"There is a {self.noun} with the slug {slug} already.", errors=[{"field": "slug", "message": "is taken"}]
        )

    def _flush(self) -> None:
        try:
            self.session.flush()
        except IntegrityError:
            # Two writers at the same moment; the unique index decided.
            raise SlugTaken from None


class CategoryService(TermService[Category]):
    """Makes, changes, finds and deletes categories."""

    model = Category
    noun = "category"
    of_events = "SELECT count(*) FROM events WHERE category_id = :id"


class TagService(TermService[Tag]):
    """Makes, changes, finds and deletes tags. One that is deleted is taken from its events."""

    model = Tag
    noun = "tag"
    of_events = "SELECT count(*) FROM event_tags WHERE tag_id = :id"
