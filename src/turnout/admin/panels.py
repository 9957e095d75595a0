"""Panels: what stands beside a thing's own facts on its page, or on the dashboard.

    @panel("Reviews", on="events", permission="reviews:read")
    def of_event(self, event: Mapping[str, Any], *, actor: Actor) -> Iterable[Block]:
        yield Facts({"Average": "4.5", "Reviews": 12})
        yield Table(("Who", "Rating"), [(Link("Ada", "users", 5), 4)])

One that gives nothing is not shown.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

DASHBOARD = "dashboard"
ATTENTION = "attention"
"""A place on the dashboard, for staff: what of a feature somebody has to look after; nothing, if all is well."""
EVERYWHERE = "*"
"""The page of every thing; such a panel's method gets the name of the thing's section before the thing."""
HALF, WHOLE = "half", "whole"


@dataclass(frozen=True, slots=True)
class Link:
    """Leads to a thing's page: the section's name and the thing's id; without an id to the section's list.

    `filters` are the parameters of that list.
    """

    text: str
    section: str
    id: int | str | None = None
    filters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Badge:
    """A word in a colour: green, yellow, red, blue or secondary. The colour never says it alone."""

    text: str
    colour: str = "secondary"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount with its currency."""

    amount: Any
    currency: str


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment in a time zone of its own, not the page's."""

    at: datetime
    zone: str


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, drawn as a bar; `most` None: no limit."""

    value: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Facts:
    """Names with values, such as "Average": 4.5."""

    values: Mapping[str, Any]
    template: str = "facts"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of values under headings; `empty` says what to do when there are none."""

    headings: Sequence[str]
    rows: Sequence[Sequence[Any]]
    empty: str = "There is nothing yet."
    more: Link | None = None
    template: str = "table"


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence; `level` is info, warning or danger."""

    text: str
    level: str = "info"
    link: Link | None = None
    template: str = "note"


@dataclass(frozen=True, slots=True)
class Chart:
    """Series of numbers over labels, drawn as a line or as bars; the same numbers stand in a table for whoever reads that."""

    kind: str
    labels: Sequence[str]
    series: Mapping[str, Sequence[float]]
    unit: str = ""
    template: str = "chart"


Block = Facts | Table | Note | Chart


@dataclass(frozen=True, slots=True)
class Panel:
    """A titled part of a page, and the method that fills it."""

    title: str
    permission: str | None
    function: Callable[..., Iterable[Block]]
    name: str
    on: str | None = None
    width: str = HALF
    order: int = 100


def panel(
    title: str, *, permission: str | None = None, on: str | None = None, width: str = HALF, order: int = 100
) -> Callable[[Callable[..., Any]], Panel]:
    """Make a method of a section a panel of its things' pages.

    `on`: of another section's, by its name, or DASHBOARD, ATTENTION or EVERYWHERE. The method gets the thing as it is shown (on the dashboard
    nothing) and `actor`, and gives blocks; where it gives none, the panel is not shown. `permission`: who sees it, beside
    who may see the page. Panels are in the `order` of their numbers.
    """

    def decorate(function: Callable[..., Any]) -> Panel:
        return Panel(title, permission, function, function.__name__.replace("_", "-"), on, width, order)

    return decorate
