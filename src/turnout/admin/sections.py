"""Sections: what the admin UI shows of a feature. Declared once; lists, pages, forms and exports are drawn from it.

    class VenueSection(AdminSection):
        name, title, singular, icon, group = "venues", "Venues", "venue", "building", PROGRAMME
        query, view, form = VenueQuery, VenueView, NewVenue
        columns = ("name", "city", "country", "capacity")
        permissions = {"read": "venues:read", "create": "venues:create", "update": "venues:update"}

        def __init__(self, venues: VenueService) -> None:
            self.venues = venues

        def find(self, filters, paging, *, actor): ...
        def get(self, venue_id, *, actor): ...

    config.add_admin_section(VenueSection)

The constructor is filled by its annotations, as a service's is. The schemas are the API's: the query's members are the
list's filters, the form's are its fields, and the view's say what kind of value each column is.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from turnout.admin.actions import Action, Made
from turnout.admin.forms.widgets import Choices
from turnout.admin.own_pages import OwnPage
from turnout.admin.panels import Panel
from turnout.api.pages import PageQuery
from turnout.paging import Paging, Slice
from turnout.schema import Schema
from turnout.security.actors import Actor
from turnout.versions import Versioned

PROGRAMME, BOOKINGS, PEOPLE, TALK, SYSTEM = "Programme", "Bookings", "People", "Communication", "System"
GROUPS = (PROGRAMME, BOOKINGS, PEOPLE, TALK, SYSTEM)
"""The headings of the menu; a section may have one of its own, which comes after these."""

ENTER = "admin:enter"
"""The permission that every page of the admin needs, beside its own."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a list, and a fact of a page. `name` is a member of the row, or a path such as ``venue.name``.

    `title` is what it is called; by default the schema's or the name in words. `to` and `id`: the section that it leads to,
    and the path of the id there.
    """

    name: str
    title: str | None = None
    to: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class PageLink:
    """A button that leads to a page of the feature's own: `route` with the thing's id.

    `when`: for which things, by how they are shown. `query`: parameters of the address, for a thing.
    """

    title: str
    route: str
    permission: str
    icon: str = "external-link"
    on: str | None = None
    when: Callable[[Mapping[str, Any]], bool] | None = None
    query: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None


class AdminSection:
    """A part of the admin UI. Class attributes declare it; methods do what it can.

    A section has a list if it has `find`, pages if `get`, a form to make things if `create`, and to change them if `update`.
    Other methods become buttons by `turnout.admin.actions.action`, parts of pages by `turnout.admin.panels.panel`, and pages of
    the section's own by `turnout.admin.own_pages.own_page`.
    """

    name: ClassVar[str]
    """What its addresses begin with: ``/admin/<name>``."""
    title: ClassVar[str]
    singular: ClassVar[str]
    """What one of its things is called, in the middle of a sentence."""
    plural: ClassVar[str] = ""
    """What several are called there; by default the title."""
    icon: ClassVar[str] = "box"
    group: ClassVar[str] = SYSTEM
    order: ClassVar[int] = 100
    """Its place in the menu's group."""
    description: ClassVar[str] = ""
    """A sentence that stands above the list, and tells a newcomer what this is."""
    permissions: ClassVar[Mapping[str, str]] = {}
    """For ``read``, ``create`` and ``update``: the declared permission."""
    query: ClassVar[type[Schema]] = PageQuery
    view: ClassVar[type[Schema]] = Schema
    form: ClassVar[type[Schema] | None] = None
    """The schema of what is made."""
    edit_form: ClassVar[type[Schema] | None] = None
    """Of what is changed; by default the same."""
    columns: ClassVar[tuple[str | Column, ...]] = ()
    orderings: ClassVar[tuple[str, ...]] = ()
    """How the list can be sorted, beside what its query's `ordering` names itself."""
    facts: ClassVar[tuple[str | Column, ...]] = ()
    """What its things' pages show; by default every member of `view`."""
    label_by: ClassVar[str] = "name"
    """The member that things are called by."""
    owned_by: ClassVar[str | None] = None
    """The path of the owner's id: who is not staff changes only their own."""
    pickers: ClassVar[Mapping[str, str]] = {}
    """Fields of the form, and filters, that choose a thing of another section: its name."""
    links: ClassVar[tuple[PageLink, ...]] = ()
    zone_by: ClassVar[str | None] = "timezone"
    """The member, of rows and of forms, that names the time zone of their moments."""
    empty: ClassVar[str] = ""
    """What a list without anything says; by default how to make the first."""
    chosen_by: ClassVar[str] = "id"
    """The member that other forms keep of what is picked here."""
    ids: ClassVar[str] = "[0-9]{1,15}"
    """What ids look like in addresses, as a regular expression; those that are no numbers are texts."""
    single: ClassVar[bool] = False
    """The section is one form, such as settings: `get` and `update`, which are given None for the id, and nothing else."""

    def find(self, filters: Mapping[str, Any], paging: Paging, *, actor: Actor) -> Slice:
        """Return a part of the list, its rows as `view` describes them, of what the actor may see here."""
        raise NotImplementedError

    def get(self, row_id: Any, *, actor: Actor) -> Versioned:
        """Return a thing as `view` describes it. Raises `NotFound`."""
        raise NotImplementedError

    def create(self, values: Mapping[str, Any], *, actor: Actor) -> int | Made:
        """Make a thing out of what the form says; return its id, or what was `Made` where there is a secret to show."""
        raise NotImplementedError

    def update(
        self, row_id: Any, values: Mapping[str, Any], *, actor: Actor, expected: Collection[int] | None = None
    ) -> None:
        """Change a thing. Raises `VersionMismatch` and whatever else the service refuses with."""
        raise NotImplementedError

    def initial(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what the form to change a thing begins with, by the names of the form."""
        return row

    def suggested(self, given: Mapping[str, str], *, actor: Actor) -> Mapping[str, Any]:  # noqa: ARG002 - for sections
        """Return what the form to make a thing begins with, for parameters that another page has put into its address."""
        return {}

    def offered(self, values: Mapping[str, Any], *, actor: Actor) -> Mapping[str, Choices]:  # noqa: ARG002 - for sections
        """Return the few things that fields choose from where this depends on what the form says already, by field."""
        return {}

    def label(self, row: Mapping[str, Any]) -> str:
        """Return what a thing is called."""
        if self.single:
            return self.title
        return str(value_at(row, self.label_by) or f"{self.singular} {row['id']}")

    def may_change(self, row: Mapping[str, Any], actor: Actor) -> bool:
        """Tell whether the actor may change this one, as far as owners go."""
        return self.owned_by is None or actor.owns(value_at(row, self.owned_by))

    def may_edit(self, row: Mapping[str, Any], actor: Actor) -> bool:
        """Tell whether the form to change this one is of use to the actor, as it is now."""
        return self.may_change(row, actor)

    def goes_on(self, row: Mapping[str, Any]) -> bool:  # noqa: ARG002 - for sections
        """Tell whether this one changes by itself just now: then its page is read again every two seconds."""
        return False

    def zone(self, values: Mapping[str, Any]) -> str | None:
        """Return the time zone that moments of a row, or of a filled in form, are in."""
        return None if self.zone_by is None else values.get(self.zone_by) or None

    @classmethod
    def can(cls, ability: str) -> bool:
        """Tell whether the section has the method ``find``, ``get``, ``create`` or ``update``."""
        return getattr(cls, ability) is not getattr(AdminSection, ability)

    @classmethod
    def entry(cls) -> str | None:
        """Return the permission to open it from the menu; None: it has no page there."""
        if cls.single:
            return cls.permissions["update"]
        if cls.can("find"):
            return cls.permissions["read"]
        return next((page.permission for page in cls.own_pages() if page.is_home), None)

    @classmethod
    def actions(cls) -> list[Action]:
        """Return its actions in the order of the class."""
        return [found for found in _members(cls) if isinstance(found, Action)]

    @classmethod
    def panels(cls) -> list[Panel]:
        """Return its panels in the order of the class."""
        return [found for found in _members(cls) if isinstance(found, Panel)]

    @classmethod
    def own_pages(cls) -> list[OwnPage]:
        """Return the pages that it draws itself, in the order of the class."""
        return [found for found in _members(cls) if isinstance(found, OwnPage)]


def _members(cls: type) -> list[Any]:
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        found.update(vars(base))
    # One that has consequences goes by two names.
    return list({id(one): one for one in found.values()}.values())


def value_at(row: Any, path: str) -> Any:
    """Return the value at a path such as ``venue.name``; None where something on the way is missing."""
    for name in path.split("."):
        row = row.get(name) if isinstance(row, Mapping) else None
    return row
