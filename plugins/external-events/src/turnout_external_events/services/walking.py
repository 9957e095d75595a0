"""Walking through everything that a search finds: page by page, and where that would not reach the end, slice by slice of time.

A walk is kept as JSON between its steps, so that it can be stopped anywhere and go on: `slices` are the spans of time that are
still to be walked, the next one first, as pairs of ISO 8601 moments (None: without an end); `page` is the next page of the first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self

from turnout_external_events.sources.contract import Criteria, Found

SHORTEST = timedelta(minutes=1)
"""What is not sliced any more: searches are exact to the second, but nobody lists so many events for one minute."""
YEARS_AHEAD = timedelta(days=3 * 365)
"""How far ahead is looked where a search has no end: slices need one."""
MOST_CUTS = 1000
"""How often a walk cuts slices in two, in all: enough for hundreds of thousands of events. A source that says it has more than it
shows of any slice, however short, would otherwise be asked for each minute of years."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A span of time; both ends belong to it."""

    begin: datetime | None
    end: datetime | None

    def halves(self, now: datetime) -> tuple["Slice", "Slice"] | None:
        """Return the slice in two that have no second in common; None if it is too short for that."""
        begin = self.begin or now
        end = self.end or begin + YEARS_AHEAD
        if end - begin < SHORTEST:
            return None
        middle = (begin + (end - begin) / 2).replace(microsecond=0)
        return Slice(begin, middle), Slice(middle + timedelta(seconds=1), end)


@dataclass(frozen=True, slots=True)
class Walk:
    """Where a walk is. `total` counts what its slices have, as far as is known; `lost` what could not be reached.

    `cuts` is how often a slice was cut in two.
    """

    slices: tuple[Slice, ...]
    page: int = 1
    total: int | None = None
    lost: int = 0
    cuts: int = 0

    @classmethod
    def over(cls, criteria: Criteria) -> Self:
        """Return a walk that has not begun."""
        return cls((Slice(criteria.date_from, criteria.date_to),))

    @property
    def is_over(self) -> bool:
        """Tell whether there is nothing left to ask for."""
        return not self.slices

    def asked(self, criteria: Criteria) -> Criteria:
        """Return what is to be asked for next."""
        first = self.slices[0]
        return replace(criteria, date_from=first.begin, date_to=first.end)

    def after(self, found: Found, size: int, deepest: int | None, now: datetime) -> tuple["Walk", bool]:
        """Return where the walk goes on, and whether what was found counts: of a slice that is cut in two it does not."""
        first, rest = self.slices[0], self.slices[1:]
        known = found.total if self.total is None else self.total
        is_too_deep = deepest is not None and found.total > deepest
        may_cut = self.page == 1 and is_too_deep and self.cuts < MOST_CUTS
        if may_cut and (halves := first.halves(now)) is not None:
            return replace(self, slices=(*halves, *rest), total=known, cuts=self.cuts + 1), False
        is_at_the_end = not found.has_more or (deepest is not None and self.page * size >= deepest)
        if not is_at_the_end:
            return replace(self, page=self.page + 1, total=known), True
        lost = max(0, found.total - deepest) if deepest is not None and is_too_deep else 0
        return replace(self, slices=rest, page=1, total=known, lost=self.lost + lost), True

    def to_json(self) -> dict[str, Any]:
        """Return the walk as it is kept."""
        return {
            "slices": [[_said(each.begin), _said(each.end)] for each in self.slices],
            "page": self.page,
            "total": self.total,
            "lost": self.lost,
            "cuts": self.cuts,
        }

    @classmethod
    def of_json(cls, kept: Mapping[str, Any]) -> Self:
        """Return a walk that was kept."""
        slices = tuple(Slice(_moment(begin), _moment(end)) for begin, end in kept["slices"])
        return cls(slices, kept["page"], kept["total"], kept["lost"], kept["cuts"])


def _said(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
